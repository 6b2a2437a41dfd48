//! Deliveries, attempts and verdicts: everything between an event and its webhooks.
//!
//! [`Outbox`] is a state machine without input or output. It is told what happens (`handle_*`) and
//! asked what to do (`poll_*`); every rule of delivery is in it, and a test of a rule needs a fake
//! clock and nothing else.
//!
//! An event is in the outbox once, however many requests carry it: requests that send it again
//! while it is there wait for the same outcome.
//!
//! The parts own what they know. `rounds`, `retrying` and `dropping` are the order in which an
//! event goes through them.

mod admission;
mod ages;
mod attempts;
mod batches;
mod bundle;
mod call;
mod call_cost;
mod claimed_by_other;
mod claims;
mod concurrency;
mod dead_letter;
pub mod dedupe;
mod dropping;
mod entry;
mod event;
mod handover;
mod key;
pub mod levels;
pub mod obstacle;
pub mod outcome;
mod pace;
mod past;
mod queues;
mod ready;
mod recording;
pub mod retry;
mod retry_now;
mod retrying;
mod rounds;
pub(crate) mod same_webhook;
mod sheddable;
mod shedding;
mod state;
mod store;
#[cfg(test)]
mod tests;
mod timers;
mod too_late;
mod turn;
pub mod webhook_set;
mod without_call;

use std::rc::Rc;
use std::time::Duration;

use crate::clock::{millis, SteadyMillis, UnixSeconds};
use crate::config::Config;
use crate::gathered::GatheredBytes;
use crate::quota::Quota;

use self::attempts::{Attempt, Attempts};
use self::batches::Batches;
use self::claimed_by_other::ClaimedByOther;
use self::dedupe::{DedupeTable, Owner};
use self::outcome::{CallResponse, NotSent, Outcome};
use self::queues::Queues;
use self::retry::budget::Budget;
use self::retry::policy::Policy;
use self::retry::schedule::Schedule;
use self::store::Store;
use self::timers::{Timer, Timers};

pub use self::batches::Verdict;
pub use self::call::Call;
pub use self::event::{PreparedEvent, DELIVERY_OVERHEAD_BYTES, ENTRY_OVERHEAD_BYTES};
pub use self::handover::Handover;
pub use self::state::{OutboxState, WebhookState};
pub use self::turn::Turn;

/// All webhooks of an event together have this long (seed, "Considerations").
pub const TOTAL_TIMEOUT: Duration = Duration::from_secs(25);

/// `Retry-After` when there is no room: long enough for a round of deliveries to end.
pub(crate) const OVERLOADED_RETRY_AFTER: Duration = Duration::from_secs(2);

/// Deliveries that may end in one turn of the host's loop without a call that ends, and held events
/// that may be looked at in it. Each takes some 10 µs, and tens of thousands may be due at once.
const MOST_IN_A_TURN: usize = 512;

/// The delivery machine of one plugin on one worker. The caller makes an answer from `T`.
#[derive(Debug)]
pub struct Outbox<T> {
    config: Rc<Config>,
    random: fastrand::Rng,
    timers: Timers,
    dedupe: DedupeTable,
    claimed_by_other: ClaimedByOther,
    store: Store,
    /// Bodies that are coming in take a part of the room for events.
    gathered: GatheredBytes,
    batches: Batches<T>,
    queues: Queues,
    attempts: Attempts,
    call_quota: Quota,
    step_quota: Quota,
    policy: Policy,
    schedule: Schedule,
    budget: Budget,
}

impl<T> Outbox<T> {
    /// An empty outbox. `owner` must be new for each; `seed` feeds the jitter.
    #[must_use]
    pub fn new(config: Rc<Config>, owner: Owner, seed: u64, now: SteadyMillis) -> Self {
        let limits = &config.limits;
        Self {
            random: fastrand::Rng::with_seed(seed),
            timers: Timers::default(),
            dedupe: DedupeTable::new(owner, config.dedupe.slots, config.dedupe.window),
            claimed_by_other: ClaimedByOther::default(),
            store: Store::default(),
            gathered: GatheredBytes::default(),
            batches: Batches::new(config.acknowledge),
            queues: Queues::new(&config.webhooks, limits),
            attempts: Attempts::default(),
            call_quota: call_cost::quota(),
            step_quota: Quota::new(MOST_IN_A_TURN as u64, MOST_IN_A_TURN as u64 / 8),
            policy: Policy::new(&config),
            schedule: Schedule::default(),
            budget: Budget::new(now),
            config,
        }
    }

    /// Takes the events of one collection request, whole or not at all. The verdict comes from
    /// [`Outbox::poll_verdict`], and it may be there at once.
    pub fn handle_events(
        &mut self,
        ticket: T,
        stream: u32,
        events: Vec<PreparedEvent>,
        turn: &mut Turn<'_>,
    ) {
        let cost = events.iter().map(PreparedEvent::cost).sum();
        if !events.is_empty() && !self.make_room(cost, turn) {
            let after = OVERLOADED_RETRY_AFTER;
            let verdict = Verdict::Overloaded { after };
            return self.batches.push_verdict(stream, ticket, verdict);
        }
        let batch = self.batches.open(ticket, stream, events.len());
        if !events.is_empty() {
            self.beat(turn);
        }
        let mut events = events.into_iter();
        while !events.as_slice().is_empty() {
            let claims = self.claim_first(events.as_slice(), turn);
            for (claim, event) in claims.into_iter().zip(&mut events) {
                self.admit(event, claim, batch, turn);
            }
        }
        let deadline = turn.now.saturating_add(millis(TOTAL_TIMEOUT));
        self.batches
            .answer_by(batch, deadline, turn.now, &mut self.timers);
    }

