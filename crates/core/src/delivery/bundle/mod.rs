//! Several events in one call, for webhooks with `batch`.
//!
//! A bundle is made together with its call, from the deliveries that wait for the webhook at that
//! time, and it ends with the call. Each event in it is delivered, failed and tried again on its
//! own.

pub(super) mod body;
mod rule;

use super::attempts::Attempt;
use super::key::EntryKey;
use super::outcome::Outcome;
use super::ready::Waiting;
use super::too_late::too_late;
use super::{Outbox, Turn};

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
            } else if self.step_quota.is_used_up() {
                break;
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
        // One call is one sign of whether the webhook works, however many events share it.
        self.note_webhook(webhook, outcome, turn);
        // Events that failed together are due together, and share a call again.
        let jitter = self.random.clone();
        for (key, is_first) in ended {
            self.random = jitter.clone();
            self.after_delivery(key, is_first, turn);
        }
    }

    /// The webhook refuses at least one event of the call, and nobody knows which. So each half is
    /// sent again at once, until a refused event has a call of its own. Until then nothing is
    /// counted for any of them.
    fn halve(&mut self, attempt: &Attempt) {
        let webhook = attempt.webhook();
        let bundle = attempt.bundle();
        let share = u32::try_from(bundle.len().div_ceil(2)).unwrap_or(u32::MAX);
        // The last one first, so that they keep their order in front of everything that waits.
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
