//! What of an event goes to a webhook: paths that are kept, left out, hashed or masked.
//!
//! Works on the finished payload, so that what it does not name stays byte for byte. The order is fixed: deny, allow, hash, mask.
//! It goes no deeper than its longest path, so that deep values cost nothing.

use std::fmt;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::json::{Text, Value};
use crate::signing::hex;

/// What a masked value becomes.
pub const MASK: &str = "\"***\"";

/// The members of a payload that hold what customers and SDKs say; they stay, if need be empty, and `allow` is about them.
pub const CONTAINERS: [&str; 3] = ["properties", "traits", "context"];
/// The other members that paths may name.
pub const IDS: [&str; 3] = ["userId", "anonymousId", "groupId"];

/// The rules of one webhook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redaction {
    /// Left out.
    pub deny: Vec<Path>,
    /// Of `properties`, `traits` and `context` only what a path of each list names is kept.
    pub allow: Vec<Vec<Path>>,
    /// Replaced by their HMAC.
    pub hash: Vec<Path>,
    /// The key of `hash`; there is one if `hash` has a path.
    pub key: Option<HashKey>,
    /// Replaced by [`MASK`].
    pub mask: Vec<Path>,
    /// `userId`, `anonymousId` and `groupId` too are kept only where every list of `allow` names them.
    pub only_allowed: bool,
    /// Urls, of which no more than this is kept; what is no such url is left out.
    pub urls: Vec<(Path, UrlPart)>,
}

/// How much of a url is kept. User-info, query and fragment never are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlPart {
    /// `https://example.com/`
    Origin,
    /// Up to the path; also of a path alone.
    Path,
}

impl UrlPart {
    fn of(self, url: &str) -> Option<String> {
        let end = url.find(['?', '#']).unwrap_or(url.len());
        let (kept, _) = url.split_at_checked(end)?;
        let Some((scheme, rest)) = kept.split_once("://") else {
            return (self == Self::Path && kept.starts_with('/')).then(|| kept.to_owned());
        };
        let (authority, path) =
            rest.split_at_checked(rest.find(['/', '\\']).unwrap_or(rest.len()))?;
        let host = authority.rsplit('@').next()?;
        let path = match self {
            Self::Origin => "/",
            Self::Path => path,
        };
        let is_web = ["http", "https"].contains(&scheme.to_ascii_lowercase().as_str());
        is_web.then(|| format!("{scheme}://{host}{path}"))
    }
}

/// A key for HMAC-SHA-256, expanded once.
#[derive(Clone)]
pub struct HashKey(Hmac<Sha256>);

impl HashKey {
    /// Takes a key of any length; `None` never happens with HMAC.
    #[must_use]
    pub fn new(key: &[u8]) -> Option<Self> {
        hmac::KeyInit::new_from_slice(key).ok().map(Self)
    }

    fn hash(&self, text: &[u8]) -> String {
        let mut mac = self.0.clone();
        mac.update(text);
        hex(&mac.finalize().into_bytes())
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[hidden]")
    }
}

impl PartialEq for HashKey {
    fn eq(&self, other: &Self) -> bool {
        // The same key gives the same code of nothing; compared in constant time.
        self.0.clone().finalize() == other.0.clone().finalize()
    }
}

impl Eq for HashKey {}

/// Where a value stands: keys from the payload down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(Vec<Segment>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    /// `*`: every key of an object, every item of a list.
    Any,
    Key(String),
}

impl Segment {
    fn matches(&self, key: Option<&str>) -> bool {
        match self {
            Self::Any => true,
            Self::Key(wanted) => key == Some(wanted),
        }
    }
}

impl Path {
    /// Whether this path names what stands at `other`, or something that holds it.
    fn covers(&self, other: &Self) -> bool {
        let mut pairs = self.0.iter().zip(&other.0);
        self.0.len() <= other.0.len()
            && pairs.all(|(own, other)| *own == Segment::Any || own == other)
    }

    /// Most segments of a path.
    pub const LONGEST: usize = 16;

