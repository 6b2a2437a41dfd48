//! One event on its way to its webhooks.

use std::time::Duration;

use super::batches::BatchKey;
use super::event::PreparedEvent;
use super::outcome::Outcome;
use super::webhook_set::WebhookSet;
use crate::clock::SteadyMillis;
use crate::observe::DeliveryOutcome;

/// A batch that waits for an entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiter {
    pub(super) batch: BatchKey,
    /// It brought the event; the others sent it again.
    pub(super) brought_it: bool,
}

/// Set once every webhook has failed the event and it is held.
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
    /// This round's deliveries whose turn has not come.
    waiting: WebhookSet,
    /// This round's deliveries with a call under way.
    in_flight: WebhookSet,
    delivered: WebhookSet,
    /// Webhooks that refused it for good.
    refused: WebhookSet,
    /// How the last attempt of each webhook that failed it ended.
    failures: Vec<(usize, DeliveryOutcome)>,
    waiters: Vec<Waiter>,
    /// When this round ends.
    deadline: SteadyMillis,
    /// Rounds that every webhook failed.
    failed_rounds: u32,
    /// The longest pause that a webhook asked for in this round.
    retry_after: Option<Duration>,
    /// This round is a retry of ours and not an SDK's request.
    is_retry: bool,
    held: Option<Held>,
}

impl Entry {
    /// An event that has not been tried.
    pub(super) fn new(event: PreparedEvent) -> Self {
        Self {
            event,
            waiting: WebhookSet::EMPTY,
            in_flight: WebhookSet::EMPTY,
            delivered: WebhookSet::EMPTY,
            refused: WebhookSet::EMPTY,
            failures: Vec::new(),
            waiters: Vec::new(),
            deadline: 0,
            failed_rounds: 0,
            retry_after: None,
            is_retry: false,
            held: None,
        }
    }

    /// An event that was held elsewhere.
    pub(super) fn adopted(event: PreparedEvent, failed_rounds: u32, held: Held) -> Self {
        Self {
            failed_rounds,
            held: Some(held),
            ..Self::new(event)
        }
    }

    pub(super) fn event(&self) -> &PreparedEvent {
        &self.event
    }

    pub(super) fn into_event(self) -> PreparedEvent {
        self.event
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
        self.is_retry = is_retry;
        self.deadline = deadline;
    }

    /// The delivery's turn has come: its call is under way.
    pub(super) fn begin_call(&mut self, webhook: usize) {
        self.waiting.remove(webhook);
        self.in_flight.insert(webhook);
    }

    /// The call has ended.
    pub(super) fn end_call(&mut self, webhook: usize) {
        self.in_flight.remove(webhook);
    }

    /// The delivery ends before its turn has come; says whether it was waiting.
    pub(super) fn stop_waiting(&mut self, webhook: usize) -> bool {
        let was_waiting = self.waiting.contains(webhook);
        self.waiting.remove(webhook);
        was_waiting
    }

    /// The webhook has the event; says whether it is the first.
    pub(super) fn deliver(&mut self, webhook: usize) -> bool {
        let is_first = self.delivered.is_empty();
        self.delivered.insert(webhook);
        is_first
    }

    /// The webhook failed the event.
    pub(super) fn fail(&mut self, webhook: usize, outcome: Outcome, may_retry: bool) {
        if !may_retry {
            self.refused.insert(webhook);
        }
        self.retry_after = self.retry_after.max(outcome.retry_after());
        self.failures.retain(|(known, _)| *known != webhook);
        self.failures.push((webhook, outcome.label()));
    }

    /// The webhooks that never got the event, and how their last attempt ended.
    pub(super) fn undelivered(&self) -> impl Iterator<Item = (usize, DeliveryOutcome)> + '_ {
        let failures = self.failures.iter().copied();
        failures.filter(|(webhook, _)| !self.delivered.contains(*webhook))
    }

    /// Every webhook failed the round.
    pub(super) fn fail_round(&mut self) {
        self.failed_rounds = self.failed_rounds.saturating_add(1);
    }

    pub(super) fn hold(&mut self, held: Held) {
        self.held = Some(held);
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
        !self.delivered.is_empty()
    }

    pub(super) fn waiting(&self) -> WebhookSet {
        self.waiting
    }

    pub(super) fn round_is_over(&self) -> bool {
        self.waiting.is_empty() && self.in_flight.is_empty()
    }

    /// The webhooks that another round may reach.
    pub(super) fn reachable(&self) -> WebhookSet {
        self.event.wanted.minus(self.refused)
    }

    pub(super) fn deadline(&self) -> SteadyMillis {
        self.deadline
    }

    pub(super) fn failed_rounds(&self) -> u32 {
        self.failed_rounds
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
