//! Deliveries that end without a call: many may be due at once, and one turn of the loop ends only
//! so many of them.

use super::entry::Entry;
use super::key::EntryKey;
use super::outcome::{NotSent, Outcome};
use super::timers::Timer;
use super::too_late::starts_too_late;
use super::{Outbox, Turn};

impl<T> Outbox<T> {
    /// Ends the deliveries that wait behind a webhook that keeps failing: as many as one turn of
    /// the loop may. The next turns end the others, except for as many as have a call at once.
    pub(super) fn end_hopeless(&mut self, webhook: usize, turn: &mut Turn<'_>) {
        while !self.step_quota.is_used_up() {
            let Some(key) = self.queues.pop_hopeless(webhook) else {
                break;
            };
            self.end_waiting(key, webhook, turn);
        }
        self.restart_queues(turn);
    }

    /// Ends the deliveries whose round was over before their turn came, and those that wait behind
    /// a webhook that keeps failing: as many as one turn of the loop may.
    pub(super) fn end_overdue_rounds(&mut self, turn: &mut Turn<'_>) {
        for webhook in 0..self.queues.len() {
            while !self.step_quota.is_used_up() {
                let Some((key, is_hopeless)) = self.queues.pop_overdue(webhook, turn.now) else {
                    break;
                };
                let is_overdue =
                    |entry: &Entry| starts_too_late(&self.config, entry, webhook, turn.now);
                if is_hopeless || self.store.get(key).is_some_and(is_overdue) {
                    self.end_waiting(key, webhook, turn);
                }
            }
        }
        self.restart_queues(turn);
    }

    /// Starts the timer for what ends next without a call. It runs out in the next turn if this one
    /// has done what it may.
    // One copy of it in the module is enough.
    #[inline(never)]
    pub(super) fn restart_queues(&mut self, turn: &Turn<'_>) {
        self.queues.restart(&mut self.timers);
        if self.step_quota.is_used_up() {
            self.timers.hasten(Timer::Queue, turn.now);
        }
    }

    /// Ends a delivery that was taken out of its queue, if it has not ended already.
    // One copy of it in the module is enough.
    #[inline(never)]
    fn end_waiting(&mut self, key: EntryKey, webhook: usize, turn: &mut Turn<'_>) {
        let waits = |entry: &Entry| entry.waiting().contains(webhook);
        if self.store.get(key).is_some_and(waits) {
            self.step_quota.take(1, turn.now);
            self.finish(key, webhook, Outcome::NotSent(NotSent::Deadline), turn);
        }
    }
}
