//! The dialects. Each describes one family of SDKs: its paths, its events, and the replies that it
//! expects.
//!
//! A [`Dialect`] is one value in one file. To add one, write its file, list it in [`ALL`], and
//! follow "Add an SDK" in CONTRIBUTING.md.
//!
//! Each dialect turns one JSON object into a [`Draft`]. The rest of the intake is the same for all,
//! and so are these rules:
//!
//! - A field that comes twice counts once: the last one counts, as in `JSON.parse`. The customer's
//!   properties keep both.
//! - An id is a string or a number; `null`, `false` and the empty string are no id. A field of a
//!   wrong type makes the event invalid.
//! - Without a device, the user's id becomes the `anonymousId`, which the contract has on every
//!   event. The rules for `userId` hold for it there as well: [`crate::redaction`].
//! - The contract's three values of the page are taken: `url`, `title` and `path`. The library
//!   stays as it was sent.
//! - Fields that the contract has no key for are dropped: `previousId`, and the `category` and
//!   `name` of a page or screen, where an SDK does not have them among the properties as well.
//! - `screen` becomes a track event called `screen_view`. `alias` and the SDKs' own `$` events are
//!   recognised and not delivered.

// A dialect that is missing in `ALL` is dead code, which must not compile.
#![deny(dead_code)]

mod jitsu;
mod mixpanel;
mod mobile;
mod posthog;
mod react_native;
mod read;
mod rudderstack;
mod segment;

use std::fmt;

use self::read::{group_id, id, integrations_of, name, object, present};
use super::credential::Credential;
use super::draft::Draft;
use super::invalid::{Defect, Fault};
use super::{FilteredReason, Report};
use crate::event::Kind;
use crate::json::{Object, Text, Value};
use crate::local_reply::LocalReply;

/// Every dialect, in the order of the documentation.
///
/// This list is the registration: paths, `collect.dialects`, the tests, and the checks of the
/// manual, the README and the JSON Schema all read it.
pub static ALL: [&Dialect; 7] = [
    &mixpanel::MIXPANEL,
    &react_native::REACT_NATIVE,
    &mobile::MOBILE,
    &segment::SEGMENT,
    &rudderstack::BEACON,
    &jitsu::JITSU,
    &posthog::POSTHOG,
];

/// One family of SDKs: everything that the intake knows about it.
pub struct Dialect {
    /// The name in `collect.dialects`.
    pub name: &'static str,
    /// The SDKs that speak it, in the words of the manual.
    pub about: &'static str,
    /// Where its requests go. No two dialects share a path.
    paths: &'static [Path],
    /// The HTTP methods that carry events.
    pub(super) methods: Methods,
    /// The key of the array of events in an envelope.
    pub(super) list: &'static str,
    /// Where the head of a request names the source.
    pub(super) credential: Credential,
    /// The replies that its SDKs take for success and for failure.
    pub(super) replies: Replies,
}

/// A path and how the events that are sent to it are read.
pub(super) struct Path {
    /// The whole path below `collect.path_prefix`, without a slash at the end. It may end in
    /// `<type>` or `<letter>`, which stand for the name or the first letter of a [`Type`].
    pub(super) pattern: &'static str,
    read: Read,
}

/// Reads one event; the type is the one that the path names.
type Read = for<'a> fn(Object<'a>, Option<Type>) -> Result<Parsed<'a>, Fault>;

/// The HTTP methods that carry events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Methods {
    /// The event is in the body.
    Post,
    /// As `Post`; a `GET` has its event in the `data` of the query.
    GetOrPost,
}

/// How an SDK is answered; `verbose` is Mixpanel's parameter of that name.
///
/// Success is status 200 with a body, unless the SDK expects another one: several SDKs take 202 and
/// 204 for a failure.
pub(super) struct Replies {
    /// Everything was taken. The report names invalid events, where the answer has room for them.
    pub(super) success: fn(verbose: bool, report: &Report) -> LocalReply,
    /// The request is wrong as a whole, or has to come again; the sentence says why.
    pub(super) failure: fn(verbose: bool, status: u16, sentence: &str) -> LocalReply,
}

/// The result of reading one JSON value of a request.
// It is handed on at once and never gathered, so its size does not matter.
#[allow(clippy::large_enum_variant)]
pub(super) enum Parsed<'a> {
    /// An event to route.
    Event(Draft<'a>),
    /// A well-formed call that is not delivered.
    Filtered(Option<Kind>, FilteredReason),
}

impl Dialect {
    /// The dialect of this name in `collect.dialects`.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.into_iter().find(|dialect| dialect.name == name)
    }

    /// Its paths as the documentation writes them: `/v1/batch`, `/v1/<type>`.
    pub fn paths(&self) -> impl Iterator<Item = &'static str> {
        self.paths.iter().map(|path| path.pattern)
    }

    /// The path of this dialect that matches `path`, and the type that it names.
    pub(super) fn find(&self, path: &str) -> Option<(&'static Path, Option<Type>)> {
        self.paths
            .iter()
            .find_map(|known| Some((known, known.matches(path)?)))
    }
}

impl PartialEq for Dialect {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Dialect {}

impl fmt::Debug for Dialect {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name)
    }
}

impl Path {
    const fn new(pattern: &'static str, read: Read) -> Self {
        Self { pattern, read }
    }

    /// Whether `path` is this one; the inner option is the type that it names.
    fn matches(&self, path: &str) -> Option<Option<Type>> {
        if let Some(start) = self.pattern.strip_suffix("<type>") {
            return Type::of_name(path.strip_prefix(start)?).map(Some);
        }
        if let Some(start) = self.pattern.strip_suffix("<letter>") {
            return Type::of_letter(path.strip_prefix(start)?).map(Some);
        }
        (path == self.pattern).then_some(None)
    }

    /// Reads one event that was sent to this path.
    pub(super) fn read<'a>(
        &self,
        event: Value<'a>,
        call: Option<Type>,
    ) -> Result<Parsed<'a>, Fault> {
        let event = event
            .object()
            .ok_or_else(|| Fault::new(None, "", Defect::NotObject))?;
        (self.read)(event, call)
    }
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern
    }
}

impl Eq for Path {}

impl fmt::Debug for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.pattern)
    }
}

impl Methods {
    /// As the `Allow` header has them.
    pub(super) const fn allow(self) -> &'static str {
        match self {
            Self::Post => "POST, OPTIONS",
            Self::GetOrPost => "GET, POST, OPTIONS",
        }
    }
}

/// The types of calls that Segment-like SDKs send, in a body or at the end of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Track,
    Page,
    Identify,
    Group,
    Screen,
    Alias,
}

impl Type {
    fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "track" => Self::Track,
            "page" => Self::Page,
            "identify" => Self::Identify,
            "group" => Self::Group,
            "screen" => Self::Screen,
            "alias" => Self::Alias,
            _ => return None,
        })
    }

    /// analytics.js writes the first letter alone.
    fn of_letter(letter: &str) -> Option<Self> {
        Some(match letter {
            "t" => Self::Track,
            "p" => Self::Page,
            "i" => Self::Identify,
            "g" => Self::Group,
            "s" => Self::Screen,
            "a" => Self::Alias,
            _ => return None,
        })
    }
}

/// The event that `screen` calls become: the contract has no such type, and the Freshpaint mobile
/// SDKs give them this name.
const SCREEN_VIEW: Text<'static> = Text::of_json("\"screen_view\"");
