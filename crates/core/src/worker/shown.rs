//! A worker as the live page shows it.

use std::rc::Rc;

use super::Worker;
use crate::clock::{Now, SteadyMillis};
use crate::config::Config;
use crate::delivery::dedupe::Shared;
use crate::delivery::{OutboxState, Turn};
use crate::recording;

impl Worker {
    /// Its number, which no other worker of the process ever has.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Makes held events due now, as [`Outbox::retry_now`] has it. The webhook is meant by its
    /// name.
    pub fn retry_now(
        &mut self,
        webhook: Option<&str>,
        id: Option<&str>,
        now: SteadyMillis,
        shared: &mut dyn Shared,
    ) {
        let index_of = |name: &str| {
            let mut webhooks = self.config.webhooks.iter();
            webhooks.position(|webhook| webhook.name == name)
        };
        let index = webhook.map(index_of);
        if index != Some(None) {
            let mut turn = Turn::new(now, shared, &mut self.observe);
            self.outbox.retry_now(index.flatten(), id, &mut turn);
        }
    }

    /// Begins to record what happens to events, if that has not begun.
    pub fn start_recording(&mut self, now: Now) {
        recording::start(&mut self.observe, &self.config, now);
    }

    /// The plugin's configuration.
    #[must_use]
    pub fn config(&self) -> &Rc<Config> {
        &self.config
    }

    /// How its deliveries stand. Looks at every event, so it is for a few times a second.
    #[must_use]
    pub fn state(&self) -> OutboxState {
        self.outbox.state()
    }
}
