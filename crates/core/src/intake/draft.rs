//! An event as its SDK states it, before it is made the canonical [`crate::event::Event`].

use super::context::Surroundings;
use crate::event::{Kind, Properties};
use crate::json::{Id, Object, Text, Value};

/// An event as its SDK states it.
#[derive(Clone, Debug)]
pub(super) struct Draft<'a> {
    pub(super) kind: Kind,
    pub(super) name: Option<Text<'a>>,
    /// When it happened, by the client's clock.
    pub(super) time: Option<Value<'a>>,
    /// When it was sent, by the same clock, if the event itself says so.
    pub(super) sent_at: Option<Value<'a>>,
    /// How long before it was sent it happened, in milliseconds.
    pub(super) offset: Option<Value<'a>>,
    pub(super) message_id: Option<Id<'a>>,
    pub(super) anonymous_id: Option<Id<'a>>,
    pub(super) user_id: Option<Id<'a>>,
    pub(super) group_id: Option<Id<'a>>,
    /// The kind of the group, such as a company: its id is unique within the kind alone.
    pub(super) group_type: Option<Id<'a>>,
    /// Page, library and consent.
    pub(super) surroundings: Surroundings<'a>,
    /// A page or screen, as an SDK names it beside the properties (Segment, "Spec: Page" and
    /// "Spec: Screen"). It tells events apart; the payload has no key for it.
    pub(super) view_name: Option<Text<'a>>,
    /// The same for its category.
    pub(super) view_category: Option<Text<'a>>,
    pub(super) properties: Properties<'a>,
    pub(super) traits: Option<Object<'a>>,
    pub(super) source: Option<Id<'a>>,
    pub(super) integrations: Option<Value<'a>>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            name: None,
            time: None,
            sent_at: None,
            offset: None,
            message_id: None,
            anonymous_id: None,
            user_id: None,
            group_id: None,
            group_type: None,
            surroundings: Surroundings::default(),
            view_name: None,
            view_category: None,
            properties: Properties::default(),
            traits: None,
            source: None,
            integrations: None,
        }
    }

    /// Sets the ids of SDKs that have one id for both, the distinct id: it is the user's unless it
    /// stands for the device. Without a device the user's id stands for it.
    pub(super) fn set_ids(
        &mut self,
        device_id: Option<Id<'a>>,
        distinct_id: Option<Id<'a>>,
        user_id: Option<Id<'a>>,
    ) {
        let is_device = |distinct: &Id<'a>| {
            device_id.is_some_and(|device| device.same_as(*distinct))
                // Mixpanel marks the id of a device.
                || distinct.decoded().starts_with("$device:")
        };
        self.user_id = user_id.or(distinct_id.filter(|distinct| !is_device(distinct)));
        self.anonymous_id = device_id
            .or(distinct_id.filter(is_device))
            .or(self.user_id)
            .or(distinct_id);
    }
}