    /// Reads segments between dots; `\` takes the special meaning from the dot, `*` or `\` that follows.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (mut segments, mut key, mut is_escaped) = (Vec::new(), String::new(), false);
        let mut characters = text.chars();
        loop {
            match characters.next() {
                Some('\\') => {
                    let escaped = characters.next().ok_or("ends with a \\")?;
                    key.push(escaped);
                    is_escaped = true;
                }
                end @ (Some('.') | None) => {
                    if key.is_empty() {
                        return Err("has an empty part");
                    }
                    let key = std::mem::take(&mut key);
                    segments.push(if key == "*" && !is_escaped {
                        Segment::Any
                    } else {
                        Segment::Key(key)
                    });
                    is_escaped = false;
                    if end.is_none() {
                        break;
                    }
                }
                Some(character) => key.push(character),
            }
        }
        let path = Self(segments);
        match path.0.as_slice() {
            _ if path.0.len() > Self::LONGEST => Err("has more than 16 parts"),
            [Segment::Key(id)] if IDS.contains(&id.as_str()) => Ok(path),
            [Segment::Key(container), _, ..] if CONTAINERS.contains(&container.as_str()) => {
                Ok(path)
            }
            [Segment::Key(container)] if CONTAINERS.contains(&container.as_str()) => {
                Err("names the whole of it; write it with .*")
            }
            _ => {
                Err("begins with none of properties, traits, context, userId, anonymousId, groupId")
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Rule {
    Deny,
    /// By the number of its list.
    Allow(usize),
    Hash,
    Mask,
    Url(UrlPart),
}

/// Paths that lead on from a value, with what is left of them.
type Live<'r> = Vec<(&'r [Segment], Rule)>;

impl Redaction {
    /// The payload as the webhook gets it. `payload` is what [`crate::payload::render`] writes.
    #[must_use]
    pub fn apply(&self, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(payload.len());
        let document = std::str::from_utf8(payload).unwrap_or("{}");
        let live = self.live();
        let mut members = Members::open(&mut out, b'{');
        // The payload is our own writing and holds nothing but checked JSON.
        let payload = Value::of_checked(document).object();
        let visit = |key: Text<'_>, value: Value<'_>| {
            let next = step(&live, Some(&key.decoded()));
            let is_one_of = |keys: &[&str]| keys.iter().any(|one| key.is(one));
            let is_container = is_one_of(&CONTAINERS);
            let allowed = if is_container || self.only_allowed && is_one_of(&IDS) {
                Allowed::default()
            } else {
                self.all_allowed()
            };
            members.write(key.get(), |out| {
                if is_container {
                    self.inside(value, &next, allowed, out);
                    true
                } else {
                    self.value(value, &next, allowed, out)
                }
            });
        };
        if let Some(payload) = payload {
            payload.members(visit);
        }
        members.close(b'}');
        out
    }

    fn live(&self) -> Live<'_> {
        let mut live = Live::new();
        for (paths, rule) in [
            (&self.deny, Rule::Deny),
            (&self.hash, Rule::Hash),
            (&self.mask, Rule::Mask),
        ] {
            live.extend(paths.iter().map(|path| (path.0.as_slice(), rule)));
        }
        let urls = self.urls.iter();
        live.extend(urls.map(|(path, part)| (path.0.as_slice(), Rule::Url(*part))));
        for (list, paths) in self.allow.iter().enumerate() {
            live.extend(
                paths
                    .iter()
                    .map(|path| (path.0.as_slice(), Rule::Allow(list))),
            );
        }
        live
    }

    /// Whether what stands at `path` is kept.
    #[must_use]
    pub fn allows(&self, path: &Path) -> bool {
        let covered = |paths: &[Path]| paths.iter().any(|one| one.covers(path));
        self.allow.iter().all(|list| covered(list)) && !covered(&self.deny)
    }

    fn all_allowed(&self) -> Allowed {
        Allowed((0..self.allow.len()).fold(0, |all, list| all | 1 << list))
    }

    /// Writes what is left of a value; `false` leaves it out, key and all.
    fn value(
        &self,
        value: Value<'_>,
        live: &Live<'_>,
        mut allowed: Allowed,
        out: &mut Vec<u8>,
    ) -> bool {
        let ends = |rule| {
            live.iter()
                .any(|(rest, one)| rest.is_empty() && *one == rule)
        };
        if ends(Rule::Deny) {
            return false;
        }
        for list in 0..self.allow.len() {
            if ends(Rule::Allow(list)) {
                allowed.0 |= 1 << list;
            } else if !allowed.has(list)
                && (value.is_scalar() || !live.iter().any(|(_, rule)| *rule == Rule::Allow(list)))
            {
                return false;
            }
        }
        let url = live.iter().find_map(|(rest, rule)| match rule {
            Rule::Url(part) if rest.is_empty() => Some(*part),
            _ => None,
        });
        let is_read = url.is_some() || ends(Rule::Hash);
        let mut text = value.text().filter(|_| is_read).map(Text::decoded);
        if let Some(part) = url.filter(|_| !value.is_null()) {
            let Some(cut) = text.and_then(|url| part.of(&url)) else {
                return false;
            };
            text = Some(cut.into());
        }
        if value.is_null() {
            out.extend_from_slice(b"null");
        } else if ends(Rule::Mask) {
            out.extend_from_slice(MASK.as_bytes());
        } else if ends(Rule::Hash) {
            let hash = match text {
                Some(text) => self.hash(text.as_bytes()),
                None => {
                    let start = out.len();
                    self.inside(value, live, allowed, out);
                    let hash = self.hash(out.get(start..).unwrap_or_default());
                    out.truncate(start);
                    hash
                }
            };
            out.push(b'"');
            out.extend_from_slice(hash.as_bytes());
            out.push(b'"');
        } else if let (Some(_), Some(cut)) = (url, text) {
            // Writing to a Vec does not fail.
            let _ = serde_json::to_writer(out, &cut);
        } else {
            self.inside(value, live, allowed, out);
        }
        true
    }

    /// Writes a value whose members may have to be left out or changed.
    fn inside(&self, value: Value<'_>, live: &Live<'_>, allowed: Allowed, out: &mut Vec<u8>) {
        let is_untouched =
            allowed == self.all_allowed() && live.iter().all(|(rest, _)| rest.is_empty());
        if let (Some(object), false) = (value.object(), is_untouched) {
            let mut members = Members::open(out, b'{');
            object.members(|key, value| {
                let next = step(live, Some(&key.decoded()));
                members.write(key.get(), |out| self.value(value, &next, allowed, out));
            });
            members.close(b'}');
        } else if let (Some(items), false) = (value.items(), is_untouched) {
            let next = step(live, None);
            let mut members = Members::open(out, b'[');
            for item in items {
                members.write("", |out| self.value(item, &next, allowed, out));
            }
            members.close(b']');
        } else {
            out.extend_from_slice(value.get().as_bytes());
        }
    }

    fn hash(&self, text: &[u8]) -> String {
        // Without a key nothing of the value may be left.
        self.key
            .as_ref()
            .map_or_else(String::new, |key| key.hash(text))
    }
}

/// The lists of `allow` that a value, or what it stands in, is named by.
#[derive(Clone, Copy, Default, PartialEq)]
struct Allowed(u8);

impl Allowed {
    fn has(self, list: usize) -> bool {
        self.0 & (1 << list) != 0
    }
}

/// The paths that lead to a member, or to an item when there is no key.
fn step<'r>(live: &Live<'r>, key: Option<&str>) -> Live<'r> {
    live.iter()
        .filter_map(|(rest, rule)| {
            let (first, rest) = rest.split_first()?;
            first.matches(key).then_some((rest, *rule))
        })
        .collect()
}

