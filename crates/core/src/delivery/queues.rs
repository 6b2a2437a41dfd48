//! Whose turn it is: one queue of deliveries for each webhook.

use std::time::Duration;

use super::bundle::Bundling;
use super::concurrency::ConcurrencyLimit;
use super::key::EntryKey;
use super::levels::WebhookLevel;
use super::pace::Pace;
use super::ready::{Ready, Waiting};
use super::retry::breaker::CircuitBreaker;
use super::store::Store;
use super::timers::{Timer, Timers};
use crate::clock::SteadyMillis;
use crate::config::Webhook;

/// One webhook's queue.
#[derive(Debug)]
struct WebhookQueue {
    ready: Ready,
    /// `None` when each event has a call of its own.
    bundling: Option<Bundling>,
    in_flight: usize,
    limit: ConcurrencyLimit,
    breaker: CircuitBreaker,
    pace: Pace,
    /// When the webhook last accepted an event.
    last_success: Option<SteadyMillis>,
}

impl WebhookQueue {
    /// Whether the call of what waits may start. If it is too soon, the timer runs until then.
    fn may_start(&self, now: SteadyMillis, timers: &mut Timers) -> bool {
        let Some(bundling) = &self.bundling else {
            return true;
        };
        let starts_at = bundling.starts_at(&self.ready, self.in_flight);
        let too_soon = starts_at.filter(|at| *at > now);
        too_soon
            .inspect(|at| timers.hasten(Timer::Bundle, *at))
            .is_none()
    }
}

/// The queues of all webhooks, by index in the configuration.
#[derive(Debug)]
pub(super) struct Queues {
    queues: Vec<WebhookQueue>,
}

impl Queues {
    pub(super) fn new(webhooks: &[Webhook], max_in_flight: usize) -> Self {
        let queue = |webhook| WebhookQueue {
            ready: Ready::default(),
            bundling: Bundling::of(webhook),
            in_flight: 0,
            limit: ConcurrencyLimit::new(webhooks.len(), max_in_flight),
            breaker: CircuitBreaker::default(),
            pace: Pace::default(),
            last_success: None,
        };
        Self {
            queues: webhooks.iter().map(queue).collect(),
        }
    }

    /// Puts a delivery at the end of a webhook's queue.
    pub(super) fn push(&mut self, webhook: usize, waiting: Waiting, timers: &mut Timers) {
        if let Some(queue) = self.queues.get_mut(webhook) {
            timers.start(Timer::Queue, waiting.too_late);
            queue.ready.push_back(waiting);
        }
    }

    /// Puts a delivery before all others; [`Queues::restart`] has to follow.
    pub(super) fn push_first(&mut self, webhook: usize, waiting: Waiting) {
        if let Some(queue) = self.queues.get_mut(webhook) {
            queue.ready.push_front(waiting);
        }
    }

    /// How many events may share a call to the webhook.
    pub(super) fn share(&self, webhook: usize) -> u32 {
        self.bundling(webhook).map_or(1, Bundling::max_events)
    }

    fn bundling(&self, webhook: usize) -> Option<&Bundling> {
        self.queues.get(webhook)?.bundling.as_ref()
    }

    /// Whether a delivery that is put into the queue is likely to have its turn in time. Behind a
    /// webhook that keeps failing nobody waits.
    pub(super) fn has_turn(&self, webhook: usize, timeout: Duration) -> bool {
        self.queues.get(webhook).is_some_and(|queue| {
            let waiting = queue.bundling.as_ref();
            let waiting = waiting.map_or(queue.ready.len(), |rule| rule.calls(&queue.ready));
            let (ahead, limit) = (waiting + queue.in_flight, queue.limit.get());
            ahead < limit || !queue.breaker.is_open() && queue.pace.has_turn(ahead, limit, timeout)
        })
    }

    /// Takes out a delivery that waits behind a webhook that keeps failing.
    pub(super) fn pop_hopeless(&mut self, webhook: usize) -> Option<EntryKey> {
        let queue = self.queues.get_mut(webhook)?;
        if !queue.breaker.is_open() {
            return None;
        }
        queue.ready.pop_front().map(|waiting| waiting.key)
    }

