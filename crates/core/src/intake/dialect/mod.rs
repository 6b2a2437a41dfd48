//! The dialects: how each family of SDKs says what an event is.
//!
//! Each module turns one JSON value into a [`Draft`]; finding the events and finishing the drafts is the same for all, and so are these
//! rules:
//!
//! - A field that comes twice counts once: the last one, as `JSON.parse` has it. The customer's properties keep both.
//! - Ids may be strings or numbers; `null` and the empty string are none. A field of a wrong type makes the event invalid.
//! - Without a device the user's id is the `anonymousId`, which the contract wants on every event.
//! - Of the page the contract's three are taken, `url`, `title`, `path`; the library stays as it was sent.
//! - What the contract has no key for is dropped: `previousId`, `category`, a page's `name`, and the like.
//! - `screen` becomes a track event called `screen_view`; `alias` and the SDKs' own `$` events are recognised and not delivered.

mod mobile;
mod posthog;
mod profile;
mod react_native;
mod segment;
mod tracker;

use super::invalid::{Fault, Problem};
use super::FilteredReason;
use crate::config::Dialect;
use crate::consent::Consent;
use crate::event::{Kind, Library, Page, Properties};
use crate::json::{Id, Object, Text, Value};

/// What a path says about the events that are sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Typed(Type),
    /// Mixpanel's `/engage`
    Profiles,
    /// Mixpanel's `/groups`
    GroupProfiles,
}

/// The types that Segment-like SDKs send.
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
    pub(super) fn of_name(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"track" => Self::Track,
            b"page" => Self::Page,
            b"identify" => Self::Identify,
            b"group" => Self::Group,
            b"screen" => Self::Screen,
            b"alias" => Self::Alias,
            _ => return None,
        })
    }
}

impl Call {
    pub(super) fn of_name(name: &[u8]) -> Option<Self> {
        Type::of_name(name).map(Self::Typed)
    }

    /// analytics.js has one letter for each type.
    pub(super) fn of_letter(letter: &[u8]) -> Option<Self> {
        Some(Self::Typed(match letter {
            b"t" => Type::Track,
            b"p" => Type::Page,
            b"i" => Type::Identify,
            b"g" => Type::Group,
            b"s" => Type::Screen,
            b"a" => Type::Alias,
            _ => return None,
        }))
    }
}

/// An event as its dialect states it: its time is by the client's clock, and it may have no id.
#[derive(Clone, Debug)]
pub(super) struct Draft<'a> {
    pub(super) kind: Kind,
    pub(super) name: Option<Text<'a>>,
    pub(super) time: Option<Value<'a>>,
    /// When it was sent, by the same clock, if the event says so itself.
    pub(super) sent_at: Option<Value<'a>>,
    pub(super) message_id: Option<Id<'a>>,
    pub(super) anonymous_id: Option<Id<'a>>,
    pub(super) user_id: Option<Id<'a>>,
    pub(super) group_id: Option<Id<'a>>,
    pub(super) page: Page<'a>,
    pub(super) library: Library<'a>,
    pub(super) properties: Properties<'a>,
    pub(super) traits: Option<Object<'a>>,
    pub(super) source: Option<Id<'a>>,
    pub(super) integrations: Option<Value<'a>>,
    pub(super) consent: Consent<'a>,
}

/// What one JSON value of a request is.
// Handed on at once and never gathered, so its size does not matter.
#[allow(clippy::large_enum_variant)]
pub(super) enum Said<'a> {
    Event(Draft<'a>),
    Filtered(Option<Kind>, FilteredReason),
}

impl<'a> Draft<'a> {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            name: None,
            time: None,
            sent_at: None,
            message_id: None,
            anonymous_id: None,
            user_id: None,
            group_id: None,
            page: Page::default(),
            library: Library::Unknown,
            properties: Properties::default(),
            traits: None,
            source: None,
            integrations: None,
            consent: Consent::default(),
        }
    }
}

/// The event that `screen` calls become: the contract has no such type, and the Freshpaint mobile SDKs name them so.
const SCREEN_VIEW: Text<'static> = Text::of_json("\"screen_view\"");

impl Dialect {
    /// The key of the array of events in an envelope.
    pub(super) fn list(self) -> &'static str {
        match self {
            Self::ReactNative => "e",
            _ => "batch",
        }
    }

    /// Reads one event.
    pub(super) fn read<'a>(self, event: Value<'a>, call: Option<Call>) -> Result<Said<'a>, Fault> {
        let event = event
            .object()
            .ok_or_else(|| Fault::new(None, "", Problem::NotObject))?;
        match (self, call) {
            (Self::Track, Some(Call::Profiles)) => profile::read(event, Kind::Identify),
            (Self::Track, Some(Call::GroupProfiles)) => profile::read(event, Kind::Group),
            (Self::Track, _) => tracker::read(event),
            (Self::ReactNative, _) => react_native::read(event),
            (Self::Mobile, _) => mobile::read(event),
            (Self::Posthog, _) => posthog::read(event),
            (Self::Segment | Self::RudderstackBeacon | Self::Jitsu, Some(Call::Typed(kind))) => {
                segment::read(event, Some(kind))
            }
            (Self::Segment | Self::RudderstackBeacon | Self::Jitsu, _) => {
                segment::read(event, None)
            }
        }
    }
}

/// A field that may be absent, in which case `null` says the same.
fn present(value: Option<Value<'_>>) -> Option<Value<'_>> {
    value.filter(|value| !value.is_null())
}

/// An object that may be absent.
fn object<'a>(
    kind: Kind,
    field: &'static str,
    value: Option<Value<'a>>,
) -> Result<Option<Object<'a>>, Fault> {
    present(value)
        .map(|value| {
            value
                .object()
                .ok_or_else(|| Fault::new(kind, field, Problem::NotObject))
        })
        .transpose()
}

/// An id that may be absent; the empty one is.
fn id<'a>(
    kind: Kind,
    field: &'static str,
    value: Option<Value<'a>>,
) -> Result<Option<Id<'a>>, Fault> {
    let id = present(value)
        .map(|value| {
            value
                .id()
                .ok_or_else(|| Fault::new(kind, field, Problem::NotId))
        })
        .transpose()?;
    Ok(id.filter(|id| !id.is_empty()))
}

/// An event's name: a string that is not empty.
fn name<'a>(
    kind: impl Into<Option<Kind>>,
    field: &'static str,
    value: Option<Value<'a>>,
) -> Result<Text<'a>, Fault> {
    let fault = |problem| Err(Fault::new(kind, field, problem));
    match present(value).map(Value::text) {
        None => fault(Problem::Missing),
        Some(None) => fault(Problem::NotString),
        Some(Some(name)) if name.is_empty() => fault(Problem::Empty),
        Some(Some(name)) => Ok(name),
    }
}
