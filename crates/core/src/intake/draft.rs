//! An event on its way from its dialect to the canonical [`Event`].

use super::envelope::Envelope;
use super::{integrations, message_id, Collection, Context, FilteredReason, Item};
use crate::clock::{Now, UnixMillis};
use crate::consent::Consent;
use crate::event::{Event, Kind, Library, Page, Properties};
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
    pub(super) page: Page<'a>,
    pub(super) library: Library<'a>,
    pub(super) properties: Properties<'a>,
    pub(super) traits: Option<Object<'a>>,
    pub(super) source: Option<Id<'a>>,
    pub(super) integrations: Option<Value<'a>>,
    pub(super) consent: Consent<'a>,
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
            page: Page::default(),
            library: Library::Unknown,
            properties: Properties::default(),
            traits: None,
            source: None,
            integrations: None,
            consent: Consent::default(),
        }
    }

    /// Makes the event that is routed, or filters it when the customer's `integrations` say so.
    ///
    /// `source` is the one that the request names; it wins over the event's.
    pub(super) fn finish(
        self,
        collection: &Collection,
        envelope: &Envelope<'a>,
        source: Option<Id<'a>>,
        context: &mut Context<'_>,
    ) -> Item<'a> {
        let integrations = [envelope.integrations, self.integrations];
        if integrations::exclude(integrations, &context.config.collect.integration_name) {
            return Item::Filtered(Some(self.kind), FilteredReason::Integrations);
        }
        Item::Event(Event {
            kind: self.kind,
            automatic: self.kind == Kind::Page,
            name: self.name,
            timestamp: self.timestamp(envelope.sent_at, context.now),
            message_id: message_id::of(&self, context.random),
            anonymous_id: self.anonymous_id,
            user_id: self.user_id,
            group_id: self.group_id,
            page: self.page,
            library: self.library,
            properties: self.properties,
            traits: self.traits,
            source: source.or(self.source),
            ip: collection.ip,
            opt_out: collection.opt_out,
            consent: self.consent,
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
