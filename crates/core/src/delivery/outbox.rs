//! The table of batches and events on this worker: taking events in and giving verdicts out.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use rustc_hash::FxHashMap;
use slotmap::SlotMap;

use super::batch::{Batch, BatchKey, Decision, Verdict};
use super::budget::Budget;
use super::calls::{Attempt, Lane};
use super::entry::{Entry, EntryKey, Waiter};

use super::schedule::Schedule;
use super::table::{Claim, EventId, Owner, Resume, Shared, State, Table};
use super::time::ELSEWHERE_EVERY;
use super::webhook_set::WebhookSet;
use super::{millis, Event, TOTAL_TIMEOUT};
use crate::clock::SteadyMillis;
use crate::config::Config;
use crate::intake::Report;
use crate::observe::{Counter, EventOutcome, HeldOutcome, Observe};

/// The least that a `Retry-After` says: header values are whole seconds.
const LEAST_WAIT: Duration = Duration::from_secs(1);
/// `Retry-After` when there is no room: long enough for a round of deliveries to end.
const OVERLOADED_WAIT: Duration = Duration::from_secs(2);

/// The delivery machine of one plugin on one worker. `T` is what the caller makes an answer from.
#[derive(Debug)]
pub struct Outbox<T> {
    pub(super) config: Rc<Config>,
    pub(super) table: Table,
    pub(super) random: fastrand::Rng,
    pub(super) observe: Observe,

    pub(super) entries: SlotMap<EntryKey, Entry>,
    /// No client can make keys collide in it: they are keyed hashes themselves.
    pub(super) by_id: FxHashMap<EventId, EntryKey>,
    pub(super) batches: SlotMap<BatchKey, Batch<T>>,
    /// Batches by deadline: they are opened in its order.
    pub(super) deadlines: VecDeque<(SteadyMillis, BatchKey)>,
    verdicts: VecDeque<(u32, T, Verdict)>,

    pub(super) lanes: Vec<Lane>,
    pub(super) attempts: FxHashMap<u32, Attempt>,
    /// When attempts are next checked for calls that the host never ended.
    pub(super) sweep_at: SteadyMillis,
    /// Bytes of events that are not held.
    pub(super) bytes: usize,
    /// Waiting deliveries of events that a webhook has already.
    pub(super) sheddable: usize,

    pub(super) schedule: Schedule,
    pub(super) budget: Budget,

    /// Events that another worker is delivering for an earlier request.
    pub(super) elsewhere: Vec<(Event, BatchKey)>,
    pub(super) elsewhere_at: SteadyMillis,
    pub(super) pulse_at: SteadyMillis,
}

/// What became of a submission.
#[derive(Debug, PartialEq, Eq)]
pub enum Submitted<T> {
    /// The verdict will come from [`Outbox::next_verdict`].
    Pending,
    /// There is nothing to wait for.
    Decided(T, Verdict),
}

/// There is no room; nothing was taken.
#[derive(Debug, PartialEq, Eq)]
pub struct Overloaded<T> {
    /// Given back.
    pub ticket: T,
    /// When to try again.
    pub after: Duration,
}

impl<T> Outbox<T> {
    /// An empty outbox. `owner` must be new for each; `seed` feeds the jitter.
    #[must_use]
    pub fn new(config: Rc<Config>, owner: Owner, seed: u64, now: SteadyMillis) -> Self {
        Self {
            table: Table::new(owner, config.dedupe.slots, config.dedupe.window),
            random: fastrand::Rng::with_seed(seed),
            observe: Observe::new(&config.webhooks),
            entries: SlotMap::with_key(),
            by_id: FxHashMap::default(),
            batches: SlotMap::with_key(),
            deadlines: VecDeque::new(),
            verdicts: VecDeque::new(),
            lanes: config.webhooks.iter().map(|_| Lane::default()).collect(),
            attempts: FxHashMap::default(),
            sweep_at: 0,
            bytes: 0,
            sheddable: 0,
            schedule: Schedule::default(),
            budget: Budget::new(now),
            elsewhere: Vec::new(),
            elsewhere_at: 0,
            pulse_at: 0,
            config,
        }
    }

