//! An event on its way from its dialect to the canonical [`Event`].

use super::context::Surroundings;
use super::envelope::Envelope;
use super::message_id::MessageIds;
use super::{integrations, Collection, Context, FilteredReason, Item};
use crate::clock::{Now, UnixMillis};
use crate::consent::Consent;
use crate::event::{Event, Kind, Properties};
use crate::json::{Id, Object, Text, Value};
use crate::time;

/// An event as its SDK states it.
#[derive(Clone, Debug)]
pub(super) struct Draft<'a> {
    pub(super) kind: Kind,
    pub(super) name: Option<Text<'a>>,
    /// When it happened, by the client's clock.
    pub(super) time: Option<Value<'a>>,
    /// When it was sent, by the same clock, if the event itself says so.
    pub(super) sent_at: Option<Value<'a>>,
    pub(super) message_id: Option<Id<'a>>,
    pub(super) anonymous_id: Option<Id<'a>>,
    pub(super) user_id: Option<Id<'a>>,
    pub(super) group_id: Option<Id<'a>>,
    /// Page, library and consent.
    pub(super) surroundings: Surroundings<'a>,
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
            message_id: None,
            anonymous_id: None,
            user_id: None,
            group_id: None,
            surroundings: Surroundings::default(),
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

    /// Makes the event that is routed, or filters it when the customer's `integrations` say so.
    ///
    /// `source` is the one that the request names; it wins over the event's.
    pub(super) fn finish(
        self,
        collection: &Collection,
        envelope: &Envelope<'a>,
        source: Option<Id<'a>>,
        ids: &mut MessageIds<'_>,
        context: &mut Context<'_>,
    ) -> Item<'a> {
        let integrations = [envelope.integrations, self.integrations];
        if integrations::exclude(integrations, &context.config.collect.integration_name) {
            return Item::Filtered(Some(self.kind), FilteredReason::Integrations);
        }
        let surroundings = self.surroundings.or(&envelope.surroundings);
        Item::Event(Event {
            kind: self.kind,
            automatic: self.kind == Kind::Page,
            name: self.name,
            timestamp: self.timestamp(envelope.sent_at, context.now),
            message_id: ids.of(&self, context.random),
            anonymous_id: self.anonymous_id,
            user_id: self.user_id,
            group_id: self.group_id,
            page: surroundings.page,
            library: surroundings.library,
            properties: self.properties,
            traits: self.traits,
            source: source.or(self.source),
            ip: collection.ip,
            opt_out: collection.opt_out,
            consent: Consent::of(surroundings.consent),
        })
    }

    /// The event's own time, corrected when the client's clock is wrong; else when it was sent;
    /// else when it came in.
    fn timestamp(&self, sent_at: Option<Value<'_>>, now: Now) -> UnixMillis {
        let sent = sent_at
            .and_then(time::parse)
            .or_else(|| self.sent_at.and_then(time::parse));
        let original = self.time.and_then(time::parse).or(sent);
        match (original, sent) {
            (Some(original), Some(sent)) => time::correct_skew(original, sent, now.unix),
            (Some(original), None) => original,
            (None, _) => now.unix,
        }
    }
}
