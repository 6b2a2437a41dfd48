//! How an outbox stands, for people who look at it.

use super::Outbox;
use crate::clock::{millis, SteadyMillis};

/// The state of one outbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboxState {
    /// Events that are held for a retry.
    pub held_events: usize,
    /// Their bytes.
    pub held_bytes: usize,
    /// Since when the oldest of them is held.
    pub held_since: Option<SteadyMillis>,
    /// By the index in the configuration.
    pub webhooks: Vec<WebhookState>,
}

/// One webhook's part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WebhookState {
    /// Held events that it is to be tried with.
    pub held: usize,
    /// Calls under way.
    pub in_flight: usize,
    /// Retries are held back because it keeps failing.
    pub is_open: bool,
}

impl<T> Outbox<T> {
    /// How it stands. Looks at every event, so it is for a few times a second.
    #[must_use]
    pub fn state(&self) -> OutboxState {
        let webhooks = (0..self.queues.len()).map(|webhook| WebhookState {
            held: 0,
            in_flight: self.queues.in_flight_to(webhook),
            is_open: self.queues.breaker(webhook).is_some_and(|it| it.is_open()),
        });
        let mut state = OutboxState {
            webhooks: webhooks.collect(),
            ..OutboxState::default()
        };
        let window = millis(self.config.retry.window);
        for entry in self.store.iter() {
            let Some(held) = entry.held() else {
                continue;
            };
            state.held_events += 1;
            state.held_bytes += entry.event().cost();
            let since = Some(held.expires.saturating_sub(window));
            state.held_since = [state.held_since, since].into_iter().flatten().min();
            for webhook in self.policy.next_round(entry).iter() {
                if let Some(webhook) = state.webhooks.get_mut(webhook) {
                    webhook.held += 1;
                }
            }
        }
        state
    }
}
