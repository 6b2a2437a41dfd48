//! The canonical event, borrowing from the request body.

use std::net::IpAddr;

use crate::clock::UnixMillis;
use crate::consent::{Consent, OptOut};
use crate::json::{Id, Object, Text, Value};

/// A source has at most this many bytes, as it is written between quotes. A longer one counts as
/// none: it may stand beside thousands of events, and be hashed for each of them. The sources of a
/// configuration have no more.
pub const MAX_SOURCE_BYTES: usize = 1_024;

/// The four types that the contract names (seed, "Payload Format", `type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A named event.
    Track,
    /// A pageview.
    Page,
    /// The identity of a user.
    Identify,
    /// The group of a user.
    Group,
}

impl Kind {
    /// Every kind, in the order of metrics and documentation.
    pub const ALL: [Self; 4] = [Self::Track, Self::Page, Self::Identify, Self::Group];

    /// The value of the payload's `type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Page => "page",
            Self::Identify => "identify",
            Self::Group => "group",
        }
    }
}

/// One event, whatever the dialect it came in.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<'a> {
    /// The contract's `type`.
    pub kind: Kind,
    /// A pageview that an SDK collected on its own: subject to "Enable Pageview Events" (seed,
    /// "Configuration Options").
    ///
    /// A pageview that a customer has named is a track event and is never automatic.
    pub automatic: bool,
    /// The contract's `event`; track events alone have one.
    pub name: Option<Text<'a>>,
    /// When it happened, from 1970 to the end of the year 9999.
    pub timestamp: UnixMillis,
    /// The contract's `messageId`.
    pub message_id: MessageId<'a>,
    /// The contract's `anonymousId`.
    pub anonymous_id: Option<Id<'a>>,
    /// The contract's `userId`.
    pub user_id: Option<Id<'a>>,
    /// The contract's `groupId`; group events alone have one.
    pub group_id: Option<Id<'a>>,
    /// The kind of the group, such as a company. The contract has no key for it; group ids are
    /// unique within it.
    pub group_type: Option<Id<'a>>,
    /// Where it happened. On a page event these are what the event is about, and go into its
    /// properties.
    pub page: Page<'a>,
    /// The contract's `context.library`.
    pub library: Library<'a>,
    /// The contract's `properties`.
    pub properties: Properties<'a>,
    /// The contract's `traits`, for identify and group.
    pub traits: Option<Object<'a>>,
    /// The write key, token or environment id that the event was sent with: message ids are unique
    /// within it.
    pub source: Option<Id<'a>>,
    /// The opt-outs in the headers of its request; signals that no webhook honors are not looked
    /// for.
    pub opt_out: OptOut,
    /// The address of its client, when the configuration has it sent on.
    pub ip: Option<IpAddr>,
    /// The categories that its user consented to.
    pub consent: Consent<'a>,
}

impl Event<'_> {
    /// The message id as it stands between the quotes of the payload, so with any escapes that the
    /// SDK wrote.
    #[must_use]
    pub fn message_id(&self) -> &str {
        self.message_id.escaped()
    }

    /// The id of its device, as it stands between quotes. It is the anonymous id, which a device
    /// keeps when its user is known, else the user id. It is empty when the SDK sent neither.
    #[must_use]
    pub fn device(&self) -> &str {
        let mut ids = [self.anonymous_id, self.user_id].into_iter().flatten();
        ids.find(|id| !id.is_empty()).map_or("", Id::escaped)
    }

    /// Whether the same event sent again has the same message id; only then can it be recognised.
    #[must_use]
    pub fn stable_id(&self) -> bool {
        !matches!(self.message_id, MessageId::Random(_))
    }

    /// The scope in which the message id is unique: the write key, token or environment id; empty
    /// when the SDK sent none.
    #[must_use]
    pub fn source(&self) -> &str {
        self.source.map_or("", Id::escaped)
    }
}

/// Base64 of 16 bytes, as Freshpaint's own message ids are (seed, "Events").
pub type Id128 = [u8; 24];

