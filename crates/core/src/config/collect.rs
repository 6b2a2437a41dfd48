//! Where collection requests are found, and from whom they are taken.

use super::origin::Origin;
use super::problem::shown;
use super::read::{Field, Object, Reader};
use super::target::{is_legal, percent_encoding_is_whole};

pub(super) const KEYS: &[&str] = &[
    "path_prefix",
    "dialects",
    "integration_name",
    "allowed_origins",
];

/// Longest path prefix, in bytes.
pub(super) const LONGEST_PREFIX: usize = 256;
/// Longest name of the destination, in characters.
pub(super) const LONGEST_INTEGRATION_NAME: usize = 100;
/// Most allowed origins.
pub(super) const MOST_ORIGINS: usize = 256;

/// Where collection requests are found, and from whom they are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collect {
    /// Empty, or begins with `/` and does not end with one.
    pub path_prefix: String,
    /// The dialects that are on, without repetition; all by default. A path of another one passes through.
    pub dialects: Vec<Dialect>,
    /// The destination's name in an event's `integrations`; `Webhooks` by default.
    pub integration_name: String,
    /// The web origins that may collect; `None` takes every origin.
    pub allowed_origins: Option<Vec<Origin>>,
}

impl Default for Collect {
    fn default() -> Self {
        Self {
            path_prefix: String::new(),
            dialects: Dialect::ALL.into(),
            integration_name: "Webhooks".into(),
            allowed_origins: None,
        }
    }
}

impl Collect {
    /// Whether collection requests of this dialect are ours.
    #[must_use]
    pub fn takes(&self, dialect: Dialect) -> bool {
        self.dialects.contains(&dialect)
    }

    /// Whether a page of this origin, the value of its `Origin` header, may collect.
    #[must_use]
    pub fn allows_origin(&self, origin: &[u8]) -> bool {
        let Some(allowed) = &self.allowed_origins else {
            return true;
        };
        allowed.iter().any(|rule| rule.matches(origin))
    }
}

/// A family of SDKs, known by the paths of its collection requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    /// `/track`, `/engage`, `/groups`, `/import`: Freshpaint's HTTP API and freshpaint.js, and the Mixpanel family.
    Track,
    /// `/react-native`: Freshpaint for React Native.
    ReactNative,
    /// `/android`: Freshpaint for iOS and Android.
    Mobile,
    /// `/v1/batch`, `/v1/b`, `/v1/import`, `/v1/<type>`, `/v1/<letter>`: Segment, RudderStack and what speaks like them.
    Segment,
    /// `/beacon/v1/batch`: RudderStack's beacon.
    RudderstackBeacon,
    /// `/api/s/<type>`, `/api/s/s2s/<type>`: Jitsu.
    Jitsu,
    /// `/e`, `/i/v0/e`, `/batch`, `/capture`: PostHog.
    Posthog,
}

impl Dialect {
    /// Every dialect, in the order of the documentation.
    pub const ALL: [Self; 7] = [
        Self::Track,
        Self::ReactNative,
        Self::Mobile,
        Self::Segment,
        Self::RudderstackBeacon,
        Self::Jitsu,
        Self::Posthog,
    ];

    /// The name in `collect.dialects`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::ReactNative => "react_native",
            Self::Mobile => "mobile",
            Self::Segment => "segment",
            Self::RudderstackBeacon => "rudderstack_beacon",
            Self::Jitsu => "jitsu",
            Self::Posthog => "posthog",
        }
    }
}

/// Reads `collect`.
pub(super) fn read(root: &Object<'_>, reader: &mut Reader<'_>) -> Collect {
    let default = Collect::default();
    let Some(object) = root
        .get("collect")
        .and_then(|field| field.object(KEYS, reader))
    else {
        return default;
    };
    let path_prefix = object
        .get("path_prefix")
        .and_then(|field| path_prefix(&field, reader));
    let dialects = object
        .get("dialects")
        .and_then(|field| dialects(&field, reader));
    let integration_name = object
        .get("integration_name")
        .and_then(|field| integration_name(&field, reader));
    Collect {
        path_prefix: path_prefix.unwrap_or(default.path_prefix),
        dialects: dialects.unwrap_or(default.dialects),
        integration_name: integration_name.unwrap_or(default.integration_name),
        allowed_origins: object
            .get("allowed_origins")
            .and_then(|field| origins(&field, reader)),
    }
}