/// An object or a list being written, in which any member may turn out to be left out.
struct Members<'o> {
    out: &'o mut Vec<u8>,
    is_first: bool,
}

impl<'o> Members<'o> {
    fn open(out: &'o mut Vec<u8>, bracket: u8) -> Self {
        out.push(bracket);
        let is_first = true;
        Self { out, is_first }
    }

    /// `key` as it was written, empty in a list; `write` says whether the member stays.
    fn write(&mut self, key: &str, write: impl FnOnce(&mut Vec<u8>) -> bool) {
        let start = self.out.len();
        if !self.is_first {
            self.out.push(b',');
        }
        if !key.is_empty() {
            self.out.extend_from_slice(key.as_bytes());
            self.out.push(b':');
        }
        if write(self.out) {
            self.is_first = false;
        } else {
            self.out.truncate(start);
        }
    }

    fn close(self, bracket: u8) {
        self.out.push(bracket);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_cut_to_what_may_go() {
        let cases = [
            (
                "https://a.test/x/y?q=1#f",
                Some("https://a.test/"),
                Some("https://a.test/x/y"),
            ),
            (
                "https://a.test?q=1",
                Some("https://a.test/"),
                Some("https://a.test"),
            ),
            (
                "https://a.test#/x?q",
                Some("https://a.test/"),
                Some("https://a.test"),
            ),
            (
                "HTTP://u:p@a.test:81/x@y",
                Some("HTTP://a.test:81/"),
                Some("HTTP://a.test:81/x@y"),
            ),
            (
                "https://a.test\\x",
                Some("https://a.test/"),
                Some("https://a.test\\x"),
            ),
            ("/x/y?q=1", None, Some("/x/y")),
            ("/x?u=https://b.test/", None, Some("/x")),
            ("x/y", None, None),
            ("mailto:hello@example.com", None, None),
            ("android-app://com.example/x", None, None),
            ("?q=1", None, None),
            ("", None, None),
        ];
        for (url, origin, path) in cases {
            assert_eq!(UrlPart::Origin.of(url).as_deref(), origin, "{url}");
            assert_eq!(UrlPart::Path.of(url).as_deref(), path, "{url}");
        }
    }
}
