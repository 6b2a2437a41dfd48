//! After a failed round an event is held. Later it is due, and is tried again or handed on.

use super::dedupe::{EventId, Resume, State, HEARTBEAT_LOST_AFTER};
use super::entry::{Entry, Held};
use super::event::PreparedEvent;
use super::handover::Handover;
use super::key::EntryKey;
use super::outcome::Outcome;
use super::retry::backoff::Backoff;
use super::webhook_set::WebhookSet;
use super::{Outbox, Turn};
use crate::clock::{millis, SteadyMillis};
use crate::observe::labels::{DropReason, HeldOutcome};
use crate::observe::Counter;

impl<T> Outbox<T> {
    /// Lets the webhook's breaker know how an attempt ended.
    pub(super) fn note_webhook(&mut self, webhook: usize, outcome: Outcome, turn: &mut Turn<'_>) {
        let Some(works) = self.policy.webhook_works(outcome) else {
            return;
        };
        let (Some(breaker), Some(config)) = (
            self.queues.breaker_mut(webhook),
            self.config.webhooks.get(webhook),
        ) else {
            return;
        };
        let log_lines = &mut turn.observe.log_lines;
        let backoff = Backoff::from(&self.config.retry);
        if works {
            if breaker.on_alive() {
                log_lines.back(webhook, config, turn.now);
                self.schedule.answers_again(webhook);
                self.hasten(turn);
            }
        } else if breaker.on_failure(turn.now, &backoff, &mut self.random) {
            log_lines.given_up(webhook, config, turn.now);
            self.end_hopeless(webhook, turn);
        }
    }

    /// The events of webhooks that answer again are due now, or in a moment.
    fn hasten(&mut self, turn: &Turn<'_>) {
        let (store, policy) = (&mut self.store, &self.policy);
        self.schedule
            .hasten(turn.now, store, policy, &mut self.timers);
    }

    /// Holds the event for another round, or says why not.
    pub(super) fn hold(
        &mut self,
        key: EntryKey,
        turn: &mut Turn<'_>,
    ) -> Result<SteadyMillis, DropReason> {
        let (now, retry) = (turn.now, &self.config.retry);
        let entry = self.store.get(key).ok_or(DropReason::Expired)?;
        let expires = match entry.held() {
            Some(held) => held.expires,
            None => now.saturating_add(millis(retry.window)),
        };
        if now >= expires {
            return Err(DropReason::Expired);
        }
        if !self.store.can_hold(entry, retry) {
            return Err(DropReason::NoRoom);
        }
        let (failures, retry_after) = (entry.failed_rounds(), entry.retry_after());
        let delay = Backoff::from(retry).delay(failures, retry_after, &mut self.random);
        let due = now.saturating_add(delay).min(expires);
        let is_dead_letter = entry.dead_letter().is_some();
        if self.store.hold(key, Held { expires, due }) && !is_dead_letter {
            turn.observe.count(Counter::Held(HeldOutcome::Kept));
        }
        self.schedule.push(due, key, &mut self.timers);
        if self.schedule.is_stale(&self.store) {
            self.hasten(turn);
        }
        if let Some(entry) = self.store.get(key) {
            turn.record_held(entry.event(), due);
        }
        Ok(due)
    }

    /// Starts the rounds that are due.
    pub(super) fn retry_due(&mut self, turn: &mut Turn<'_>) {
        self.hasten(turn);
        while !self.step_quota.is_used_up() {
            let Some((due, key)) = self.schedule.pop_due(turn.now, &self.store) else {
                break;
            };
            self.step_quota.take(1, turn.now);
            let Some(entry) = self.store.get(key) else {
                continue;
            };
            if entry.held().is_some_and(|held| turn.now >= held.expires) {
                self.drop_event(key, DropReason::Expired, turn);
                continue;
            }
            let is_accepted = entry.is_accepted();
            let webhooks = self.policy.next_round(entry);
            let admitting = self.admitting_retry(webhooks, turn.now);
            if admitting.is_empty() {
                let due = self.next_probe(webhooks, turn.now);
                self.reschedule(key, due);
                continue;
            }
            if !admitting
                .iter()
                .any(|webhook| self.has_turn(webhook, turn.now))
            {
                // Events for which SDKs wait stand in front of it.
                let pause = Backoff::from(&self.config.retry).delay(1, None, &mut self.random);
                self.reschedule(key, turn.now.saturating_add(pause));
                continue;
            }
            if !self.budget.covers(admitting.len(), turn.now) {
                self.schedule.wait_for_budget(turn.now);
                self.schedule.push(due, key, &mut self.timers);
                break;
            }
            let resumed = if is_accepted {
                // Only this worker knows which webhooks still lack an event that one has. The event
                // is remembered for as long as it is held, so that no webhook gets it twice.
                self.settle(key, State::Accepted, turn);
                Resume::Ours(turn.now)
            } else {
                self.resume(key, turn)
            };
            match resumed {
                Resume::Ours(_) => {
                    self.budget.withdraw(admitting.len());
                    self.note_retry(admitting, turn.now);
                    self.begin_round(key, admitting, true, turn);
                }
                // Should that worker die, this one still has the event.
                Resume::Busy => {
                    let due = turn.now.saturating_add(millis(HEARTBEAT_LOST_AFTER));
                    self.reschedule(key, due);
                }
                Resume::Gone => self.hand_to_other_worker(key, turn),
            }
        }
        self.schedule.restart(&mut self.timers);
    }

