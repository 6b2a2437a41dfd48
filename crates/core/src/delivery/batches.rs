//! The requests that wait: one batch for each collection request, with its deadline and its
//! verdict.

use std::collections::VecDeque;
use std::time::Duration;

use slotmap::{new_key_type, SlotMap};

use super::timers::{Timer, Timers};
use crate::clock::SteadyMillis;
use crate::config::Acknowledge;

new_key_type! {
    /// Names a batch for as long as it is open.
    pub(super) struct BatchKey;
}

/// The least that a `Retry-After` says: header values are whole seconds.
const MIN_RETRY_AFTER: Duration = Duration::from_secs(1);

/// The answer that the SDK gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Each event has reached at least one webhook, or is known to be refused by all.
    Accepted {
        /// The events that were sent again although every webhook has refused them for good, by
        /// [`super::PreparedEvent::index`].
        refused: Vec<u32>,
    },
    /// At least one event has reached no webhook.
    Retry {
        /// When sending it again makes sense.
        after: Duration,
        /// Every such event is held here and will be tried again without the SDK.
        held: bool,
        /// How many such events there are.
        failed: u32,
    },
    /// There is no room: nothing was taken.
    Overloaded {
        /// When sending it again makes sense.
        after: Duration,
    },
}

/// How an event ended for one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Accepted,
    /// Every webhook had refused the event for good before; its index in the request.
    Refused(u32),
    Failed {
        /// When the event is tried again, if it is held.
        held_until: Option<SteadyMillis>,
    },
}

/// The open half of a collection request: what its one answer still waits for.
#[derive(Debug)]
struct Batch<T> {
    /// The answer is made from it; the outbox does not look into it.
    ticket: T,
    stream: u32,
    /// Events without a decision.
    undecided: usize,
    /// Events with a delivery that has not ended.
    unsettled: usize,
    failed: usize,
    not_held: usize,
    refused: Vec<u32>,
    next_due: Option<SteadyMillis>,
}

/// The requests that wait for their answer, and the answers that wait to be given.
#[derive(Debug)]
pub(super) struct Batches<T> {
    acknowledge: Acknowledge,
    open: SlotMap<BatchKey, Batch<T>>,
    /// The batches in the order in which they were opened, which is that of their deadlines. A
    /// closed one may still be among them.
    deadlines: VecDeque<(SteadyMillis, BatchKey)>,
    verdicts: VecDeque<(u32, T, Verdict)>,
}

impl<T> Batches<T> {
    pub(super) fn new(acknowledge: Acknowledge) -> Self {
        Self {
            acknowledge,
            open: SlotMap::with_key(),
            deadlines: VecDeque::new(),
            verdicts: VecDeque::new(),
        }
    }

    /// Opens a batch of this many events.
    pub(super) fn open(&mut self, ticket: T, stream: u32, events: usize) -> BatchKey {
        self.open.insert(Batch {
            ticket,
            stream,
            undecided: events,
            unsettled: events,
            failed: 0,
            not_held: 0,
            refused: Vec::new(),
            next_due: None,
        })
    }

    /// Answers the batch now if nothing keeps it open, and else at its deadline at the latest.
    pub(super) fn answer_by(
        &mut self,
        key: BatchKey,
        deadline: SteadyMillis,
        now: SteadyMillis,
        timers: &mut Timers,
    ) {
        if !self.answer_if_ready(key, now, timers) {
            self.deadlines.push_back((deadline, key));
            timers.start(Timer::Batch, deadline);
        }
    }

    /// One event of the batch is decided.
    pub(super) fn decide(&mut self, key: BatchKey, decision: Decision) {
        let Some(batch) = self.open.get_mut(key) else {
            return;
        };
        batch.undecided = batch.undecided.saturating_sub(1);
        match decision {
            Decision::Accepted => {}
            Decision::Refused(index) => batch.refused.push(index),
            Decision::Failed { held_until } => {
                batch.failed += 1;
                let next = [batch.next_due, held_until].into_iter().flatten().min();
                batch.next_due = next;
                batch.not_held += usize::from(held_until.is_none());
            }
        }
    }

    /// Every delivery of one event of the batch has ended.
    pub(super) fn settle(&mut self, key: BatchKey) {
        if let Some(batch) = self.open.get_mut(key) {
            batch.unsettled = batch.unsettled.saturating_sub(1);
        }
    }

    /// Answers the batch if it has nothing left to wait for; says whether it has.
    pub(super) fn answer_if_ready(
        &mut self,
        key: BatchKey,
        now: SteadyMillis,
        timers: &mut Timers,
    ) -> bool {
        let is_ready = self.open.get(key).is_some_and(|batch| {
            0 == match self.acknowledge {
                Acknowledge::FirstAcceptance => batch.undecided,
                Acknowledge::Settled => batch.unsettled,
            }
        });
        if is_ready {
            self.answer(key, now);
            self.restart(timers);
        }
        is_ready
    }

    /// Answers each batch whose deadline has come with what is decided by now.
    pub(super) fn answer_overdue(&mut self, now: SteadyMillis, timers: &mut Timers) {
        while let Some((_, key)) = self.deadlines.front().filter(|(due, _)| *due <= now) {
            let key = *key;
            self.deadlines.pop_front();
            self.answer(key, now);
        }
        self.restart(timers);
    }

    fn answer(&mut self, key: BatchKey, now: SteadyMillis) {
        if let Some(batch) = self.open.remove(key) {
            let (stream, ticket, verdict) = batch.into_verdict(now);
            self.push_verdict(stream, ticket, verdict);
        }
    }

    /// Starts the timer for the next open batch.
    fn restart(&mut self, timers: &mut Timers) {
        while let Some((deadline, key)) = self.deadlines.front() {
            if self.open.contains_key(*key) {
                return timers.set(Timer::Batch, Some(*deadline));
            }
            self.deadlines.pop_front();
        }
        timers.set(Timer::Batch, None);
    }

    /// Queues a verdict for which no batch is open.
    pub(super) fn push_verdict(&mut self, stream: u32, ticket: T, verdict: Verdict) {
        self.verdicts.push_back((stream, ticket, verdict));
    }

    /// The next verdict to give.
    pub(super) fn poll_verdict(&mut self) -> Option<(u32, T, Verdict)> {
        self.verdicts.pop_front()
    }

    pub(super) fn is_open(&self, key: BatchKey) -> bool {
        self.open.contains_key(key)
    }

    /// Nobody waits, and nothing is to be told.
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty() && self.verdicts.is_empty()
    }
}

impl<T> Batch<T> {
    /// The verdict as it stands; an event without a decision counts as failed.
    fn into_verdict(self, now: SteadyMillis) -> (u32, T, Verdict) {
        let failed = self.failed + self.undecided;
        if failed == 0 {
            let refused = self.refused;
            return (self.stream, self.ticket, Verdict::Accepted { refused });
        }
        let until_due = self.next_due.map_or(0, |due| due.saturating_sub(now));
        let verdict = Verdict::Retry {
            after: Duration::from_millis(until_due).max(MIN_RETRY_AFTER),
            held: self.not_held + self.undecided == 0,
            failed: u32::try_from(failed).unwrap_or(u32::MAX),
        };
        (self.stream, self.ticket, verdict)
    }
}
