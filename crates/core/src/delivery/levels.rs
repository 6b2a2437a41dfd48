//! How much is held and under way: what the gauges of one worker say.

use super::Outbox;
use crate::clock::{millis, SteadyMillis};

/// The events and calls of one worker at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// Events that are held.
    pub held_events: usize,
    /// Bytes that they take, as `retry.max_held_bytes` counts them.
    pub held_bytes: usize,
    /// The more used up of `retry.max_held_events` and `retry.max_held_bytes`, in percent.
    pub held_used_percent: u32,
    /// Since when the oldest of them has been held, to the second.
    pub held_since: Option<SteadyMillis>,
    /// By the webhook's index.
    pub webhooks: Vec<WebhookLevel>,
}

/// The calls of one worker to one webhook at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WebhookLevel {
    /// Calls under way.
    pub in_flight: usize,
    /// Retries are held back, because it keeps failing.
    pub breaker_is_open: bool,
    /// When it last accepted an event.
    pub last_success: Option<SteadyMillis>,
}

impl Levels {
    /// Nothing is held or under way, and each webhook works.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.held_events == 0 && self.webhooks.iter().all(WebhookLevel::is_idle)
    }
}

impl WebhookLevel {
    /// No call is under way, and the webhook works.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.in_flight == 0 && !self.breaker_is_open
    }
}

impl<T> Outbox<T> {
    /// How many events the table of recognised events forgot before their time, since the last time
    /// of asking.
    pub fn take_evictions(&mut self) -> u32 {
        self.dedupe.take_evictions()
    }

    /// The levels of this worker now.
    #[must_use]
    pub fn levels(&self) -> Levels {
        let retry = &self.config.retry;
        let (held_events, held_bytes) = (self.store.held_events(), self.store.held_bytes());
        let percent = |used: usize, most: usize| {
            let percent = used.saturating_mul(100).checked_div(most);
            percent.and_then(|percent| u32::try_from(percent).ok())
        };
        let held_used_percent = percent(held_events, retry.max_held_events)
            .max(percent(held_bytes, retry.max_held_bytes));
        let expires = self.store.first_to_expire();
        Levels {
            held_events,
            held_bytes,
            held_used_percent: held_used_percent.unwrap_or(0),
            held_since: expires.map(|expires| expires.saturating_sub(millis(retry.window))),
            webhooks: self.queues.levels().collect(),
        }
    }
}
