//! The events that reached a webhook, how often, and when.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The events that a webhook was sent, by `messageId`.
pub(crate) struct Ledger {
    start: Instant,
    received: Mutex<HashMap<String, Vec<Duration>>>,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            received: Mutex::default(),
        }
    }
}

impl Ledger {
    /// The webhook has read the request of this event.
    pub(crate) fn receive(&self, payload: &[u8]) {
        let id = message_id(payload).to_owned();
        let at = self.start.elapsed();
        self.received().entry(id).or_default().push(at);
    }

    /// Events that came more than once.
    pub(crate) fn doubled(&self) -> usize {
        let received = self.received();
        received.values().filter(|times| times.len() > 1).count()
    }

    /// Events whose first call came in this time since the start.
    pub(crate) fn first_calls(&self, from: Duration, to: Duration) -> usize {
        let received = self.received();
        let firsts = received.values().filter_map(|times| times.first());
        firsts.filter(|at| (from..to).contains(*at)).count()
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.received().contains_key(id)
    }

    fn received(&self) -> MutexGuard<'_, HashMap<String, Vec<Duration>>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Found by its key, for tens of thousands of payloads are received.
fn message_id(payload: &[u8]) -> &str {
    let payload = std::str::from_utf8(payload).unwrap();
    let (_, rest) = payload.split_once(r#""messageId":""#).unwrap();
    rest.split_once('"').unwrap().0
}