    /// Takes out the delivery whose turn it is, which may have ended already: the next one to the
    /// least busy webhook. `None` when each has nothing waiting or enough in flight.
    ///
    /// A webhook that answers late is busy, and one that keeps failing comes last: their calls
    /// stand behind those that a client's answer will come from.
    pub(super) fn pop(
        &mut self,
        now: SteadyMillis,
        timers: &mut Timers,
    ) -> Option<(usize, Waiting)> {
        timers.set(Timer::Bundle, None);
        let (webhook, queue) = self
            .queues
            .iter_mut()
            .enumerate()
            .filter(|(_, queue)| queue.in_flight < queue.limit.get() && !queue.ready.is_empty())
            .filter(|(_, queue)| queue.may_start(now, timers))
            .min_by_key(|(_, queue)| (queue.breaker.is_open(), queue.in_flight))?;
        let waiting = queue.ready.pop_front()?;
        if self.queues.iter().all(|queue| queue.ready.is_empty()) {
            timers.set(Timer::Queue, None);
        }
        Some((webhook, waiting))
    }

    /// Bytes of a body that others may take in the call of `first`; `None` when each event has a
    /// call of its own.
    pub(super) fn room_beside(&self, webhook: usize, first: &Waiting) -> Option<usize> {
        Some(self.bundling(webhook)?.room_beside(first))
    }

    /// Takes out the next delivery, if it may share the call of `first`.
    pub(super) fn pop_other(
        &mut self,
        webhook: usize,
        first: &Waiting,
        room: usize,
    ) -> Option<Waiting> {
        let ready = &mut self.queues.get_mut(webhook)?.ready;
        let next = ready.front()?;
        let fits = next.share == first.share && next.body_bytes() <= room;
        fits.then(|| ready.pop_front()).flatten()
    }

    /// Takes out the oldest delivery to a webhook, if its round is over.
    pub(super) fn pop_overdue(&mut self, webhook: usize, now: SteadyMillis) -> Option<EntryKey> {
        let ready = &mut self.queues.get_mut(webhook)?.ready;
        ready.front().filter(|waiting| waiting.too_late <= now)?;
        ready.pop_front().map(|waiting| waiting.key)
    }

    /// Starts the timer for the delivery whose round ends first.
    pub(super) fn restart(&self, timers: &mut Timers) {
        let fronts = self.queues.iter().filter_map(|queue| queue.ready.front());
        timers.set(Timer::Queue, fronts.map(|waiting| waiting.too_late).min());
    }

    /// Takes out the deliveries at the front of a webhook's queue that ended before their turn.
    pub(super) fn drop_stale(&mut self, webhook: usize, store: &Store) {
        let Some(queue) = self.queues.get_mut(webhook) else {
            return;
        };
        while let Some(waiting) = queue.ready.front() {
            let entry = store.get(waiting.key);
            if entry.is_some_and(|entry| entry.waiting().contains(webhook)) {
                return;
            }
            queue.ready.pop_front();
        }
    }

    pub(super) fn begin_call(&mut self, webhook: usize, now: SteadyMillis) {
        if let Some(queue) = self.queues.get_mut(webhook) {
            queue.in_flight += 1;
            queue.limit.on_begin(queue.in_flight, now);
            if let Some(bundling) = &mut queue.bundling {
                bundling.begin_call(now);
            }
        }
    }

    /// A call has ended; it took `None` when it could not be made.
    pub(super) fn end_call(
        &mut self,
        webhook: usize,
        took: Option<SteadyMillis>,
        now: SteadyMillis,
    ) {
        if let Some(queue) = self.queues.get_mut(webhook) {
            queue.in_flight = queue.in_flight.saturating_sub(1);
            if let Some(took) = took {
                queue.pace.on_end(took);
                queue.limit.on_end(!queue.ready.is_empty(), now);
            }
        }
    }

    /// The webhook has accepted an event.
    pub(super) fn on_delivered(&mut self, webhook: usize, now: SteadyMillis) {
        if let Some(queue) = self.queues.get_mut(webhook) {
            queue.last_success = Some(now);
        }
    }

    /// What each webhook has now.
    pub(super) fn levels(&self) -> impl Iterator<Item = WebhookLevel> + '_ {
        self.queues.iter().map(|queue| WebhookLevel {
            in_flight: queue.in_flight,
            breaker_is_open: queue.breaker.is_open(),
            last_success: queue.last_success,
        })
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
        let queues = self.queues.iter();
        queues.map(|queue| queue.in_flight).sum()
    }
}
