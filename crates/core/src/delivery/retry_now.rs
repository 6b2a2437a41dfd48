//! Held events that a person wants to be tried at once.

use super::entry::Entry;
use super::key::EntryKey;
use super::{Outbox, Turn};
use crate::hashed_id;

impl<T> Outbox<T> {
    /// Makes held events due now: those that are to be tried with this webhook, and the one with
    /// this hashed id; all without either.
    ///
    /// The bounds on retries still hold. The retry budget lets them out in turn, and a webhook that
    /// keeps failing gets one as a probe: the others follow when that succeeds.
    pub fn retry_now(&mut self, webhook: Option<usize>, id: Option<&str>, turn: &mut Turn<'_>) {
        let is_meant = |entry: &Entry| {
            let goes_to = |webhook| self.policy.next_round(entry).contains(webhook);
            let has_id = |id| {
                let (_, escaped_id) = hashed_id::in_payload(&entry.event().payload);
                hashed_id::of_escaped(escaped_id) == id
            };
            webhook.is_none_or(goes_to) && id.is_none_or(has_id)
        };
        let is_meant = |key: &EntryKey| self.store.get(*key).is_some_and(&is_meant);
        let keys: Vec<_> = self.store.resting().filter(is_meant).collect();
        for each in 0..self.queues.len() {
            if webhook.is_none_or(|webhook| webhook == each) {
                if let Some(breaker) = self.queues.breaker_mut(each) {
                    breaker.probe_now(turn.now);
                }
            }
        }
        for key in keys {
            self.reschedule(key, turn.now);
        }
    }
}