    /// Takes the events of one collection request, whole or not at all.
    ///
    /// # Errors
    ///
    /// [`Overloaded`] when the events do not fit `limits.max_in_flight_bytes`.
    pub fn submit(
        &mut self,
        ticket: T,
        stream: u32,
        events: Vec<Event>,
        now: SteadyMillis,
        shared: &mut dyn Shared,
    ) -> Result<Submitted<T>, Overloaded<T>> {
        if events.is_empty() {
            return Ok(Submitted::Decided(ticket, Verdict::Accepted));
        }
        let cost = events.iter().map(Event::cost).sum();
        if !self.make_room(cost, now, shared) {
            let after = OVERLOADED_WAIT;
            return Err(Overloaded { ticket, after });
        }
        self.renew_pulse(now, shared);
        let deadline = now.saturating_add(millis(TOTAL_TIMEOUT));
        let batch = self
            .batches
            .insert(Batch::new(ticket, stream, events.len()));
        for event in events {
            self.admit(event, batch, now, shared);
        }
        match self.take_ready(batch, now) {
            Some((_, ticket, verdict)) => Ok(Submitted::Decided(ticket, verdict)),
            None => {
                self.deadlines.push_back((deadline, batch));
                Ok(Submitted::Pending)
            }
        }
    }

    /// The next verdict: the stream that waits for it, what was submitted with the events, and what to say.
    pub fn next_verdict(&mut self) -> Option<(u32, T, Verdict)> {
        self.verdicts.pop_front()
    }

    /// Counts and log lines.
    pub fn observe(&mut self) -> &mut Observe {
        &mut self.observe
    }

    /// Counts one.
    pub fn count(&mut self, counter: Counter) {
        self.observe.count(counter);
    }

    /// Puts a line into the log for the events of a request that could not be delivered.
    pub fn note_invalid(&mut self, report: &Report, now: SteadyMillis) {
        self.observe.log_lines.invalid(report, now);
    }

    /// Bytes of events that are waiting or in flight and not kept.
    #[must_use]
    pub fn in_flight_bytes(&self) -> usize {
        self.bytes
    }

    /// Events kept to be tried again.
    #[must_use]
    pub fn held_events(&self) -> usize {
        self.schedule.events
    }

    /// Is a call under way?
    #[must_use]
    pub fn has_calls(&self) -> bool {
        !self.attempts.is_empty()
    }

