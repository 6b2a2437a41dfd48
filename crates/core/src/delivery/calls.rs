//! Calls to webhooks: whose turn it is, and what their ends mean.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use super::entry::EntryKey;
use super::health::Health;
use super::outbox::Outbox;
use super::outcome::{CallResponse, NotSent, Outcome};
use super::table::Shared;
use crate::clock::SteadyMillis;
use crate::config::Webhook;
use crate::observe::Counter;
use crate::signing::WebhookId;

/// A call that the host never ends is given up this long after its timeout.
pub(super) const LOST_AFTER_MILLIS: u64 = 5_000;

/// The host's timers may run out this much early by the clock that a module reads: they start with its event loop's turn.
const EARLY_MILLIS: u64 = 50;

/// One webhook's queue.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// In order of arrival. A delivery that has ended before its turn is left in and skipped.
    pub(super) ready: VecDeque<EntryKey>,
    pub(super) in_flight: usize,
    pub(super) health: Health,
}

/// One HTTP call of a delivery, under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    pub(super) entry: EntryKey,
    pub(super) webhook: usize,
    /// When it is given up if the host never ends it.
    pub(super) lost_at: SteadyMillis,
}

impl Attempt {
    /// How it ended. An answer that broke off ends a call without headers, and so does one that is not whole in
    /// time; only the clock tells them apart (seed, "Considerations": the latter is a timeout).
    fn outcome(&self, response: &CallResponse, now: SteadyMillis) -> Outcome {
        let times_out_at = self.lost_at.saturating_sub(LOST_AFTER_MILLIS);
        if response.status.is_none() && now.saturating_add(EARLY_MILLIS) >= times_out_at {
            return Outcome::Timeout;
        }
        Outcome::of(response)
    }
}

/// A call to make. It is under way from here on: tell [`Outbox::called`] how making it went.
#[derive(Clone, Debug)]
pub struct Call {
    /// Index of the webhook in the configuration.
    pub webhook: usize,
    /// The request's body.
    pub payload: Rc<[u8]>,
    /// At most what is left of the 25 s; never zero, which the host would take for no timeout.
    pub timeout: Duration,
    webhook_id: Option<WebhookId>,
    attempt: Attempt,
}

impl Call {
    /// The headers that sign this attempt, if `webhook` wants it signed: `unix` gives the time in seconds since
    /// 1970-01-01T00:00:00Z, and is not asked when nothing is signed.
    pub fn signature(
        &self,
        webhook: &Webhook,
        unix: impl FnOnce() -> i64,
    ) -> Vec<(&'static str, String)> {
        let Some(signing) = &webhook.signing else {
            return Vec::new();
        };
        // An event that an unsigned configuration kept has no id yet.
        let id = self
            .webhook_id
            .unwrap_or_else(|| WebhookId::of_payload(&self.payload));
        signing.headers(id, unix(), &self.payload)
    }
}

impl<T> Outbox<T> {
    /// The next call to make, to the least busy webhook; `None` when each has nothing waiting or enough in flight.
    ///
    /// A webhook that answers late is busy, and one that keeps failing comes last: their calls stand behind those that a
    /// client's answer will come from.
    pub fn next_call(&mut self, now: SteadyMillis, shared: &mut dyn Shared) -> Option<Call> {
        let most = self.config.limits.max_in_flight_per_webhook;
        loop {
            let (webhook, _) = self
                .lanes
                .iter()
                .enumerate()
                .filter(|(_, lane)| lane.in_flight < most && !lane.ready.is_empty())
                .min_by_key(|(_, lane)| (lane.health.is_open(), lane.in_flight))?;
            // `None`: its queue held nothing that still waits, and is empty now.
            if let Some(call) = self.next_call_to(webhook, now, shared) {
                return Some(call);
            }
        }
    }

    fn next_call_to(
        &mut self,
        webhook: usize,
        now: SteadyMillis,
        shared: &mut dyn Shared,
    ) -> Option<Call> {
        loop {
            let lane = self.lanes.get_mut(webhook)?;
            let key = lane.ready.pop_front()?;
            let Some(entry) = self
                .entries
                .get_mut(key)
                .filter(|entry| entry.waiting.contains(webhook))
            else {
                continue;
            };
            if now >= entry.deadline {
                self.finish(
                    key,
                    webhook,
                    Outcome::NotSent(NotSent::Deadline),
                    now,
                    shared,
                );
                continue;
            }
            entry.waiting.remove(webhook);
            entry.in_flight.insert(webhook);
            lane.in_flight += 1;
            if entry.is_accepted() {
                self.sheddable = self.sheddable.saturating_sub(1);
            }
            if !entry.is_retry {
                self.budget.on_first_attempt();
            }
            let left = Duration::from_millis(entry.deadline.saturating_sub(now));
            let timeout = self
                .config
                .webhooks
                .get(webhook)
                .map_or(left, |webhook| webhook.timeout.min(left));
            return Some(Call {
                webhook,
                payload: Rc::clone(entry.event.payload_for(webhook)),
                webhook_id: entry.event.webhook_id,
                timeout,
                attempt: Attempt {
                    entry: key,
                    webhook,
                    lost_at: now
                        .saturating_add(super::millis(timeout))
                        .saturating_add(LOST_AFTER_MILLIS),
                },
            });
        }
    }

