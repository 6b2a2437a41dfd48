//! One collection request's stake in its events.

use std::time::Duration;

use slotmap::new_key_type;

use crate::clock::SteadyMillis;
use crate::config::Acknowledge;

new_key_type! {
    /// Names a batch for as long as it is open.
    pub(super) struct BatchKey;
}

/// What the SDK is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Each event has reached at least one webhook.
    Accepted,
    /// At least one event has reached no webhook.
    Retry {
        /// When sending it again makes sense.
        after: Duration,
        /// Every such event is kept here and will be tried again without the SDK.
        kept: bool,
        /// How many such events there are.
        failed: u32,
    },
}

/// How an event ended for one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Accepted,
    Failed {
        /// When the event is tried again, if it is kept.
        kept_until_due: Option<SteadyMillis>,
    },
}

/// The open half of a collection request: what its one answer still waits for.
#[derive(Debug)]
pub(super) struct Batch<T> {
    /// What the answer will be made from; the machine does not look into it.
    pub(super) ticket: T,
    pub(super) stream: u32,
    /// Events without a verdict.
    undecided: usize,
    /// Events with a delivery that has not ended.
    unsettled: usize,
    failed: usize,
    not_kept: usize,
    next_due: Option<SteadyMillis>,
}

impl<T> Batch<T> {
    pub(super) fn new(ticket: T, stream: u32, events: usize) -> Self {
        Self {
            ticket,
            stream,
            undecided: events,
            unsettled: events,
            failed: 0,
            not_kept: 0,
            next_due: None,
        }
    }

    pub(super) fn decide(&mut self, decision: Decision) {
        self.undecided = self.undecided.saturating_sub(1);
        if let Decision::Failed { kept_until_due } = decision {
            self.failed += 1;
            match kept_until_due {
                Some(due) => self.next_due = Some(self.next_due.map_or(due, |next| next.min(due))),
                None => self.not_kept += 1,
            }
        }
    }

    pub(super) fn settle(&mut self) {
        self.unsettled = self.unsettled.saturating_sub(1);
    }

    pub(super) fn is_ready(&self, acknowledge: Acknowledge) -> bool {
        match acknowledge {
            Acknowledge::FirstAcceptance => self.undecided == 0,
            Acknowledge::Settled => self.unsettled == 0,
        }
    }

    /// The verdict as it stands; an event without one counts as failed.
    pub(super) fn verdict(&self, now: SteadyMillis, least_wait: Duration) -> Verdict {
        let failed = self.failed + self.undecided;
        if failed == 0 {
            return Verdict::Accepted;
        }
        let until_due = self.next_due.map_or(0, |due| due.saturating_sub(now));
        Verdict::Retry {
            after: Duration::from_millis(until_due).max(least_wait),
            kept: self.not_kept + self.undecided == 0,
            failed: u32::try_from(failed).unwrap_or(u32::MAX),
        }
    }
}
