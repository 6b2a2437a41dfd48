//! One event on its way to its webhooks.

use std::time::Duration;

use slotmap::new_key_type;

use super::batch::BatchKey;
use super::webhook_set::WebhookSet;
use super::Event;
use crate::clock::SteadyMillis;

new_key_type! {
    /// Names an entry for as long as the event is in the outbox.
    pub(super) struct EntryKey;
}

/// A batch that waits for an entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiter {
    pub(super) batch: BatchKey,
    /// It brought the event; the others sent it again.
    pub(super) brought_it: bool,
}

/// Set once every webhook has failed the event and it is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub(super) expires: SteadyMillis,
    /// When the next round is due; meaningless while one is under way.
    pub(super) due: SteadyMillis,
}

/// One event on its way to its webhooks, in rounds: one attempt at each webhook that may still take it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) event: Event,
    /// This round's deliveries whose turn has not come.
    pub(super) waiting: WebhookSet,
    /// This round's deliveries with a call under way.
    pub(super) in_flight: WebhookSet,
    pub(super) delivered: WebhookSet,
    /// Webhooks that refused it for good.
    pub(super) refused: WebhookSet,
    pub(super) waiters: Vec<Waiter>,
    /// When this round ends.
    pub(super) deadline: SteadyMillis,
    /// Rounds that every webhook failed.
    pub(super) failed_rounds: u32,
    /// The longest pause that a webhook asked for in this round.
    pub(super) wish: Option<Duration>,
    /// This round is a retry of ours and not an SDK's request.
    pub(super) is_retry: bool,
    pub(super) held: Option<Held>,
}

impl Entry {
    pub(super) fn new(event: Event) -> Self {
        Self {
            event,
            waiting: WebhookSet::EMPTY,
            in_flight: WebhookSet::EMPTY,
            delivered: WebhookSet::EMPTY,
            refused: WebhookSet::EMPTY,
            waiters: Vec::new(),
            deadline: 0,
            failed_rounds: 0,
            wish: None,
            is_retry: false,
            held: None,
        }
    }

    pub(super) fn is_accepted(&self) -> bool {
        !self.delivered.is_empty()
    }

    pub(super) fn round_is_over(&self) -> bool {
        self.waiting.is_empty() && self.in_flight.is_empty()
    }

    /// The webhooks that another round may reach.
    pub(super) fn reachable(&self) -> WebhookSet {
        self.event.wanted.minus(self.refused)
    }
}
