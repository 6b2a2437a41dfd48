//! Several events in one call, for webhooks with `batch`.
//!
//! A bundle is made when its call is, of what waits for the webhook by then, and it ends with the
//! call. Each event in it is delivered, failed and tried again on its own.

mod body;
mod rule;

use super::attempts::Attempt;
use super::outcome::Outcome;
use super::ready::Waiting;
use super::rounds::too_late;
use super::store::EntryKey;
use super::{Outbox, Turn};

pub(super) use body::render;
pub(super) use rule::Bundling;

impl<T> Outbox<T> {
    /// Begins the deliveries that share the call of `first`, which has begun; gives all of them,
    /// and none for a webhook without `batch`.
    pub(super) fn begin_bundle(
        &mut self,
        webhook: usize,
        first: &Waiting,
        turn: &mut Turn<'_>,
    ) -> Vec<EntryKey> {
        let Some(mut room) = self.queues.room_beside(webhook, first) else {
            return Vec::new();
        };
        let mut bundle = vec![first.key];
        while bundle.len() < first.share as usize {
            let Some(next) = self.queues.pop_other(webhook, first, room) else {
                break;
            };
            if self.begin_delivery(webhook, next.key, turn) {
                room = room.saturating_sub(next.body_bytes());
                bundle.push(next.key);
            }
        }
        bundle
    }

    /// A call of several events has ended, or could not be made.
    pub(super) fn end_bundle(&mut self, attempt: &Attempt, outcome: Outcome, turn: &mut Turn<'_>) {
        let webhook = attempt.webhook();
        if self.policy.is_refusal(outcome) {
            self.note_webhook(webhook, outcome, turn);
            return self.halve(attempt);
        }
        let mut ended = Vec::new();
        for key in attempt.bundle() {
            if let Some(is_first) = self.end_delivery(*key, webhook, outcome, turn) {
                ended.push((*key, is_first));
            }
        }
        // One call tells one thing of the webhook.
        self.note_webhook(webhook, outcome, turn);
        // Events that failed together are due together, and share a call again.
        let jitter = self.random.clone();
        for (key, is_first) in ended {
            self.random = jitter.clone();
            self.after_delivery(key, is_first, turn);
        }
    }

    /// The webhook refuses one event of the call at least, and nobody knows which: each half is
    /// sent at once. An event that is refused alone is refused; the others have been through
    /// nothing that counts.
    fn halve(&mut self, attempt: &Attempt) {
        let webhook = attempt.webhook();
        let bundle = attempt.bundle();
        let share = u32::try_from(bundle.len().div_ceil(2)).unwrap_or(u32::MAX);
        // The last one first, so that they stand in their order before all that waits.
        for key in bundle.iter().rev() {
            let Some(entry) = self.store.get_mut(*key) else {
                continue;
            };
            entry.wait_again(webhook);
            let too_late = too_late(&self.config, entry.deadline(), webhook);
            let waiting = entry.waiting_for(webhook, *key, too_late, share);
            self.queues.push_first(webhook, waiting);
            self.note_sheddable(*key);
        }
        self.queues.restart(&mut self.timers);
    }
}
