//! When held events are due.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::policy::Policy;
use crate::clock::SteadyMillis;
use crate::delivery::key::EntryKey;
use crate::delivery::store::Store;
use crate::delivery::timers::{Timer, Timers};
use crate::delivery::webhook_set::WebhookSet;

/// How long to wait for the retry budget to fill.
const BUDGET_WAIT_MILLIS: u64 = 100;
/// Every event is looked at once in this time for the webhooks that answer again. One that answers
/// now and then closes its breaker many times a second.
const HASTEN_EVERY_MILLIS: u64 = 1_000;

/// So many times may be in the schedule beside two for each held event.
const MOST_STALE: usize = 64;

/// The held events by the time at which each is due.
#[derive(Debug, Default)]
pub(in super::super) struct Schedule {
    /// An entry whose `due` differs from the one here has been scheduled anew.
    due: BinaryHeap<Reverse<(SteadyMillis, EntryKey)>>,
    /// No retry before this time: the budget was empty.
    not_before: SteadyMillis,
    /// Webhooks that answer again, and whose events are still to be hastened.
    answering: WebhookSet,
    /// The next time at which events may be hastened.
    not_hastened_before: SteadyMillis,
}

impl Schedule {
    /// An event is due at this time, which its entry must say as well.
    pub(in super::super) fn push(&mut self, due: SteadyMillis, key: EntryKey, timers: &mut Timers) {
        self.due.push(Reverse((due, key)));
        self.restart(timers);
    }

    /// Takes out the next event that is due and that no round is under way for.
    pub(in super::super) fn pop_due(
        &mut self,
        now: SteadyMillis,
        store: &Store,
    ) -> Option<(SteadyMillis, EntryKey)> {
        while self.first_due().is_some_and(|due| due <= now) {
            let Reverse((due, key)) = self.due.pop()?;
            let is_current = store.get(key).is_some_and(|entry| {
                entry.round_is_over() && entry.held().is_some_and(|held| held.due == due)
            });
            if is_current {
                return Some((due, key));
            }
        }
        None
    }

    /// The budget is empty: nothing is due for a while.
    pub(in super::super) fn wait_for_budget(&mut self, now: SteadyMillis) {
        self.not_before = now.saturating_add(BUDGET_WAIT_MILLIS);
    }

    /// A webhook answers again: its events are due soon.
    pub(in super::super) fn answers_again(&mut self, webhook: usize) {
        self.answering.insert(webhook);
    }

    /// The events of webhooks that answer again are due now, unless a webhook asked for a longer
    /// pause. Does nothing if it did the same a moment ago; then the timer runs.
    pub(in super::super) fn hasten(
        &mut self,
        now: SteadyMillis,
        store: &mut Store,
        policy: &Policy,
        timers: &mut Timers,
    ) {
        let is_early = self.answering.is_empty() || now < self.not_hastened_before;
        if is_early && !self.is_stale(store) {
            return self.restart(timers);
        }
        self.not_hastened_before = now.saturating_add(HASTEN_EVERY_MILLIS);
        let answering = std::mem::take(&mut self.answering);
        let hastened = |Reverse((due, key)): Reverse<(SteadyMillis, EntryKey)>| {
            let entry = store.get(key)?;
            entry.held().filter(|held| held.due == due)?;
            let waits_for_it =
                entry.retry_after().is_none() && policy.next_round(entry).intersects(answering);
            let hastened = if waits_for_it { due.min(now) } else { due };
            store.set_due(key, hastened);
            Some(Reverse((hastened, key)))
        };
        let due = std::mem::take(&mut self.due);
        self.due = due.into_iter().filter_map(hastened).collect();
        self.restart(timers);
    }

    /// Most times in it are not current: each time that an SDK sends a held event again it gets
    /// another one. [`Schedule::hasten`] clears the others, so that each is looked at once.
    pub(in super::super) fn is_stale(&self, store: &Store) -> bool {
        self.due.len() > 2 * store.held_events() + MOST_STALE
    }

    #[cfg(test)]
    pub(in super::super) fn len(&self) -> usize {
        self.due.len()
    }

    /// Starts the timer for the next event.
    // One copy of it in the module is enough.
    #[inline(never)]
    pub(in super::super) fn restart(&self, timers: &mut Timers) {
        timers.set(Timer::Retry, self.next_due());
    }

    fn next_due(&self) -> Option<SteadyMillis> {
        let hastens_at = (!self.answering.is_empty()).then_some(self.not_hastened_before);
        self.first_due().into_iter().chain(hastens_at).min()
    }

    fn first_due(&self) -> Option<SteadyMillis> {
        let Reverse((due, _)) = self.due.peek()?;
        Some((*due).max(self.not_before))
    }
}
