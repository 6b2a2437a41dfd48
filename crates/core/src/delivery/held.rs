//! Events that every webhook failed: kept within bounds and tried again.

use std::cmp::Reverse;

use super::backoff;
use super::batch::Decision;
use super::entry::{Entry, EntryKey, Held};
use super::millis;
use super::outbox::Outbox;
use super::table::{EventId, Resume, Shared, State, PULSE_LOST_AFTER};
use super::webhook_set::WebhookSet;
use crate::clock::SteadyMillis;
use crate::observe::{Counter, EventOutcome, HeldOutcome};

/// How long to wait for the retry budget to fill.
const BUDGET_WAIT_MILLIS: u64 = 100;

impl<T> Outbox<T> {
    /// Every delivery of the round has ended.
    pub(super) fn round_over(&mut self, key: EntryKey, now: SteadyMillis, shared: &mut dyn Shared) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        if entry.is_accepted() {
            if let Some(entry) = self.remove(key) {
                for waiter in entry.waiters {
                    self.settle(waiter.batch);
                    self.push_ready(waiter.batch, now);
                }
            }
            return;
        }
        entry.failed_rounds = entry.failed_rounds.saturating_add(1);
        let decision = match self.keep(key, now) {
            Ok(due) => Decision::Failed {
                kept_until_due: Some(due),
            },
            Err(reason) => {
                if let Some(reason) = reason {
                    self.observe.count(Counter::Held(reason));
                }
                Decision::Failed {
                    kept_until_due: None,
                }
            }
        };
        self.failed(key, decision, now, shared);
    }

    /// Tells the waiters of an event that no webhook has.
    fn failed(
        &mut self,
        key: EntryKey,
        decision: Decision,
        now: SteadyMillis,
        shared: &mut dyn Shared,
    ) {
        let is_kept = matches!(
            decision,
            Decision::Failed {
                kept_until_due: Some(_)
            }
        );
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        let (kind, id, waiters) = (
            entry.event.kind,
            entry.event.id,
            std::mem::take(&mut entry.waiters),
        );
        if let Some(id) = id {
            let state = if is_kept {
                State::Kept
            } else {
                State::Released
            };
            self.table.settle(id, state, now, shared);
        }
        if !is_kept {
            self.remove(key);
        }
        for waiter in waiters {
            self.observe
                .count(Counter::Events(Some(kind), EventOutcome::Failed));
            self.decide(waiter.batch, decision);
            self.settle(waiter.batch);
            self.push_ready(waiter.batch, now);
        }
    }

    /// Keeps the event for another round, or says why not.
    fn keep(
        &mut self,
        key: EntryKey,
        now: SteadyMillis,
    ) -> Result<SteadyMillis, Option<HeldOutcome>> {
        let retry = &self.config.retry;
        let entry = self.entries.get_mut(key).ok_or(None)?;
        if entry.reachable().is_empty() {
            return Err(Some(HeldOutcome::Refused));
        }
        let expires = entry.held.map_or_else(
            || now.saturating_add(millis(retry.window)),
            |held| held.expires,
        );
        if now >= expires {
            return Err(entry.held.map(|_| HeldOutcome::Expired));
        }
        let cost = entry.event.cost();
        if entry.held.is_none() {
            let fits = self.schedule.events < retry.max_held_events
                && self.schedule.bytes.saturating_add(cost) <= retry.max_held_bytes;
            if !fits {
                return Err(Some(HeldOutcome::NoRoom));
            }
            self.bytes = self.bytes.saturating_sub(cost);
            self.schedule.events += 1;
            self.schedule.bytes += cost;
            self.observe.count(Counter::Held(HeldOutcome::Kept));
        }
        let delay = backoff::delay(
            entry.failed_rounds,
            retry.initial_backoff,
            retry.max_backoff,
            entry.wish,
            &mut self.random,
        );
        let due = now.saturating_add(millis(delay));
        entry.held = Some(Held { expires, due });
        self.schedule.due.push(Reverse((due, key)));
        Ok(due)
    }

    /// Starts the rounds that are due.
    pub(super) fn retry_due(&mut self, now: SteadyMillis, shared: &mut dyn Shared) {
        while self.schedule.next_due().is_some_and(|due| due <= now) {
            let Some(Reverse((due, key))) = self.schedule.due.pop() else {
                return;
            };
            let Some(entry) = self.entries.get(key) else {
                continue;
            };
            let is_current =
                entry.round_is_over() && entry.held.is_some_and(|held| held.due == due);
            if !is_current {
                continue;
            }
            if entry.held.is_some_and(|held| now >= held.expires) {
                self.observe.count(Counter::Held(HeldOutcome::Expired));
                self.failed(
                    key,
                    Decision::Failed {
                        kept_until_due: None,
                    },
                    now,
                    shared,
                );
                continue;
            }
            let (id, reachable) = (entry.event.id, entry.reachable());
            let admitting = self.admitting_retry(reachable, now);
            if admitting.is_empty() {
                self.postpone(key, reachable, now);
                continue;
            }
            if !self.budget.covers(admitting.len(), now) {
                self.schedule.due.push(Reverse((due, key)));
                self.schedule.not_before = now.saturating_add(BUDGET_WAIT_MILLIS);
                return;
            }
            match self.resume(id, now, shared) {
                Resume::Ours => {
                    self.budget.withdraw(admitting.len());
                    self.note_retry(admitting, now);
                    self.begin_round(key, admitting, true, now);
                }
                // Should that worker die, this one still has the event.
                Resume::Busy => {
                    let due = now.saturating_add(millis(PULSE_LOST_AFTER));
                    self.schedule_anew(key, due);
                }
                Resume::Gone => self.hand_to_other_worker(key, now, shared),
            }
        }
    }

    /// An event without an id that lasts is known here alone.
    pub(super) fn resume(
        &mut self,
        id: Option<EventId>,
        now: SteadyMillis,
        shared: &mut dyn Shared,
    ) -> Resume {
        id.map_or(Resume::Ours, |id| self.table.resume(id, now, shared))
    }

    fn admitting_retry(&self, webhooks: WebhookSet, now: SteadyMillis) -> WebhookSet {
        webhooks
            .iter()
            .filter(|webhook| {
                self.lanes
                    .get(*webhook)
                    .is_some_and(|lane| lane.health.admits_retry_at(now) <= now)
            })
            .collect()
    }

    /// Each of these webhooks gets a retry; for one that is given up it is the probe.
    fn note_retry(&mut self, webhooks: WebhookSet, now: SteadyMillis) {
        let retry = &self.config.retry;
        for webhook in webhooks.iter() {
            if let Some(lane) = self.lanes.get_mut(webhook) {
                let random = &mut self.random;
                lane.health
                    .on_retry(now, retry.initial_backoff, retry.max_backoff, random);
            }
        }
    }

    /// Waits for the first of its webhooks to be due for a probe.
    fn postpone(&mut self, key: EntryKey, webhooks: WebhookSet, now: SteadyMillis) {
        let due = webhooks
            .iter()
            .filter_map(|webhook| self.lanes.get(webhook))
            .map(|lane| lane.health.admits_retry_at(now))
            .min()
            .unwrap_or(now)
            .max(now.saturating_add(1));
        self.schedule_anew(key, due);
    }

    fn schedule_anew(&mut self, key: EntryKey, due: SteadyMillis) {
        if let Some(held) = self
            .entries
            .get_mut(key)
            .and_then(|entry| entry.held.as_mut())
        {
            held.due = due;
            self.schedule.due.push(Reverse((due, key)));
        }
    }

    /// An SDK has sent the event again to another worker, which took it over.
    pub(super) fn hand_to_other_worker(
        &mut self,
        key: EntryKey,
        now: SteadyMillis,
        shared: &mut dyn Shared,
    ) {
        self.observe.count(Counter::Held(HeldOutcome::HandedOver));
        let Some(entry) = self.remove(key) else {
            return;
        };
        for waiter in entry.waiters {
            self.admit(entry.event.clone(), waiter.batch, now, shared);
        }
    }

    /// Takes the event out, wherever it stood.
    pub(super) fn remove(&mut self, key: EntryKey) -> Option<Entry> {
        let entry = self.entries.remove(key)?;
        let cost = entry.event.cost();
        if entry.held.is_some() {
            self.schedule.events = self.schedule.events.saturating_sub(1);
            self.schedule.bytes = self.schedule.bytes.saturating_sub(cost);
        } else {
            self.bytes = self.bytes.saturating_sub(cost);
        }
        if let Some(id) = entry.event.id {
            self.by_id.remove(&id);
        }
        Some(entry)
    }
}
