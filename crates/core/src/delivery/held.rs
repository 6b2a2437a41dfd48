//! Events that every webhook failed: kept within bounds and tried again.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;

use slotmap::SlotMap;

use super::backoff;
use super::batch::Decision;
use super::entry::{Entry, EntryKey, Held};
use super::outbox::Outbox;
use super::table::{EventId, Resume, Shared, State, PULSE_LOST_AFTER};
use super::webhook_set::WebhookSet;
use super::{millis, Event};
use crate::clock::SteadyMillis;
use crate::config::Webhook;
use crate::metrics::{Counter, Event as EventOutcome, Held as HeldOutcome};
use crate::routing::Rules;

/// How long to wait for the retry budget to fill.
const BUDGET_WAIT_MILLIS: u64 = 100;

/// Which kept event is due when.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    /// An entry whose `due` differs from the one here has been scheduled anew.
    due: BinaryHeap<Reverse<(SteadyMillis, EntryKey)>>,
    events: usize,
    bytes: usize,
    /// No retry before this time: the budget was empty.
    not_before: SteadyMillis,
}

impl Schedule {
    pub(super) fn events(&self) -> usize {
        self.events
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn next_due(&self) -> Option<SteadyMillis> {
        self.due
            .peek()
            .map(|Reverse((due, _))| (*due).max(self.not_before))
    }

    /// A webhook answers again: what waits for it is due now, unless a webhook asked for a longer pause.
    pub(super) fn hasten(
        &mut self,
        now: SteadyMillis,
        entries: &mut SlotMap<EntryKey, Entry>,
        webhook: usize,
    ) {
        let hastened = |Reverse((due, key)): Reverse<(SteadyMillis, EntryKey)>| {
            let entry = entries.get_mut(key)?;
            let waits_for_it = entry.wish.is_none() && entry.reachable().contains(webhook);
            let held = entry.held.as_mut().filter(|held| held.due == due)?;
            if waits_for_it {
                held.due = due.min(now);
            }
            Some(Reverse((held.due, key)))
        };
        self.due = std::mem::take(&mut self.due)
            .into_iter()
            .filter_map(hastened)
            .collect();
    }
}

/// A kept event on its way to the configuration that replaces this one.
#[derive(Clone, Debug)]
pub struct Handover {
    event: Event,
    /// The webhooks that may still take it.
    webhooks: Vec<Recipient>,
    failed_rounds: u32,
    expires: SteadyMillis,
}

/// A webhook of the older configuration.
#[derive(Clone, Debug)]
struct Recipient {
    name: String,
    /// What let the event through to it.
    rules: Option<Rc<Rules>>,
    /// What of the event goes to it.
    payload: Rc<[u8]>,
}

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
                    self.counts.add(Counter::Held(reason));
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
            self.counts
                .add(Counter::Events(Some(kind), EventOutcome::Failed));
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
            self.counts.add(Counter::Held(HeldOutcome::Kept));
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
                self.counts.add(Counter::Held(HeldOutcome::Expired));
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
        self.counts.add(Counter::Held(HeldOutcome::HandedOver));
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

    /// Gives up every kept event that no round is under way for, so that a newer configuration can take them.
    pub fn take_held(&mut self, now: SteadyMillis, shared: &mut dyn Shared) -> Vec<Handover> {
        let keys: Vec<_> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.held.is_some() && entry.round_is_over())
            .map(|(key, _)| key)
            .collect();
        let entries: Vec<_> = keys
            .into_iter()
            .filter_map(|key| self.remove(key))
            .collect();
        entries
            .into_iter()
            .filter_map(|entry| {
                if let Some(id) = entry.event.id {
                    // This worker's pulse may be fresh for a while yet, and the new owner would take the event for its.
                    self.table.settle(id, State::Released, now, shared);
                }
                let webhooks = entry
                    .reachable()
                    .iter()
                    .filter_map(|index| {
                        let webhook = self.config.webhooks.get(index)?;
                        Some(Recipient {
                            name: webhook.name.clone(),
                            rules: webhook.rules.clone(),
                            payload: Rc::clone(entry.event.payload_for(index)),
                        })
                    })
                    .collect();
                let expires = entry.held?.expires;
                self.counts.add(Counter::Held(HeldOutcome::HandedOver));
                Some(Handover {
                    webhooks,
                    failed_rounds: entry.failed_rounds,
                    expires,
                    event: entry.event,
                })
            })
            .collect()
    }

    /// Takes over an event that an older configuration kept. Webhooks are matched by name; when none of its webhooks is left
    /// it goes to all, for it has reached nobody.
    ///
    /// What rules say of the event cannot be asked again, for only its payload is here. So a webhook whose rules are not
    /// those that it has passed does not get it, and one that came in place of its webhooks gets it if it has none.
    pub fn adopt(&mut self, handover: Handover, now: SteadyMillis) {
        let mut event = handover.event;
        let webhooks = &self.config.webhooks;
        let set_of = |is_in: &dyn Fn(&Webhook) -> bool| -> WebhookSet {
            let chosen = webhooks.iter().enumerate();
            chosen
                .filter(|(_, webhook)| is_in(webhook))
                .map(|(index, _)| index)
                .collect()
        };
        let then = |webhook: &Webhook| {
            let mut recipients = handover.webhooks.iter();
            recipients.find(|recipient| recipient.name == webhook.name)
        };
        event.wanted = if set_of(&|webhook| then(webhook).is_some()).is_empty() {
            set_of(&|webhook| webhook.rules.is_none() && webhook.options.take(event.kind, true))
        } else {
            set_of(&|webhook| then(webhook).is_some_and(|then| then.rules == webhook.rules))
        };
        let redacted = webhooks.iter().enumerate().filter_map(|(index, webhook)| {
            let payload = &then(webhook)?.payload;
            let is_redacted = !Rc::ptr_eq(payload, &event.payload);
            is_redacted.then(|| (WebhookSet::from_iter([index]), Rc::clone(payload)))
        });
        event.redacted = redacted.collect();
        if event.wanted.is_empty() {
            self.counts.add(Counter::Held(HeldOutcome::Refused));
            return;
        }
        let (id, cost) = (event.id, event.cost());
        if id.is_some_and(|id| self.by_id.contains_key(&id)) {
            return;
        }
        let mut entry = Entry::new(event);
        entry.failed_rounds = handover.failed_rounds;
        entry.held = Some(Held {
            expires: handover.expires,
            due: now,
        });
        let key = self.entries.insert(entry);
        if let Some(id) = id {
            self.by_id.insert(id, key);
        }
        self.schedule.events += 1;
        self.schedule.bytes += cost;
        self.schedule.due.push(Reverse((now, key)));
    }
}
