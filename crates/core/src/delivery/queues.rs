//! The order of deliveries: one queue for each webhook.

use std::time::Duration;

use super::bundle::Bundling;
use super::concurrency::ConcurrencyLimit;
use super::key::EntryKey;
use super::levels::WebhookLevel;
use super::pace::{is_in_time, Pace};
use super::ready::{Ready, Waiting};
use super::retry::breaker::CircuitBreaker;
use super::store::Store;
use super::timers::{Timer, Timers};
use crate::clock::SteadyMillis;
use crate::config::{Limits, Webhook};

/// One webhook's queue.
#[derive(Debug)]
struct WebhookQueue {
    ready: Ready,
    /// `None` when each event has a call of its own.
    bundling: Option<Bundling>,
    in_flight: usize,
    limit: ConcurrencyLimit,
    /// When the last call began.
    began: SteadyMillis,
    breaker: CircuitBreaker,
    pace: Pace,
    /// When the webhook last accepted an event.
    last_success: Option<SteadyMillis>,
}

impl WebhookQueue {
    /// How many calls stand before one more delivery, those under way included.
    fn ahead(&self) -> usize {
        let waiting = self.bundling.as_ref();
        let waiting = waiting.map_or(self.ready.len(), |rule| rule.calls(&self.ready));
        waiting + self.in_flight
    }

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

/// The most calls that a webhook may begin while the worker has many under way: enough for one that
/// answers quickly.
const MOST_OF_A_SHARE: usize = 16;

/// The queues of all webhooks, by index in the configuration.
#[derive(Debug)]
pub(super) struct Queues {
    queues: Vec<WebhookQueue>,
    max_in_flight: usize,
    /// Calls under way to all webhooks.
    in_flight: usize,
    /// Once so many calls are under way, a webhook begins one only if it has less than its share,
    /// so that `limits.max_in_flight` is never exceeded.
    crowded_from: usize,
    share: usize,
}

impl Queues {
    pub(super) fn new(webhooks: &[Webhook], limits: &Limits) -> Self {
        let (all, count) = (limits.max_in_flight, webhooks.len().max(1));
        let share = (all / count / 4).clamp(1, MOST_OF_A_SHARE);
        let queue = |webhook| WebhookQueue {
            ready: Ready::default(),
            bundling: Bundling::of(webhook),
            in_flight: 0,
            limit: ConcurrencyLimit::new(webhooks.len(), limits.max_in_flight_per_webhook),
            began: 0,
            breaker: CircuitBreaker::default(),
            pace: Pace::default(),
            last_success: None,
        };
        Self {
            queues: webhooks.iter().map(queue).collect(),
            max_in_flight: limits.max_in_flight_per_webhook,
            in_flight: 0,
            crowded_from: all.saturating_sub(share * count).max(1),
            share,
        }
    }

    /// How many calls each webhook may have at once now, whatever its own limit is.
    fn most_at_once(&self) -> usize {
        if self.in_flight < self.crowded_from {
            usize::MAX
        } else {
            self.share
        }
    }

    /// How many calls this webhook may have at once now: those under way in any case.
    fn at_once(&self, queue: &WebhookQueue) -> usize {
        let limit = queue.limit.get().min(self.most_at_once());
        limit.max(queue.in_flight)
    }

    /// Puts a delivery at the end of a webhook's queue.
    pub(super) fn push(&mut self, webhook: usize, waiting: Waiting, timers: &mut Timers) {
        if let Some(queue) = self.queues.get_mut(webhook) {
            timers.hasten(Timer::Queue, waiting.too_late);
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
    pub(super) fn has_turn(&self, webhook: usize, timeout: Duration, now: SteadyMillis) -> bool {
        self.queues.get(webhook).is_some_and(|queue| {
            let (ahead, at_once) = (queue.ahead(), self.at_once(queue));
            let planned = match queue.limit.on_trial_from() {
                Some(before) => before.min(self.most_at_once()),
                None => at_once,
            };
            // Each call that ends lets another one begin: none has ended since the last one began.
            let is_full = queue.in_flight >= at_once;
            let so_far = if is_full {
                now.saturating_sub(queue.began)
            } else {
                0
            };
            ahead < at_once
                || !queue.breaker.is_open()
                    && queue.pace.has_turn(ahead, planned, timeout)
                    && is_in_time(so_far, ahead, self.max_in_flight, timeout)
        })
    }

    /// Takes out a delivery that waits behind a webhook that keeps failing.
    // One copy of it in the module is enough.
    #[inline(never)]
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
        let most = self.most_at_once();
        let (webhook, queue) = self
            .queues
            .iter_mut()
            .enumerate()
            .filter(|(_, queue)| queue.in_flight < queue.limit.get().min(most))
            .filter(|(_, queue)| !queue.ready.is_empty())
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

    /// Takes out the oldest delivery to a webhook, if its round is over or if it is hopeless; says
    /// whether it is that.
    pub(super) fn pop_overdue(
        &mut self,
        webhook: usize,
        now: SteadyMillis,
    ) -> Option<(EntryKey, bool)> {
        let is_hopeless = self.has_hopeless(self.queues.get(webhook)?);
        let ready = &mut self.queues.get_mut(webhook)?.ready;
        ready
            .front()
            .filter(|waiting| is_hopeless || waiting.too_late <= now)?;
        ready.pop_front().map(|waiting| (waiting.key, is_hopeless))
    }

    /// Whether more wait behind a webhook that keeps failing than have a call at once.
    fn has_hopeless(&self, queue: &WebhookQueue) -> bool {
        queue.breaker.is_open() && queue.ahead() > self.at_once(queue)
    }

    /// Starts the timer for the delivery whose round ends first. One that is hopeless is due.
    pub(super) fn restart(&self, timers: &mut Timers) {
        let next = self.queues.iter().filter_map(|queue| {
            let first = queue.ready.front()?;
            Some(if self.has_hopeless(queue) {
                0
            } else {
                first.too_late
            })
        });
        timers.set(Timer::Queue, next.min());
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
            queue.began = now;
            self.in_flight += 1;
            if let Some(bundling) = &mut queue.bundling {
                bundling.begin_call(now);
            }
        }
    }

    /// A call has ended; it took `None` when it could not be made. `works`: the webhook has not
    /// failed it.
    pub(super) fn end_call(
        &mut self,
        webhook: usize,
        took: Option<SteadyMillis>,
        works: bool,
        now: SteadyMillis,
    ) {
        if let Some(queue) = self.queues.get_mut(webhook) {
            queue.in_flight = queue.in_flight.saturating_sub(1);
            self.in_flight = self.in_flight.saturating_sub(1);
            if let Some(took) = took {
                queue.pace.on_end(took);
                queue.limit.on_end(works, !queue.ready.is_empty(), now);
            }
        }
    }

    /// The webhook has accepted an event.
    pub(super) fn on_delivered(&mut self, webhook: usize, now: SteadyMillis) {
        if let Some(queue) = self.queues.get_mut(webhook) {
            queue.last_success = Some(now);
        }
    }

    /// The calls of each webhook now.
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
