//! The sequence: an event that was admitted goes through rounds of deliveries, and is settled.

use super::attempts::Attempt;
use super::batches::{BatchKey, Decision};
use super::dedupe::State;
use super::entry::Entry;
use super::key::EntryKey;
use super::outcome::{NotSent, Outcome};
use super::too_late::{starts_too_late, timeout, too_late};
use super::webhook_set::WebhookSet;
use super::{Outbox, Turn, TOTAL_TIMEOUT};
use crate::clock::{millis, SteadyMillis};
use crate::observe::labels::{DropReason, EventOutcome, HeldOutcome};
use crate::observe::{Counter, Histogram, Label};

impl<T> Outbox<T> {
    /// One attempt at each of these webhooks.
    pub(super) fn begin_round(
        &mut self,
        key: EntryKey,
        webhooks: WebhookSet,
        is_retry: bool,
        turn: &mut Turn<'_>,
    ) {
        let deadline = turn.now.saturating_add(millis(TOTAL_TIMEOUT));
        let Some(entry) = self.store.get_mut(key) else {
            return;
        };
        entry.begin_round(webhooks, is_retry, deadline);
        let mut hopeless = WebhookSet::EMPTY;
        for webhook in webhooks.iter() {
            let too_late = too_late(&self.config, deadline, webhook);
            let share = self.queues.share(webhook);
            match self
                .store
                .get(key)
                .filter(|_| self.has_turn(webhook, turn.now))
            {
                Some(entry) => {
                    let waiting = entry.waiting_for(webhook, key, too_late, share);
                    self.queues.push(webhook, waiting, &mut self.timers);
                }
                None => hopeless.insert(webhook),
            }
        }
        for webhook in hopeless.iter() {
            self.finish(key, webhook, Outcome::NotSent(NotSent::Deadline), turn);
        }
    }

    /// Whether a delivery to the webhook is likely to have its turn in time.
    pub(super) fn has_turn(&self, webhook: usize, now: SteadyMillis) -> bool {
        let timeout = timeout(&self.config, webhook);
        self.queues.has_turn(webhook, timeout, now)
    }

    /// A call has ended, or could not be made.
    pub(super) fn end_attempt(&mut self, attempt: Attempt, outcome: Outcome, turn: &mut Turn<'_>) {
        let webhook = attempt.webhook();
        let ended = Counter::Attempts(webhook, outcome.attempt_label());
        turn.observe.count(ended);
        let was_made = !matches!(outcome, Outcome::NotSent(_));
        let took = was_made.then(|| turn.now.saturating_sub(attempt.began()));
        if let Some(took) = took {
            turn.observe.record(Histogram::Latency(webhook), took);
        }
        let works = self.policy.webhook_works(outcome) == Some(true);
        self.queues.end_call(webhook, took, works, turn.now);
        turn.took = took;
        match attempt.only_entry() {
            Some(key) => self.finish(key, webhook, outcome, turn),
            None => {
                turn.observe.count(Counter::Batches(webhook));
                self.end_bundle(&attempt, outcome, turn);
            }
        }
    }

    /// The delivery's turn has come; says whether its call is to be made.
    pub(super) fn begin_delivery(
        &mut self,
        webhook: usize,
        key: EntryKey,
        turn: &mut Turn<'_>,
    ) -> bool {
        let entry = self.store.get_mut(key);
        let Some(entry) = entry.filter(|entry| entry.waiting().contains(webhook)) else {
            return false;
        };
        if starts_too_late(&self.config, entry, webhook, turn.now) {
            self.step_quota.take(1, turn.now);
            self.finish(key, webhook, Outcome::NotSent(NotSent::Deadline), turn);
            return false;
        }
        entry.begin_call(webhook);
        if !entry.is_retry() {
            self.budget.on_first_attempt();
        }
        self.note_sheddable(key);
        true
    }

    /// One delivery has ended, with or without a call.
    // One copy of it in the module is enough.
    #[inline(never)]
    pub(super) fn finish(
        &mut self,
        key: EntryKey,
        webhook: usize,
        outcome: Outcome,
        turn: &mut Turn<'_>,
    ) {
        if let Some(is_first) = self.end_delivery(key, webhook, outcome, turn) {
            self.note_webhook(webhook, outcome, turn);
            self.after_delivery(key, is_first, turn);
        }
    }

