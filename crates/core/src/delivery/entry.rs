//! One event on its way to its webhooks.

use std::time::Duration;

use super::batches::BatchKey;
use super::dead_letter::DeadLetter;
use super::dedupe::EventId;
use super::event::PreparedEvent;
use super::key::EntryKey;
use super::outcome::Outcome;
use super::past::Past;
use super::ready::Waiting;
use super::sheddable::Place;
use super::webhook_set::WebhookSet;
use crate::clock::SteadyMillis;
use crate::observe::labels::DeliveryOutcome;

/// After so many failed rounds an event may still share a call with as many as its webhook takes.
const FULL_ROUNDS: u32 = 2;

/// A batch that waits for an entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiter {
    pub(super) batch: BatchKey,
    /// The event's place in that request.
    pub(super) index: u32,
    /// It brought the event; the others sent it again.
    pub(super) brought_it: bool,
}

/// Set once a round has failed and the event is held for another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub(super) expires: SteadyMillis,
    /// When the next round is due; meaningless while one is under way.
    pub(super) due: SteadyMillis,
}

/// One event on its way to its webhooks, in rounds: one attempt at each webhook that may still take
/// it.
#[derive(Debug)]
pub(super) struct Entry {
    event: PreparedEvent,
    /// Bytes of memory, as they were counted when it came in.
    cost: usize,
    /// This round's deliveries whose turn has not come.
    waiting: WebhookSet,
    /// This round's deliveries with a call under way.
    in_flight: WebhookSet,
    delivered: WebhookSet,
    past: Past,
    waiters: Vec<Waiter>,
    /// When this round ends.
    deadline: SteadyMillis,
    /// A call has been made in this round.
    was_called: bool,
    /// The longest pause that a webhook asked for in this round.
    retry_after: Option<Duration>,
    /// This round is a retry of ours and not an SDK's request.
    is_retry: bool,
    held: Option<Held>,
    /// When this worker claimed it; `None` once its outcome has been recorded.
    claim: Option<SteadyMillis>,
    shed_place: Option<Place>,
}

impl Entry {
    /// An event that has not been tried.
    pub(super) fn new(event: PreparedEvent) -> Self {
        Self::with_past(event, Past::none())
    }

    /// An event that an older configuration held.
    pub(super) fn with_past(event: PreparedEvent, past: Past) -> Self {
        Self {
            cost: event.cost(),
            event,
            waiting: WebhookSet::EMPTY,
            in_flight: WebhookSet::EMPTY,
            delivered: WebhookSet::EMPTY,
            past,
            waiters: Vec::new(),
            deadline: 0,
            was_called: false,
            retry_after: None,
            is_retry: false,
            held: None,
            claim: None,
            shed_place: None,
        }
    }

    pub(super) fn event(&self) -> &PreparedEvent {
        &self.event
    }

    /// Bytes of memory, for the bounds: the same for as long as it is here.
    pub(super) fn cost(&self) -> usize {
        self.cost
    }

    pub(super) fn into_event(self) -> PreparedEvent {
        self.event
    }

    pub(super) fn into_event_and_past(self) -> (PreparedEvent, Past) {
        (self.event, self.past)
    }

    /// Begins a round: one delivery to each of these webhooks waits for its turn.
    pub(super) fn begin_round(
        &mut self,
        webhooks: WebhookSet,
        is_retry: bool,
        deadline: SteadyMillis,
    ) {
        self.waiting = webhooks;
        self.retry_after = None;
        self.was_called = false;
        self.is_retry = is_retry;
        self.deadline = deadline;
    }

    /// Its place in the queue of a webhook that takes `share` events in one call. An event that the
    /// webhook has refused before has a call of its own. So has a dead letter, because its headers
    /// are about it alone.
    ///
    /// The calls of an event that keeps failing become smaller with each round: the webhook may
    /// fail because of one event, and would never get those that share its calls.
    pub(super) fn waiting_for(
        &self,
        webhook: usize,
        key: EntryKey,
        too_late: SteadyMillis,
        share: u32,
    ) -> Waiting {
        let goes_alone = self.refusals(webhook) > 0 || self.past.dead_letter.is_some();
        let halvings = self.past.failed_rounds.saturating_sub(FULL_ROUNDS);
        let share = (share >> halvings.min(31)).max(1);
        let bytes = self.event.payload_for(webhook).len();
        Waiting {
            too_late,
            key,
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
            share: if goes_alone { 1 } else { share },
        }
    }

    /// The delivery's turn has come: its call is under way.
    pub(super) fn begin_call(&mut self, webhook: usize) {
        self.waiting.remove(webhook);
        self.in_flight.insert(webhook);
        self.was_called = true;
    }

    /// The call has ended.
    pub(super) fn end_call(&mut self, webhook: usize) {
        self.in_flight.remove(webhook);
    }

    /// The call has ended and decided nothing: the delivery waits for another turn.
    pub(super) fn wait_again(&mut self, webhook: usize) {
        self.in_flight.remove(webhook);
        self.waiting.insert(webhook);
    }