    /// Nothing is in flight, kept or waited for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.batches.is_empty() && self.elsewhere.is_empty()
    }

    pub(super) fn admit(
        &mut self,
        event: Event,
        batch: BatchKey,
        now: SteadyMillis,
        shared: &mut dyn Shared,
    ) {
        let Some(id) = event.id else {
            self.start(event, batch, now);
            return;
        };
        if let Some(key) = self.by_id.get(&id) {
            self.join(*key, batch, now, shared);
            return;
        }
        match self.table.claim(id, now, shared) {
            Claim::Ours => self.start(event, batch, now),
            Claim::Accepted => {
                self.count(Counter::Events(Some(event.kind), EventOutcome::Duplicate));
                self.decide(batch, Decision::Accepted);
                self.settle(batch);
            }
            Claim::Elsewhere => {
                self.bytes += event.cost();
                // Those that wait already are not to wait longer for this one.
                if self.elsewhere.is_empty() {
                    self.elsewhere_at = now.saturating_add(ELSEWHERE_EVERY);
                }
                self.elsewhere.push((event, batch));
            }
        }
    }

    fn start(&mut self, event: Event, batch: BatchKey, now: SteadyMillis) {
        self.bytes += event.cost();
        let (id, wanted) = (event.id, event.wanted);
        let mut entry = Entry::new(event);
        entry.waiters.push(Waiter {
            batch,
            brought_it: true,
        });
        let key = self.entries.insert(entry);
        if let Some(id) = id {
            self.by_id.insert(id, key);
        }
        self.begin_round(key, wanted, false, now);
    }

    /// A request brings an event that is here already.
    fn join(&mut self, key: EntryKey, batch: BatchKey, now: SteadyMillis, shared: &mut dyn Shared) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        entry.waiters.push(Waiter {
            batch,
            brought_it: false,
        });
        let (kind, id) = (entry.event.kind, entry.event.id);
        if entry.is_accepted() {
            self.count(Counter::Events(Some(kind), EventOutcome::Duplicate));
            self.decide(batch, Decision::Accepted);
        } else if entry.round_is_over() {
            // It is kept; the SDK has asked again, so the next round starts now.
            let reachable = entry.reachable();
            match self.resume(id, now, shared) {
                Resume::Ours => self.begin_round(key, reachable, false, now),
                Resume::Busy | Resume::Gone => self.hand_to_other_worker(key, now, shared),
            }
        }
    }

    pub(super) fn begin_round(
        &mut self,
        key: EntryKey,
        webhooks: WebhookSet,
        is_retry: bool,
        now: SteadyMillis,
    ) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        entry.waiting = webhooks;
        entry.wish = None;
        entry.is_retry = is_retry;
        entry.deadline = now.saturating_add(millis(TOTAL_TIMEOUT));
        for webhook in webhooks.iter() {
            if let Some(lane) = self.lanes.get_mut(webhook) {
                lane.ready.push_back(key);
            }
        }
    }

    /// The first webhook has the event.
    pub(super) fn accepted(&mut self, key: EntryKey, now: SteadyMillis, shared: &mut dyn Shared) {
        let Some(entry) = self.entries.get(key) else {
            return;
        };
        self.sheddable += entry.waiting.len();
        let (kind, is_held, waiters) = (
            entry.event.kind,
            entry.held.is_some(),
            entry.waiters.clone(),
        );
        if let Some(id) = entry.event.id {
            self.table.settle(id, State::Accepted, now, shared);
        }
        if is_held {
            self.count(Counter::Held(HeldOutcome::Delivered));
        }
        for waiter in waiters {
            let outcome = if waiter.brought_it {
                EventOutcome::Accepted
            } else {
                EventOutcome::Duplicate
            };
            self.count(Counter::Events(Some(kind), outcome));
            self.decide(waiter.batch, Decision::Accepted);
            self.push_ready(waiter.batch, now);
        }
    }

    pub(super) fn decide(&mut self, batch: BatchKey, decision: Decision) {
        if let Some(batch) = self.batches.get_mut(batch) {
            batch.decide(decision);
        }
    }

    pub(super) fn settle(&mut self, batch: BatchKey) {
        if let Some(batch) = self.batches.get_mut(batch) {
            batch.settle();
        }
    }

    /// Queues the batch's verdict if it has nothing left to wait for.
    pub(super) fn push_ready(&mut self, batch: BatchKey, now: SteadyMillis) {
        if let Some(verdict) = self.take_ready(batch, now) {
            self.verdicts.push_back(verdict);
        }
    }

    /// Queues the batch's verdict as it stands.
    pub(super) fn push_overdue(&mut self, batch: BatchKey, now: SteadyMillis) {
        if let Some(batch) = self.batches.remove(batch) {
            let verdict = batch.verdict(now, LEAST_WAIT);
            self.verdicts
                .push_back((batch.stream, batch.ticket, verdict));
        }
    }

    fn take_ready(&mut self, key: BatchKey, now: SteadyMillis) -> Option<(u32, T, Verdict)> {
        let batch = self.batches.get(key)?;
        if !batch.is_ready(self.config.acknowledge) {
            return None;
        }
        let verdict = batch.verdict(now, LEAST_WAIT);
        let batch = self.batches.remove(key)?;
        Some((batch.stream, batch.ticket, verdict))
    }
}