    /// Says whether the host made the call: its token, or why not.
    pub fn called(
        &mut self,
        call: &Call,
        made: Result<u32, NotSent>,
        now: SteadyMillis,
        shared: &mut dyn Shared,
    ) {
        match made {
            Ok(token) => {
                if self.attempts.is_empty() {
                    self.sweep_at = call.attempt.lost_at;
                }
                self.attempts.insert(token, call.attempt);
            }
            Err(reason) => self.end(call.attempt, Outcome::NotSent(reason), now, shared),
        }
    }

    /// A call has ended. A token that is not known, or has ended before, is ignored.
    pub fn ended(
        &mut self,
        token: u32,
        response: &CallResponse,
        now: SteadyMillis,
        shared: &mut dyn Shared,
    ) {
        if let Some(attempt) = self.attempts.remove(&token) {
            self.end(attempt, attempt.outcome(response, now), now, shared);
        }
    }

    pub(super) fn end(
        &mut self,
        attempt: Attempt,
        outcome: Outcome,
        now: SteadyMillis,
        shared: &mut dyn Shared,
    ) {
        if let Some(lane) = self.lanes.get_mut(attempt.webhook) {
            lane.in_flight = lane.in_flight.saturating_sub(1);
        }
        if let Some(entry) = self.entries.get_mut(attempt.entry) {
            entry.in_flight.remove(attempt.webhook);
        }
        self.finish(attempt.entry, attempt.webhook, outcome, now, shared);
    }

    /// One delivery has ended, with or without a call.
    pub(super) fn finish(
        &mut self,
        key: EntryKey,
        webhook: usize,
        outcome: Outcome,
        now: SteadyMillis,
        shared: &mut dyn Shared,
    ) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        if entry.waiting.contains(webhook) {
            entry.waiting.remove(webhook);
            if entry.is_accepted() {
                self.sheddable = self.sheddable.saturating_sub(1);
            }
        }
        self.observe
            .count(Counter::Deliveries(webhook, outcome.label()));
        let (is_retry, attempt) = (entry.is_retry, entry.failed_rounds.saturating_add(1));
        let is_first = outcome == Outcome::Delivered && !entry.is_accepted();
        if outcome == Outcome::Delivered {
            entry.delivered.insert(webhook);
        } else {
            if !outcome.is_transient() {
                entry.refused.insert(webhook);
            }
            entry.wish = entry.wish.max(outcome.retry_after());
            if let Some(config) = self.config.webhooks.get(webhook) {
                self.observe
                    .log_lines
                    .failure(webhook, config, outcome, attempt, now);
            }
        }
        if is_retry && outcome == Outcome::Delivered {
            self.budget.on_delivered_retry();
        }
        self.note_health(webhook, outcome, now);
        if is_first {
            self.accepted(key, now, shared);
        }
        if self
            .entries
            .get(key)
            .is_some_and(|entry| entry.round_is_over())
        {
            self.round_over(key, now, shared);
        }
    }

    fn note_health(&mut self, webhook: usize, outcome: Outcome, now: SteadyMillis) {
        // Giving up on our own side says nothing of the webhook.
        if matches!(outcome, Outcome::NotSent(NotSent::Deadline | NotSent::Shed)) {
            return;
        }
        let (Some(lane), Some(config)) = (
            self.lanes.get_mut(webhook),
            self.config.webhooks.get(webhook),
        ) else {
            return;
        };
        let retry = &self.config.retry;
        if !outcome.is_transient() {
            if lane.health.on_alive() {
                self.observe.log_lines.back(webhook, config, now);
                self.schedule.hasten(now, &mut self.entries, webhook);
            }
        } else if lane.health.on_failure(
            now,
            retry.initial_backoff,
            retry.max_backoff,
            &mut self.random,
        ) {
            self.observe.log_lines.given_up(webhook, config, now);
        }
    }

    /// Room for `cost` bytes more? If need be, events that a webhook has already give up the deliveries that have not
    /// started, oldest first: a dead webhook must not cost a new event its place.
    pub(super) fn make_room(
        &mut self,
        cost: usize,
        now: SteadyMillis,
        shared: &mut dyn Shared,
    ) -> bool {
        let most = self.config.limits.max_in_flight_bytes;
        if cost > most {
            return false;
        }
        let fits = |bytes: usize| bytes.saturating_add(cost) <= most;
        let mut passed_over = Vec::new();
        for webhook in 0..self.lanes.len() {
            while !fits(self.bytes) && self.sheddable > 0 {
                let Some(key) = self
                    .lanes
                    .get_mut(webhook)
                    .and_then(|lane| lane.ready.pop_front())
                else {
                    break;
                };
                let Some(entry) = self
                    .entries
                    .get(key)
                    .filter(|entry| entry.waiting.contains(webhook))
                else {
                    continue;
                };
                if !entry.is_accepted() {
                    passed_over.push(key);
                    continue;
                }
                for waiting in entry.waiting.iter() {
                    self.finish(key, waiting, Outcome::NotSent(NotSent::Shed), now, shared);
                }
            }
            if let Some(lane) = self.lanes.get_mut(webhook) {
                for key in passed_over.drain(..).rev() {
                    lane.ready.push_front(key);
                }
            }
        }
        fits(self.bytes)
    }
}