    /// Notes how a delivery ended; says whether its webhook is the first that has the event.
    pub(super) fn end_delivery(
        &mut self,
        key: EntryKey,
        webhook: usize,
        outcome: Outcome,
        turn: &mut Turn<'_>,
    ) -> Option<bool> {
        let entry = self.store.get_mut(key)?;
        entry.end_call(webhook);
        entry.stop_waiting(webhook);
        let attempt = entry.failed_rounds().saturating_add(1);
        turn.record_attempt(entry.event(), webhook, attempt, outcome);
        let mut is_first = false;
        if outcome == Outcome::Delivered {
            turn.observe
                .count(Counter::Deliveries(webhook, outcome.label()));
            is_first = entry.deliver(webhook);
            self.queues.on_delivered(webhook, turn.now);
            if entry.is_retry() {
                self.budget.on_delivered_retry();
            }
        } else {
            entry.fail(webhook, outcome);
            let refused_rounds = self.policy.refused_rounds(outcome);
            if refused_rounds > 0 {
                entry.refuse(webhook, outcome, refused_rounds);
            }
            let attempt = entry.failed_rounds().saturating_add(1);
            if let Some(config) = self.config.webhooks.get(webhook) {
                let log_lines = &mut turn.observe.log_lines;
                let payload = &entry.event().payload;
                log_lines.failure(webhook, config, outcome, attempt, payload, turn.now);
            }
        }
        Some(is_first)
    }

    /// The consequences of the end of a delivery for its event.
    pub(super) fn after_delivery(&mut self, key: EntryKey, is_first: bool, turn: &mut Turn<'_>) {
        if is_first {
            self.accept(key, turn);
        }
        if self.store.get(key).is_some_and(Entry::round_is_over) {
            self.end_round(key, turn);
        } else {
            self.note_sheddable(key);
        }
    }

    /// The first webhook has the event.
    fn accept(&mut self, key: EntryKey, turn: &mut Turn<'_>) {
        let Some(entry) = self.store.get(key) else {
            return;
        };
        let kind = entry.event().kind;
        self.settle(key, State::Accepted, turn);
        let Some(entry) = self.store.get(key) else {
            return;
        };
        for waiter in entry.waiters() {
            let outcome = if waiter.brought_it {
                EventOutcome::Accepted
            } else {
                EventOutcome::Duplicate
            };
            turn.observe.count(Counter::Events(Some(kind), outcome));
            if !waiter.brought_it {
                turn.record_event(entry.event(), outcome.as_str());
            }
            self.batches.decide(waiter.batch, Decision::Accepted);
            self.batches
                .answer_if_ready(waiter.batch, turn.now, &mut self.timers);
        }
    }

    /// Every delivery of the round has ended.
    fn end_round(&mut self, key: EntryKey, turn: &mut Turn<'_>) {
        let Some(entry) = self.store.get_mut(key) else {
            return;
        };
        let (owed, next) = (self.policy.owed(entry), self.policy.next_round(entry));
        if !owed.is_empty() && entry.was_called() {
            entry.fail_round();
        }
        let waiters = if entry.is_accepted() {
            entry.take_waiters()
        } else {
            Vec::new()
        };
        if owed.is_empty() {
            self.complete(key, turn);
        } else if next.is_empty() {
            self.drop_event(key, DropReason::Refused, turn);
        } else {
            match self.hold(key, turn) {
                Ok(due) => self.settle_held(key, due, turn),
                Err(reason) => self.drop_event(key, reason, turn),
            }
        }
        // Waiters are still here only when a webhook has the event; otherwise they were told why it
        // failed.
        for waiter in waiters {
            self.batches.settle(waiter.batch);
            self.batches
                .answer_if_ready(waiter.batch, turn.now, &mut self.timers);
        }
    }

    /// The event is owed to nobody any more.
    // One copy of it in the module is enough.
    #[inline(never)]
    pub(super) fn complete(&mut self, key: EntryKey, turn: &mut Turn<'_>) {
        self.count_undelivered(key, turn);
        if let Some(entry) = self.remove(key, turn) {
            if entry.held().is_some() && entry.dead_letter().is_none() {
                turn.observe.count(Counter::Held(HeldOutcome::Delivered));
            }
        }
    }

    /// Nobody tries the event again: a webhook that lacks it by now never gets it.
    pub(super) fn count_undelivered(&self, key: EntryKey, turn: &mut Turn<'_>) {
        let undelivered = self.store.get(key).into_iter().flat_map(Entry::undelivered);
        for (webhook, outcome) in undelivered {
            turn.observe.count(Counter::Deliveries(webhook, outcome));
        }
    }

    /// The event waits for its next round. Tells its waiters, if no webhook has it.
    fn settle_held(&mut self, key: EntryKey, due: SteadyMillis, turn: &mut Turn<'_>) {
        let Some(entry) = self.store.get_mut(key) else {
            return;
        };
        let is_accepted = entry.is_accepted();
        let failed = Counter::Events(Some(entry.event().kind), EventOutcome::Failed);
        let waiters = entry.take_waiters();
        if !is_accepted {
            self.settle(key, State::Held, turn);
        }
        let held_until = Some(due);
        for waiter in waiters {
            turn.observe.count(failed);
            self.end_wait(waiter.batch, Decision::Failed { held_until }, turn.now);
        }
    }

    /// The event is decided and settled for a batch.
    pub(super) fn end_wait(&mut self, batch: BatchKey, decision: Decision, now: SteadyMillis) {
        self.batches.decide(batch, decision);
        self.batches.settle(batch);
        self.batches.answer_if_ready(batch, now, &mut self.timers);
    }
}