    /// When the webhook's breaker lets a retry through.
    fn admits_retry_at(&self, webhook: usize, now: SteadyMillis) -> Option<SteadyMillis> {
        let breaker = self.queues.breaker(webhook)?;
        Some(breaker.admits_retry_at(now))
    }

    fn admitting_retry(&self, webhooks: WebhookSet, now: SteadyMillis) -> WebhookSet {
        let admits = |webhook: &usize| self.admits_retry_at(*webhook, now) <= Some(now);
        webhooks.iter().filter(admits).collect()
    }

    /// When the first of these webhooks is due for a probe.
    fn next_probe(&self, webhooks: WebhookSet, now: SteadyMillis) -> SteadyMillis {
        let times = webhooks.iter();
        let first = times
            .filter_map(|webhook| self.admits_retry_at(webhook, now))
            .min();
        first.unwrap_or(now).max(now.saturating_add(1))
    }

    /// Each of these webhooks gets a retry. While its breaker is open that is the probe.
    fn note_retry(&mut self, webhooks: WebhookSet, now: SteadyMillis) {
        let backoff = Backoff::from(&self.config.retry);
        for webhook in webhooks.iter() {
            if let Some(breaker) = self.queues.breaker_mut(webhook) {
                breaker.on_retry(now, &backoff, &mut self.random);
            }
        }
    }

    pub(super) fn reschedule(&mut self, key: EntryKey, due: SteadyMillis) {
        let held = self.store.get(key).and_then(Entry::held);
        let due = held.map_or(due, |held| due.min(held.expires));
        self.store.set_due(key, due);
        self.schedule.push(due, key, &mut self.timers);
    }

    /// An SDK has sent the event again to another worker, which took it over.
    pub(super) fn hand_to_other_worker(&mut self, key: EntryKey, turn: &mut Turn<'_>) {
        turn.observe.count(Counter::Held(HeldOutcome::HandedOver));
        let Some(mut entry) = self.remove(key, turn) else {
            return;
        };
        let waiters = entry.take_waiters();
        let event = entry.into_event();
        for waiter in waiters {
            let index = waiter.index;
            let event = event.clone();
            self.admit(PreparedEvent { index, ..event }, None, waiter.batch, turn);
        }
    }

    /// Gives a held event up to a newer configuration.
    pub(super) fn release(&mut self, key: EntryKey, turn: &mut Turn<'_>) -> Option<Handover> {
        if !self.store.get(key)?.is_accepted() {
            // This worker's heartbeat may be fresh for a while yet, and the new owner would take
            // the event for its.
            self.settle(key, State::Released, turn);
        }
        let entry = self.remove(key, turn)?;
        turn.observe.count(Counter::Held(HeldOutcome::HandedOver));
        Handover::of(entry, &self.config, &self.policy)
    }

    /// Whether the event has come in here too, since its SDK has sent it again. `is_accepted`: a
    /// webhook had it before.
    fn has_taken(&mut self, id: EventId, is_accepted: bool, turn: &mut Turn<'_>) -> bool {
        self.store.find(id).is_some()
            || !is_accepted && self.dedupe.is_decided(id, turn.now, turn.shared)
    }

    /// Takes over an event that an older configuration held.
    pub(super) fn take_over(&mut self, handover: Handover, turn: &mut Turn<'_>) {
        let retry = &self.config.retry;
        let held = handover.held(retry.window, turn.now);
        let mut entry = handover.into_entry(&self.config);
        let (id, is_accepted) = (entry.event().id, entry.is_accepted());
        if id.is_some_and(|id| self.has_taken(id, is_accepted, turn)) {
            return;
        }
        let goes_on = !self.policy.next_round(&entry).is_empty();
        if goes_on && self.store.can_hold(&entry, &self.config.retry) {
            let key = self.insert(entry.held_until(held));
            return self.schedule.push(held.due, key, &mut self.timers);
        }
        // An event that a webhook has may be owed to no other any more.
        let is_complete = is_accepted && !goes_on;
        let may_be_letter = !is_complete && self.policy.dead_letter_webhook(&entry).is_some();
        if may_be_letter && !self.make_room(entry.cost(), turn) {
            entry.leave_no_letter();
        }
        let key = self.insert(entry);
        if is_complete {
            return self.complete(key, turn);
        }
        let reason = if goes_on {
            DropReason::NoRoom
        } else {
            // The rules of its webhooks have changed.
            DropReason::Refused
        };
        self.drop_event(key, reason, turn);
    }
}
