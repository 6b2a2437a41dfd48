//! How an outbox stands, for people who look at it.

use super::levels::WebhookLevel;
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
    /// Its part in the gauges.
    pub level: WebhookLevel,
}

impl<T> Outbox<T> {
    /// How it stands. Looks at every event, so it is for a few times a second.
    #[must_use]
    pub fn state(&self) -> OutboxState {
        let levels = self.queues.levels();
        let mut state = OutboxState {
            held_events: self.store.held_events(),
            held_bytes: self.store.held_bytes(),
            held_since: None,
            webhooks: levels
                .map(|level| WebhookState { held: 0, level })
                .collect(),
        };
        let window = millis(self.config.retry.window);
        for entry in self.store.iter() {
            let Some(held) = entry.held() else {
                continue;
            };
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
