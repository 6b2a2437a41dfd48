//! The parts of an event that a webhook gets: paths are kept, left out, hashed or masked.
//!
//! It works on the finished payload, so that everything that no path names stays byte for byte. The
//! order is fixed: deny, allow, hash, mask. It goes no deeper than its longest path, so that deep
//! values cost nothing.

mod live;
mod members;
mod path;
mod same_datum;
mod url;

use hmac::Mac;

use crate::json::{Object, Text, Value};
use crate::secret::HashKey;
use crate::signing::hex;
use crate::work::{self, Work};
use live::{step, Live, Rule};
use members::Members;
pub use path::{Path, CONTAINERS, IDS};
use same_datum::SameDatum;
pub use url::UrlPart;

/// The text in place of a masked value.
pub const MASK: &str = "\"***\"";

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
    /// `userId`, `anonymousId` and `groupId` too are kept only where every list of `allow` names
    /// them.
    pub only_allowed: bool,
    /// How much of each of these urls is kept; a value that is no such url is left out.
    pub urls: Vec<(Path, UrlPart)>,
}

impl Redaction {
    /// The payload as the webhook gets it. `payload` is what [`crate::payload::render`] writes.
    #[must_use]
    pub fn apply(&self, payload: &[u8]) -> Vec<u8> {
        self.apply_within(payload, &Work::default())
    }

    /// As [`Redaction::apply`]; once `work` is over, the result is incomplete.
    #[must_use]
    pub fn apply_within(&self, payload: &[u8], work: &Work) -> Vec<u8> {
        let mut out = Vec::with_capacity(payload.len());
        let document = std::str::from_utf8(payload).unwrap_or("{}");
        let live = self.live();
        work.spend_each(work::STEP, live.len());
        work.spend_each(work::SCANNED_BYTE, payload.len());
        let mut members = Members::open(&mut out, b'{');
        // The payload is our own writing and holds nothing but checked JSON.
        let payload = Value::of_checked(document).object();
        let same = SameDatum::of(&live, payload, work);
        let visit = |key: Text<'_>, value: Value<'_>| {
            let mut next = step(&live, Some(&key.decoded()), work);
            same.add_to_id(&key.decoded(), value, &mut next);
            let is_one_of = |keys: &[&str]| keys.iter().any(|one| key.is(one));
            let is_container = is_one_of(&CONTAINERS);
            let allowed = if is_container || self.only_allowed && is_one_of(&IDS) {
                Allowed::default()
            } else {
                self.all_allowed()
            };
            members.write(key.get(), |out| {
                if is_container {
                    let rules = (&next, &same);
                    self.container(&key.decoded(), value, rules, allowed, work, out);
                    true
                } else {
                    self.value(value, &next, allowed, work, out)
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
            live.extend(paths.iter().map(|path| (path.segments(), rule)));
        }
        let urls = self.urls.iter();
        live.extend(urls.map(|(path, part)| (path.segments(), Rule::Url(*part))));
        for (list, paths) in self.allow.iter().enumerate() {
            live.extend(
                paths
                    .iter()
                    .map(|path| (path.segments(), Rule::Allow(list))),
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
        work: &Work,
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
                Some(text) => self.hash(text.as_bytes(), work),
                None => {
                    let start = out.len();
                    self.inside(value, live, allowed, work, out);
                    let hash = self.hash(out.get(start..).unwrap_or_default(), work);
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
            self.inside(value, live, allowed, work, out);
        }
        true
    }

    /// Writes `properties`, `traits` or `context`.
    fn container(
        &self,
        name: &str,
        value: Value<'_>,
        (live, same): (&Live<'_>, &SameDatum<'_, '_>),
        allowed: Allowed,
        work: &Work,
        out: &mut Vec<u8>,
    ) {
        let concerned = |object: &Object<'_>| same.concerns(name, *object, work);
        let Some(object) = value.object().filter(concerned) else {
            return self.inside(value, live, allowed, work, out);
        };
        work.spend_each(work::SCANNED_BYTE, value.get().len());
        let mut members = Members::open(out, b'{');
        object.members(|key, value| {
            if work.is_over() {
                return;
            }
            let decoded = key.decoded();
            let mut next = step(live, Some(&decoded), work);
            same.add_to_member(name, &decoded, value, &mut next);
            members.write(key.get(), |out| {
                self.value(value, &next, allowed, work, out)
            });
        });
        members.close(b'}');
    }

    /// Writes a value whose members may have to be left out or changed.
    fn inside(
        &self,
        value: Value<'_>,
        live: &Live<'_>,
        allowed: Allowed,
        work: &Work,
        out: &mut Vec<u8>,
    ) {
        let is_untouched =
            allowed == self.all_allowed() && live.iter().all(|(rest, _)| rest.is_empty());
        if !is_untouched {
            // The end of each value in it is looked for.
            work.spend_each(work::SCANNED_BYTE, value.get().len());
        }
        if let (Some(object), false) = (value.object(), is_untouched) {
            let mut members = Members::open(out, b'{');
            object.members(|key, value| {
                if work.is_over() {
                    return;
                }
                let next = step(live, Some(&key.decoded()), work);
                members.write(key.get(), |out| {
                    self.value(value, &next, allowed, work, out)
                });
            });
            members.close(b'}');
        } else if let (Some(items), false) = (value.items(), is_untouched) {
            let next = step(live, None, work);
            let mut members = Members::open(out, b'[');
            for item in items {
                if work.is_over() {
                    break;
                }
                // Each looks at all the paths again.
                work.spend_each(work::STEP, next.len());
                work.spend(work::VALUE);
                members.write("", |out| self.value(item, &next, allowed, work, out));
            }
            members.close(b']');
        } else {
            out.extend_from_slice(value.get().as_bytes());
        }
    }

    fn hash(&self, text: &[u8], work: &Work) -> String {
        work.spend(work::HASH);
        work.spend_each(work::HASHED_BYTE, text.len());
        // Without a key nothing of the value may be left.
        self.key.as_ref().map_or_else(String::new, |key| {
            let mut mac = key.mac();
            mac.update(text);
            hex(&mac.finalize().into_bytes())
        })
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
