//! A draft becomes the canonical [`Event`]: it gets its time, its id and the data of its request.

use super::draft::Draft;
use super::envelope::Envelope;
use super::message_id::MessageIds;
use super::{Collection, Context, FilteredReason, Item};
use crate::clock::{Now, UnixMillis};
use crate::event::{Event, Kind, Library, MAX_SOURCE_BYTES};
use crate::json::{Id, Value};
use crate::time;

/// Segment's SDKs that close a batch before they send it.
const CLOSE_BATCHES_EARLY: [&str; 3] = ["analytics-kotlin", "analytics-swift", "Analytics-CSharp"];

impl<'a> Draft<'a> {
    /// Makes the event that is routed, or filters it when the customer's `integrations` say so.
    ///
    /// `source` is the one that the request names; it wins over the event's, and that over a token.
    pub(super) fn finish(
        self,
        collection: &'a Collection,
        envelope: &Envelope<'a>,
        source: Option<Id<'a>>,
        ids: &mut MessageIds<'_>,
        context: &mut Context<'_>,
    ) -> Item<'a> {
        let name = &context.config.collect.integration_name;
        if envelope.chosen.then(self.integrations, name).excludes() {
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
            group_type: self.group_type,
            page: surroundings.page,
            library: surroundings.library,
            properties: self.properties,
            traits: self.traits,
            source: source
                .or(self.source)
                .or(collection.source.token.as_deref().map(Id::of_escaped))
                .filter(|source| source.escaped().len() <= MAX_SOURCE_BYTES),
            ip: collection.ip,
            opt_out: collection.opt_out,
            consent: surroundings.consent.unwrap_or_default(),
        })
    }

    /// The event's own time, corrected when the client's clock is wrong; else when it was sent;
    /// else when it came in. An event may say how long ago it was in place of when.
    fn timestamp(&self, sent_at: Option<UnixMillis>, now: Now) -> UnixMillis {
        // RudderStack's SDK for Swift closes a batch long before it sends it, and says in each
        // event when it sends it.
        let sent = sent_at.max(self.sent_at.and_then(time::parse));
        let stated = self.time.and_then(time::parse);
        if let Some(offset) = self.offset.and_then(Value::number) {
            return time::ago(offset, stated, now.unix);
        }
        match (stated.or(sent), sent) {
            (Some(original), Some(sent)) => {
                let corrected = time::correct_skew(original, sent, now.unix);
                if corrected > original && self.closes_batches_early() {
                    original
                } else {
                    corrected
                }
            }
            (Some(original), None) => original,
            (None, _) => now.unix,
        }
    }

    /// Whether the SDK says when it closed a batch in place of when it sent it. On a device without
    /// network, hours lie between the two, and its clock is right all the same (Segment, "Spec:
    /// Common Fields", about `sentAt`).
    fn closes_batches_early(&self) -> bool {
        let Library::Sent(library) = self.surroundings.library else {
            return false;
        };
        let name = library.member("name").and_then(Value::text);
        name.is_some_and(|name| CLOSE_BATCHES_EARLY.contains(&&*name.decoded()))
    }
}
