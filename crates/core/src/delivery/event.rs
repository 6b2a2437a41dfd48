//! An event as delivery gets it: in the bytes that its webhooks get.

use std::rc::Rc;

use super::dedupe::EventId;
use super::webhook_set::WebhookSet;
use crate::event::Kind;
use crate::signing::WebhookId;
use crate::trace_context::TraceContext;

/// Bytes that an event takes beside its payload, for the bounds on memory; measured on wasm32 and
/// rounded up.
pub const ENTRY_OVERHEAD_BYTES: usize = 256;

/// Bytes that an event takes for each webhook that wants it, beside its payload: a place in a queue
/// that grows by doubling, and how its last call ended.
pub const DELIVERY_OVERHEAD_BYTES: usize = 64;

/// An event, ready to be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedEvent {
    /// Its place in its request, by which a verdict names it.
    pub index: u32,
    /// Its type.
    pub kind: Kind,
    /// The body of every call but those to webhooks in `redacted`.
    pub payload: Rc<[u8]>,
    /// The bodies of calls to webhooks that get less of the event; mostly empty.
    pub redacted: Vec<(WebhookSet, Rc<[u8]>)>,
    /// Bytes of payloads that are in neither, because there is no room for them.
    pub left_out: usize,
    /// The webhooks that want it; at least one, and never the dead letter webhook.
    pub wanted: WebhookSet,
    /// The dead letter webhook may get it: there is one, and its rules let the event through.
    pub may_be_dead_letter: bool,
    /// The name of the event in signed calls; `None` when no webhook that wants it signs.
    pub webhook_id: Option<WebhookId>,
    /// [`crate::hashed_id::of_source`] of its source; zero where nothing is recorded.
    pub source: u32,
    /// The trace of the request that brought it, which its other events share.
    pub trace: Option<Rc<TraceContext>>,
    /// The key by which it is recognised when it is sent again; `None` when it has no id that
    /// lasts.
    pub id: Option<EventId>,
}

impl PreparedEvent {
    /// The body of a call to the webhook at `index`.
    pub(crate) fn payload_for(&self, index: usize) -> &Rc<[u8]> {
        let mut redacted = self.redacted.iter();
        redacted
            .find(|(webhooks, _)| webhooks.contains(index))
            .map_or(&self.payload, |(_, payload)| payload)
    }

    /// Bytes of memory, for the bounds.
    pub(crate) fn cost(&self) -> usize {
        let redacted = self.redacted.iter().map(|(_, payload)| payload.len());
        let trace = self.trace.as_ref().map_or(0, |_| TraceContext::COST_BYTES);
        let deliveries = self.wanted.len() * DELIVERY_OVERHEAD_BYTES;
        let payloads = self.payload.len() + redacted.sum::<usize>() + self.left_out;
        payloads + trace + deliveries + ENTRY_OVERHEAD_BYTES
    }
}