    /// The next call to make; [`Outbox::handle_dispatched`] must be told how that went. `unix`
    /// gives the time in seconds since 1970-01-01T00:00:00Z, and is asked for calls that are
    /// signed.
    pub fn poll_call(
        &mut self,
        turn: &mut Turn<'_>,
        unix: impl FnOnce() -> UnixSeconds,
    ) -> Option<Call> {
        // The host has a copy of each body for as long as its call takes.
        if self.attempts.bytes() >= self.config.limits.max_in_flight_bytes {
            return None;
        }
        if self.call_quota.is_used_up() {
            return None;
        }
        loop {
            let (webhook, first) = self.queues.pop(turn.now, &mut self.timers)?;
            if !self.begin_delivery(webhook, first.key, turn) {
                if self.step_quota.is_used_up() {
                    self.restart_queues(turn);
                    return None;
                }
                continue;
            }
            self.queues.begin_call(webhook, turn.now);
            let bundle = self.begin_bundle(webhook, &first, turn);
            let attempt = Attempt::new(webhook, first.key, bundle, turn.now);
            let random = &mut self.random;
            let call = Call::new(&self.config, attempt, &self.store, turn.now, unix, random)?;
            let cost = call_cost::nanos(call.body().len(), call.signatures());
            self.call_quota.take(cost, turn.now);
            self.timers
                .set(Timer::Calls, self.call_quota.wants_tick(turn.now));
            return Some(call);
        }
    }

    /// Says whether the host made the call: its token, or why not.
    pub fn handle_dispatched(
        &mut self,
        call: &Call,
        made: Result<u32, NotSent>,
        turn: &mut Turn<'_>,
    ) {
        let attempt = call.attempt();
        match made {
            Ok(token) => self.attempts.insert(token, attempt, &mut self.timers),
            Err(reason) => self.end_attempt(attempt, Outcome::NotSent(reason), turn),
        }
    }

    /// A call has ended. A token that is not known, or has ended before, is ignored.
    pub fn handle_response(&mut self, token: u32, response: &CallResponse, turn: &mut Turn<'_>) {
        let (now, timers) = (turn.now, &mut self.timers);
        turn.status = response.status;
        if let Some((attempt, outcome)) = self.attempts.remove(token, response, now, timers) {
            self.end_attempt(attempt, outcome, turn);
        }
    }

    /// Does whatever is due.
    pub fn handle_timeout(&mut self, turn: &mut Turn<'_>) {
        let now = turn.now;
        self.step_quota.on_tick(now);
        // The heartbeat also goes out for events that this worker waits for: it may claim them in a
        // moment.
        let has_events = !self.store.is_empty() || !self.claimed_by_other.is_empty();
        if has_events || self.dedupe.has_news() {
            self.beat(turn);
        }
        if self.timers.expire(Timer::Queue, now) {
            self.end_overdue_rounds(turn);
        }
        // Deliveries that have waited for others, or for a turn of the loop, go with the next call
        // that is asked for.
        self.timers.expire(Timer::Bundle, now);
        self.call_quota.on_tick(now);
        self.timers
            .set(Timer::Calls, self.call_quota.wants_tick(now));
        if self.timers.expire(Timer::LostCall, now) {
            for attempt in self.attempts.remove_lost(now, &mut self.timers) {
                self.end_attempt(attempt, Outcome::Timeout, turn);
            }
        }
        if self.timers.expire(Timer::Batch, now) {
            self.batches.answer_overdue(now, &mut self.timers);
        }
        if self.timers.expire(Timer::ClaimedByOther, now) {
            self.claim_again(turn);
        }
        if self.timers.expire(Timer::Retry, now) {
            self.retry_due(turn);
        }
    }

    /// The next verdict: the stream that waits for it, what came with the events, and what to say.
    pub fn poll_verdict(&mut self) -> Option<(u32, T, Verdict)> {
        self.batches.poll_verdict()
    }

    /// When [`Outbox::handle_timeout`] is next needed; `None` while nothing waits for time.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<SteadyMillis> {
        self.timers.next()
    }

    /// Gives up held events that no round is under way for, so that a newer configuration can take
    /// them: as many as one turn of the loop may move.
    pub fn take_held(&mut self, turn: &mut Turn<'_>) -> Vec<Handover> {
        let keys: Vec<_> = self.store.resting().take(MOST_IN_A_TURN).collect();
        keys.into_iter()
            .filter_map(|key| self.release(key, turn))
            .collect()
    }

    /// Takes over an event that an older configuration held.
    pub fn adopt(&mut self, handover: Handover, turn: &mut Turn<'_>) {
        self.take_over(handover, turn);
    }

    /// Bytes of events that are waiting or in flight and not held.
    #[must_use]
    pub fn in_flight_bytes(&self) -> usize {
        self.store.in_flight_bytes()
    }

    /// Events held to be tried again.
    #[must_use]
    pub fn held_events(&self) -> usize {
        self.store.held_events()
    }

    /// Is a call under way?
    #[must_use]
    pub fn has_calls(&self) -> bool {
        !self.attempts.is_empty()
    }

    /// Nothing is in flight, held or waited for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.store.is_empty() && self.batches.is_empty() && self.claimed_by_other.is_empty()
    }
}
