//! Deliveries, attempts and verdicts: everything between an event and its webhooks.
//!
//! [`Outbox`] is a state machine without input or output. It is told what happens ([`Outbox::submit`], [`Outbox::called`],
//! [`Outbox::ended`], [`Outbox::tick`]) and asked what to do ([`Outbox::next_call`], [`Outbox::next_verdict`],
//! [`Outbox::wake_at`]); every rule of delivery is in it and every test of a rule needs a fake clock and nothing else.
//!
//! An event is in the outbox once, however many requests carry it: requests that send it again while it is there wait for
//! the same outcome.

pub mod backoff;
mod batch;
pub mod budget;
mod calls;
mod entry;
mod handover;
mod health;
mod held;
mod outbox;
pub mod outcome;
mod schedule;
pub mod table;
#[cfg(test)]
mod tests;
mod time;
pub mod webhook_set;

use std::rc::Rc;
use std::time::Duration;

use crate::clock::SteadyMillis;
use crate::event::Kind;
use crate::signing::WebhookId;

pub use self::batch::Verdict;
pub use self::calls::Call;
pub use self::handover::Handover;
pub use self::outbox::{Outbox, Overloaded, Submitted};
use self::table::EventId;
use self::webhook_set::WebhookSet;

/// All webhooks of an event together have this long (seed, "Considerations").
pub const TOTAL_TIMEOUT: Duration = Duration::from_secs(25);

/// What an entry costs beside its payload, for the bounds on memory; measured on wasm32, rounded up.
pub const ENTRY_OVERHEAD_BYTES: usize = 256;

/// An event, ready to be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its type.
    pub kind: Kind,
    /// The body of every call but those to webhooks in `redacted`.
    pub payload: Rc<[u8]>,
    /// The bodies of calls to webhooks that get less of the event; mostly empty.
    pub redacted: Vec<(WebhookSet, Rc<[u8]>)>,
    /// The webhooks that want it; at least one.
    pub wanted: WebhookSet,
    /// What signed calls name it by; `None` when no webhook that wants it signs.
    pub webhook_id: Option<WebhookId>,
    /// What it is recognised by when it is sent again; `None` when it has no id that lasts.
    pub id: Option<EventId>,
}

impl Event {
    /// The body of a call to the webhook at `index`.
    fn payload_for(&self, index: usize) -> &Rc<[u8]> {
        let mut redacted = self.redacted.iter();
        redacted
            .find(|(webhooks, _)| webhooks.contains(index))
            .map_or(&self.payload, |(_, payload)| payload)
    }

    fn cost(&self) -> usize {
        let redacted = self.redacted.iter().map(|(_, payload)| payload.len());
        self.payload.len() + redacted.sum::<usize>() + ENTRY_OVERHEAD_BYTES
    }
}

fn millis(duration: Duration) -> SteadyMillis {
    SteadyMillis::try_from(duration.as_millis()).unwrap_or(SteadyMillis::MAX)
}