/// Where an event's message id comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageId<'a> {
    /// The SDK made it.
    Sent(Id<'a>),
    /// A hash of the event: the same event sent again has the same id.
    Computed(Id128),
    /// A hash of an identify or group event that has neither id nor time. The event is recognised
    /// until its subject has another state: the older one may come again then.
    State(Id128),
    /// The event has neither id nor time, so that nothing tells it from another that looks alike.
    Random(Id128),
}

impl MessageId<'_> {
    /// As it stands between the quotes of the payload.
    #[must_use]
    pub fn escaped(&self) -> &str {
        match self {
            Self::Sent(id) => id.escaped(),
            Self::Computed(base64) | Self::State(base64) | Self::Random(base64) => {
                std::str::from_utf8(base64).unwrap_or_default()
            }
        }
    }
}

/// The page data of the contract, each value as the SDK sent it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page<'a> {
    /// `url`
    pub url: Option<Text<'a>>,
    /// `title`
    pub title: Option<Text<'a>>,
    /// `path`
    pub path: Option<Text<'a>>,
}

impl<'a> Page<'a> {
    /// The members that are there, under the contract's names and in its order.
    pub fn members(&self) -> impl Iterator<Item = (&'static str, Text<'a>)> {
        [
            ("url", self.url),
            ("title", self.title),
            ("path", self.path),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }
}

/// The SDK that captured the event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Library<'a> {
    /// It did not say.
    #[default]
    Unknown,
    /// An object of its own, kept as sent.
    Sent(Object<'a>),
    /// A name, and perhaps a version.
    Named(Text<'a>, Option<Text<'a>>),
}

/// The properties of an event: the members of up to two objects, without the SDK's own keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Properties<'a> {
    /// In the order of the payload.
    pub parts: [Option<(Object<'a>, ReservedKeys)>; 2],
}

impl<'a> Properties<'a> {
    /// The members of one object.
    #[must_use]
    pub fn of(object: Option<Object<'a>>, reserved: ReservedKeys) -> Self {
        Self {
            parts: [object.map(|object| (object, reserved)), None],
        }
    }

    /// Gives the customer's members, in order.
    pub fn members(&self, mut visit: impl FnMut(Text<'a>, Value<'a>)) {
        for (object, reserved) in self.parts.iter().flatten() {
            object.members(|key, value| {
                if !reserved.contains(key) {
                    visit(key, value);
                }
            });
        }
    }

    /// The object whose text can be taken over whole, if nothing has to be left out.
    #[must_use]
    pub fn whole(&self) -> Option<Object<'a>> {
        match self.parts {
            [Some((object, ReservedKeys::None)), None] => Some(object),
            _ => None,
        }
    }
}

/// The keys of an object that are the SDK's own, and not the customer's properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReservedKeys {
    /// No keys: Segment and its relatives keep theirs elsewhere.
    None,
    /// Keys that begin with `$`: the Freshpaint mobile SDKs.
    Dollar,
    /// Keys that begin with `$`, and `token`, `distinct_id`, `time`, `mp_lib`: freshpaint.js and
    /// Mixpanel.
    Mixpanel,
    /// Keys that begin with `$`, and `token` and `distinct_id`: `PostHog`.
    PostHog,
    /// Keys of the Freshpaint React Native SDK around the customer's `custom_props`.
    ReactNative,
}

impl ReservedKeys {
    fn contains(self, key: Text<'_>) -> bool {
        let key = match self {
            Self::None => return false,
            _ => key.decoded(),
        };
        key.starts_with('$')
            || match self {
                Self::None | Self::Dollar => false,
                Self::Mixpanel => matches!(&*key, "token" | "distinct_id" | "time" | "mp_lib"),
                Self::PostHog => matches!(&*key, "token" | "distinct_id"),
                Self::ReactNative => matches!(
                    &*key,
                    "custom_props"
                        | "distinct_id"
                        | "source_version"
                        | "is_using_react_navigation_hoc"
                ),
            }
    }
}
