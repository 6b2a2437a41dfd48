//! What time alone brings about.

use super::calls::LOST_AFTER_MILLIS;
use super::millis;
use super::outbox::Outbox;
use super::outcome::{NotSent, Outcome};
use super::table::{Shared, PULSE_EVERY};
use crate::clock::SteadyMillis;
use crate::observe::{Counter, EventOutcome};

/// How often to look whether another worker has delivered what it claimed, in milliseconds.
pub(super) const ELSEWHERE_EVERY: u64 = 50;
/// Looks per millisecond at most, so that thousands of events that wait do not take the worker up.
const ELSEWHERE_LOOKS_PER_MILLI: usize = 20;

impl<T> Outbox<T> {
    /// When [`Outbox::tick`] is next needed; `None` while nothing waits for time.
    pub fn wake_at(&mut self) -> Option<SteadyMillis> {
        while let Some((_, batch)) = self.deadlines.front() {
            if self.batches.contains_key(*batch) {
                break;
            }
            self.deadlines.pop_front();
        }
        let batch = self.deadlines.front().map(|(deadline, _)| *deadline);
        let waiting = (0..self.lanes.len())
            .filter_map(|webhook| self.next_deadline(webhook))
            .min();
        let elsewhere = (!self.elsewhere.is_empty()).then_some(self.elsewhere_at);
        let pulse = (self.table.is_on() && !self.entries.is_empty()).then_some(self.pulse_at);
        let sweep = (!self.attempts.is_empty()).then_some(self.sweep_at);
        [
            batch,
            waiting,
            elsewhere,
            pulse,
            sweep,
            self.schedule.next_due(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// When the delivery whose turn is next ends; those that have ended before their turn are taken out.
    fn next_deadline(&mut self, webhook: usize) -> Option<SteadyMillis> {
        let ready = &mut self.lanes.get_mut(webhook)?.ready;
        loop {
            let waits = self
                .entries
                .get(*ready.front()?)
                .filter(|entry| entry.waiting.contains(webhook));
            if let Some(entry) = waits {
                return Some(entry.deadline);
            }
            ready.pop_front();
        }
    }

    /// Does whatever is due.
    pub fn tick(&mut self, now: SteadyMillis, shared: &mut dyn Shared) {
        // Also for what it waits for, which it may claim in a moment.
        if !self.entries.is_empty() || !self.elsewhere.is_empty() {
            self.renew_pulse(now, shared);
        }
        self.end_waits(now, shared);
        self.sweep(now, shared);
        while self
            .deadlines
            .front()
            .is_some_and(|(deadline, _)| *deadline <= now)
        {
            if let Some((_, batch)) = self.deadlines.pop_front() {
                self.push_overdue(batch, now);
            }
        }
        if now >= self.elsewhere_at {
            self.look_elsewhere(now, shared);
        }
        self.retry_due(now, shared);
    }

    pub(super) fn renew_pulse(&mut self, now: SteadyMillis, shared: &mut dyn Shared) {
        if self.table.is_on() && now >= self.pulse_at {
            self.table.pulse(now, shared);
            self.pulse_at = now.saturating_add(millis(PULSE_EVERY));
        }
    }

    /// Ends the deliveries whose round was over before their turn came; within a lane rounds end in order.
    fn end_waits(&mut self, now: SteadyMillis, shared: &mut dyn Shared) {
        for webhook in 0..self.lanes.len() {
            while self
                .next_deadline(webhook)
                .is_some_and(|deadline| deadline <= now)
            {
                let late = self
                    .lanes
                    .get_mut(webhook)
                    .and_then(|lane| lane.ready.pop_front());
                if let Some(key) = late {
                    let outcome = Outcome::NotSent(NotSent::Deadline);
                    self.finish(key, webhook, outcome, now, shared);
                }
            }
        }
    }

    /// Gives up calls that the host never ended.
    fn sweep(&mut self, now: SteadyMillis, shared: &mut dyn Shared) {
        if self.attempts.is_empty() || now < self.sweep_at {
            return;
        }
        let lost: Vec<u32> = self
            .attempts
            .iter()
            .filter(|(_, attempt)| attempt.lost_at <= now)
            .map(|(token, _)| *token)
            .collect();
        for token in lost {
            if let Some(attempt) = self.attempts.remove(&token) {
                self.end(attempt, Outcome::Timeout, now, shared);
            }
        }
        self.sweep_at = now.saturating_add(LOST_AFTER_MILLIS);
    }

    fn look_elsewhere(&mut self, now: SteadyMillis, shared: &mut dyn Shared) {
        for (event, batch) in std::mem::take(&mut self.elsewhere) {
            self.bytes = self.bytes.saturating_sub(event.cost());
            if self.batches.contains_key(batch) {
                self.admit(event, batch, now, shared);
                self.push_ready(batch, now);
            } else {
                // Its SDK has been told to send it again.
                self.count(Counter::Events(Some(event.kind), EventOutcome::Failed));
            }
        }
        let pause = self.elsewhere.len() / ELSEWHERE_LOOKS_PER_MILLI;
        let pause = u64::try_from(pause).unwrap_or(u64::MAX);
        self.elsewhere_at = now.saturating_add(pause.max(ELSEWHERE_EVERY));
    }
}
