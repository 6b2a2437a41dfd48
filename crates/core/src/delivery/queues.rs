//! Whose turn it is: one queue of deliveries for each webhook.

use std::collections::VecDeque;
use std::time::Duration;

use super::pace::Pace;
use super::retry::breaker::CircuitBreaker;
use super::store::{EntryKey, Store};
use super::timers::{Timer, Timers};
use crate::clock::SteadyMillis;

/// One webhook's queue.
#[derive(Debug, Default)]
struct WebhookQueue {
    /// In order of arrival, each with the time from which it is too late to begin. A delivery that
    /// has ended before its turn is left in and skipped.
    ready: VecDeque<(SteadyMillis, EntryKey)>,
    in_flight: usize,
    breaker: CircuitBreaker,
    pace: Pace,
}

/// The queues of all webhooks, by index in the configuration.
#[derive(Debug)]
pub(super) struct Queues {
    queues: Vec<WebhookQueue>,
    max_in_flight: usize,
}

impl Queues {
    pub(super) fn new(webhooks: usize, max_in_flight: usize) -> Self {
        Self {
            queues: (0..webhooks).map(|_| WebhookQueue::default()).collect(),
            max_in_flight,
        }
    }

    /// Puts a delivery at the end of a webhook's queue, until `too_late`.
    pub(super) fn push(
        &mut self,
        webhook: usize,
        key: EntryKey,
        too_late: SteadyMillis,
        timers: &mut Timers,
    ) {
        if let Some(queue) = self.queues.get_mut(webhook) {
            queue.ready.push_back((too_late, key));
            timers.start(Timer::Queue, too_late);
        }
    }

    /// Whether a delivery that is put into the queue is likely to have its turn in time. Behind a
    /// webhook that keeps failing nobody waits.
    pub(super) fn has_turn(&self, webhook: usize, timeout: Duration) -> bool {
        self.queues.get(webhook).is_some_and(|queue| {
            let ahead = queue.ready.len() + queue.in_flight;
            ahead < self.max_in_flight
                || !queue.breaker.is_open()
                    && queue.pace.has_turn(ahead, self.max_in_flight, timeout)
        })
    }

    /// Takes out a delivery that waits behind a webhook that keeps failing.
    pub(super) fn pop_hopeless(&mut self, webhook: usize) -> Option<EntryKey> {
        let queue = self.queues.get_mut(webhook)?;
        if !queue.breaker.is_open() {
            return None;
        }
        queue.ready.pop_front().map(|(_, key)| key)
    }

    /// Takes out the delivery whose turn it is, which may have ended already: the next one to the
    /// least busy webhook. `None` when each has nothing waiting or enough in flight.
    ///
    /// A webhook that answers late is busy, and one that keeps failing comes last: their calls
    /// stand behind those that a client's answer will come from.
    pub(super) fn pop(&mut self, timers: &mut Timers) -> Option<(usize, EntryKey)> {
        let (webhook, queue) = self
            .queues
            .iter_mut()
            .enumerate()
            .filter(|(_, queue)| queue.in_flight < self.max_in_flight && !queue.ready.is_empty())
            .min_by_key(|(_, queue)| (queue.breaker.is_open(), queue.in_flight))?;
        let (_, key) = queue.ready.pop_front()?;
        if self.queues.iter().all(|queue| queue.ready.is_empty()) {
            timers.set(Timer::Queue, None);
        }
        Some((webhook, key))
    }

    /// Takes out the oldest delivery to a webhook, if its round is over.
    pub(super) fn pop_overdue(&mut self, webhook: usize, now: SteadyMillis) -> Option<EntryKey> {
        let ready = &mut self.queues.get_mut(webhook)?.ready;
        ready.front().filter(|(deadline, _)| *deadline <= now)?;
        ready.pop_front().map(|(_, key)| key)
    }

    /// Lets the timer run for the delivery whose round ends first.
    pub(super) fn restart(&self, timers: &mut Timers) {
        let fronts = self.queues.iter().filter_map(|queue| queue.ready.front());
        timers.set(Timer::Queue, fronts.map(|(deadline, _)| *deadline).min());
    }

    /// Takes out the deliveries at the front of a webhook's queue that ended before their turn.
    pub(super) fn drop_stale(&mut self, webhook: usize, store: &Store) {
        let Some(queue) = self.queues.get_mut(webhook) else {
            return;
        };
        while let Some((_, key)) = queue.ready.front() {
            let entry = store.get(*key);
            if entry.is_some_and(|entry| entry.waiting().contains(webhook)) {
                return;
            }
            queue.ready.pop_front();
        }
    }

    pub(super) fn begin_call(&mut self, webhook: usize) {
        if let Some(queue) = self.queues.get_mut(webhook) {
            queue.in_flight += 1;
        }
    }

    /// A call has ended; `None` when it could not be made.
    pub(super) fn end_call(&mut self, webhook: usize, took: Option<SteadyMillis>) {
        if let Some(queue) = self.queues.get_mut(webhook) {
            queue.in_flight = queue.in_flight.saturating_sub(1);
            if let Some(took) = took {
                queue.pace.on_end(took);
            }
        }
    }

    pub(super) fn breaker(&self, webhook: usize) -> Option<&CircuitBreaker> {
        self.queues.get(webhook).map(|queue| &queue.breaker)
    }

    pub(super) fn breaker_mut(&mut self, webhook: usize) -> Option<&mut CircuitBreaker> {
        self.queues.get_mut(webhook).map(|queue| &mut queue.breaker)
    }

    pub(super) fn len(&self) -> usize {
        self.queues.len()
    }

    #[cfg(test)]
    pub(super) fn in_flight(&self) -> usize {
        self.queues.iter().map(|queue| queue.in_flight).sum()
    }
}