fn path_prefix(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<String> {
    const WANTED: &str = "a path such as \"/ingest\", or \"\" for none";
    let text = field.string(WANTED, reader)?;
    let wrong = if text.is_empty() {
        None
    } else if text.len() > LONGEST_PREFIX {
        Some("is too long; write at most 256 bytes".to_owned())
    } else if !text.starts_with('/') {
        Some(format!(
            "is {}, which does not begin with \"/\"; write {WANTED}",
            shown(text)
        ))
    } else if text.ends_with('/') {
        Some(format!(
            "is {}, which ends with \"/\"; write {WANTED}",
            shown(text)
        ))
    } else if text.contains(['?', '#']) {
        Some(format!(
            "is {}, which is more than a path; write it without \"?\" and \"#\"",
            shown(text)
        ))
    } else if text
        .split('/')
        .skip(1)
        .any(|segment| matches!(segment, "" | "." | ".."))
    {
        Some(format!(
            "is {}, which has an empty, \".\" or \"..\" segment; write {WANTED}",
            shown(text)
        ))
    } else if !text.chars().all(|c| c == '%' || is_legal(c)) || !percent_encoding_is_whole(text) {
        Some(format!(
            "is {}, which is not a url's path; write other characters percent-encoded",
            shown(text)
        ))
    } else {
        None
    };
    match wrong {
        Some(message) => {
            reader.problem(&field.path, message);
            None
        }
        None => Some(text.to_owned()),
    }
}

fn dialects(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<Vec<Dialect>> {
    let choices = Dialect::ALL.map(|dialect| (dialect.as_str(), dialect));
    let items = field.list("a list of dialects", reader)?;
    if items.is_empty() {
        reader.problem(
            &field.path,
            "is empty; write at least one dialect, or leave the key out for all",
        );
    }
    let mut dialects = Vec::with_capacity(items.len());
    for item in items {
        match item.choice(&choices, reader) {
            Some(dialect) if dialects.contains(&dialect) => {
                reader.problem(
                    &item.path,
                    format!(
                        "is {} again; write each dialect once",
                        shown(dialect.as_str())
                    ),
                );
            }
            dialect => dialects.extend(dialect),
        }
    }
    Some(dialects)
}

fn integration_name(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<String> {
    const WANTED: &str = "a name of 1 to 100 characters, such as \"Webhooks\"";
    let name = field.string(WANTED, reader)?;
    if (1..=LONGEST_INTEGRATION_NAME).contains(&name.chars().count()) {
        return Some(name.to_owned());
    }
    reader.problem(&field.path, format!("is {}; write {WANTED}", shown(name)));
    None
}

fn origins(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<Vec<Origin>> {
    let items = field.list("a list of origins such as \"https://example.com\"", reader)?;
    if items.is_empty() {
        reader.problem(
            &field.path,
            "is empty; write at least one origin, or leave the key out to take every origin",
        );
    } else if items.len() > MOST_ORIGINS {
        reader.problem(
            &field.path,
            format!("has {} origins; write at most {MOST_ORIGINS}", items.len()),
        );
    }
    let mut origins = Vec::with_capacity(items.len());
    for item in items {
        let Some(text) = item.string(Origin::WANTED, reader) else {
            continue;
        };
        match Origin::parse(text) {
            Some(origin) => origins.push(origin),
            None => reader.problem(
                &item.path,
                format!("is {}; write {}", shown(text), Origin::WANTED),
            ),
        }
    }
    Some(origins)
}