    /// The delivery ends, if need be before its turn has come.
    pub(super) fn stop_waiting(&mut self, webhook: usize) {
        self.waiting.remove(webhook);
    }

    /// The webhook has the event; says whether it is the first.
    pub(super) fn deliver(&mut self, webhook: usize) -> bool {
        self.delivered.insert(webhook);
        !std::mem::replace(&mut self.past.is_accepted, true)
    }

    /// The webhook failed the event.
    pub(super) fn fail(&mut self, webhook: usize, outcome: Outcome) {
        self.retry_after = self.retry_after.max(outcome.retry_after());
        self.past.fail(webhook, outcome.label());
    }

    /// The webhooks that never got the event, and how their last attempt ended.
    pub(super) fn undelivered(&self) -> impl Iterator<Item = (usize, DeliveryOutcome)> + '_ {
        let failures = self.past.failures.iter().copied();
        failures.filter(|(webhook, _)| !self.delivered.contains(*webhook))
    }

    /// The webhook refused the event, and would refuse it again.
    pub(super) fn refuse(&mut self, webhook: usize, outcome: Outcome, rounds: u32) {
        self.past.refuse(webhook, outcome, rounds);
    }

    /// Takes the id by which the event is recognised: it is not recognised any more.
    pub(super) fn take_id(&mut self) -> Option<EventId> {
        self.event.id.take()
    }

    /// There is no room for its letter.
    pub(super) fn leave_no_letter(&mut self) {
        self.event.may_be_dead_letter = false;
    }

    /// Turns the event into a dead letter, which is all that is left of it: no request waits for
    /// it.
    pub(super) fn become_dead_letter(&mut self, dead_letter: DeadLetter, webhook: usize) {
        self.event.wanted = WebhookSet::from_iter([webhook]);
        self.delivered = WebhookSet::EMPTY;
        self.retry_after = None;
        self.past = Past {
            dead_letter: Some(dead_letter),
            ..Past::none()
        };
    }

    /// A call has been made in this round: otherwise the end of the round says nothing.
    pub(super) fn was_called(&self) -> bool {
        self.was_called
    }

    /// A webhook still lacks it after the round.
    pub(super) fn fail_round(&mut self) {
        self.past.failed_rounds = self.past.failed_rounds.saturating_add(1);
    }

    pub(super) fn hold(&mut self, held: Held) {
        self.held = Some(held);
    }

    pub(super) fn held_until(self, held: Held) -> Self {
        let held = Some(held);
        Self { held, ..self }
    }

    /// This worker has claimed it, at this date.
    pub(super) fn claim(&mut self, date: SteadyMillis) {
        self.claim = Some(date);
    }

    pub(super) fn take_claim(&mut self) -> Option<SteadyMillis> {
        self.claim.take()
    }

    /// Its outcome has not been recorded since it was claimed.
    pub(super) fn is_claimed(&self) -> bool {
        self.claim.is_some()
    }

    pub(super) fn add_waiter(&mut self, waiter: Waiter) {
        self.waiters.push(waiter);
    }

    pub(super) fn waiters(&self) -> &[Waiter] {
        &self.waiters
    }

    pub(super) fn take_waiters(&mut self) -> Vec<Waiter> {
        std::mem::take(&mut self.waiters)
    }

    /// A webhook has it.
    pub(super) fn is_accepted(&self) -> bool {
        self.past.is_accepted
    }

    pub(super) fn delivered(&self) -> WebhookSet {
        self.delivered
    }

    /// In how many rounds the webhook refused it.
    pub(super) fn refusals(&self, webhook: usize) -> u32 {
        self.past.refusals(webhook)
    }

    /// Every refusal said that it is too large.
    pub(super) fn is_too_large(&self) -> bool {
        self.past.is_too_large()
    }

    pub(super) fn dead_letter(&self) -> Option<&DeadLetter> {
        self.past.dead_letter.as_ref()
    }

    /// Deliveries of this round wait, and none has a call under way.
    pub(super) fn only_waits(&self) -> bool {
        self.in_flight.is_empty() && !self.waiting.is_empty()
    }

    /// Its place among the events that could be shed, if it could.
    pub(super) fn shed_place(&self) -> Option<Place> {
        self.shed_place
    }

    pub(super) fn set_shed_place(&mut self, place: Option<Place>) {
        self.shed_place = place;
    }

    pub(super) fn waiting(&self) -> WebhookSet {
        self.waiting
    }

    pub(super) fn round_is_over(&self) -> bool {
        self.waiting.is_empty() && self.in_flight.is_empty()
    }

    pub(super) fn deadline(&self) -> SteadyMillis {
        self.deadline
    }

    pub(super) fn failed_rounds(&self) -> u32 {
        self.past.failed_rounds
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    pub(super) fn is_retry(&self) -> bool {
        self.is_retry
    }

    pub(super) fn held(&self) -> Option<Held> {
        self.held
    }
}
