//! The sequence at the end of an event that is given up: its waiters, its memory, its dead letter.

use std::rc::Rc;

use super::batches::Decision;
use super::dead_letter::DeadLetter;
use super::dedupe::State;
use super::entry::Held;
use super::key::EntryKey;
use super::webhook_set::WebhookSet;
use super::{Outbox, Turn};
use crate::clock::millis;
use crate::observe::labels::{DropReason, EventOutcome, HeldOutcome};
use crate::observe::{Counter, Label};

impl<T> Outbox<T> {
    /// Nobody tries to deliver the event any more. It goes to the dead letter webhook, if there is
    /// one.
    // One copy of it in the module is enough.
    #[inline(never)]
    pub(super) fn drop_event(&mut self, key: EntryKey, reason: DropReason, turn: &mut Turn<'_>) {
        let reason = self.exact_reason(key, reason);
        self.note_drop(key, reason, turn);
        self.count_undelivered(key, turn);
        self.settle_dropped(key, reason, turn);
        let Some(entry) = self.store.get(key) else {
            return;
        };
        match self.policy.dead_letter_webhook(entry) {
            Some(webhook) => {
                let webhooks = self.names_of(self.policy.owed(entry));
                let dead_letter = DeadLetter { reason, webhooks };
                turn.observe.count(Counter::DeadLetters(reason));
                self.start_dead_letter(key, dead_letter, webhook, turn);
            }
            None => {
                self.remove(key, turn);
            }
        }
    }

    /// An event that has only ever been refused does not expire: its SDK would send it for ever.
    // One copy in the module is enough, of this function and of the next three.
    #[inline(never)]
    fn exact_reason(&self, key: EntryKey, reason: DropReason) -> DropReason {
        let Some(entry) = self.store.get(key) else {
            return reason;
        };
        match reason {
            DropReason::Expired if !self.policy.is_refused_by_all(entry) => reason,
            DropReason::Expired | DropReason::Refused if entry.is_too_large() => {
                DropReason::Oversized
            }
            DropReason::Expired => DropReason::Refused,
            _ => reason,
        }
    }

    #[inline(never)]
    fn note_drop(&mut self, key: EntryKey, reason: DropReason, turn: &mut Turn<'_>) {
        let Some(entry) = self.store.get(key) else {
            return;
        };
        let outcome = match reason {
            _ if entry.dead_letter().is_some() => HeldOutcome::Lost,
            DropReason::Refused | DropReason::Oversized => HeldOutcome::Refused,
            DropReason::NoRoom => HeldOutcome::NoRoom,
            // Nothing is held when `retry.window` is zero.
            DropReason::Expired if entry.held().is_none() => return,
            DropReason::Expired => HeldOutcome::Expired,
        };
        // Nothing is lost as long as the dead letter webhook may take it, and nobody is woken for
        // it.
        let goes_there = self.policy.dead_letter_webhook(entry).is_some();
        let counted = if goes_there {
            HeldOutcome::DeadLetter
        } else {
            outcome
        };
        turn.observe.count(Counter::Held(counted));
        turn.record_event(entry.event(), outcome.as_str());
        let log_lines = &mut turn.observe.log_lines;
        log_lines.dropped(outcome, &entry.event().payload, turn.now);
    }

    /// Tells the waiters of an event that no webhook has, and remembers how it ended.
    #[inline(never)]
    fn settle_dropped(&mut self, key: EntryKey, reason: DropReason, turn: &mut Turn<'_>) {
        let Some(entry) = self.store.get_mut(key).filter(|entry| !entry.is_accepted()) else {
            return;
        };
        let kind = entry.event().kind;
        let waiters = entry.take_waiters();
        let is_refused = matches!(reason, DropReason::Refused | DropReason::Oversized);
        let state = if is_refused {
            State::Refused
        } else {
            State::Released
        };
        self.settle(key, state, turn);
        for waiter in waiters {
            // The first answer always asks the SDK to send the event again.
            let (outcome, decision) = if is_refused && !waiter.brought_it {
                (EventOutcome::Refused, Decision::Refused(waiter.index))
            } else {
                let held_until = None;
                (EventOutcome::Failed, Decision::Failed { held_until })
            };
            turn.observe.count(Counter::Events(Some(kind), outcome));
            self.end_wait(waiter.batch, decision, turn.now);
        }
    }

    /// The names of these webhooks, with commas between them.
    fn names_of(&self, webhooks: WebhookSet) -> Rc<str> {
        let configured = webhooks
            .iter()
            .filter_map(|webhook| self.config.webhooks.get(webhook));
        let names: Vec<_> = configured.map(|webhook| webhook.name.as_str()).collect();
        names.join(",").into()
    }

    /// The dead letter is held and due if its event was held, so that the retry budget bounds how
    /// many go out at once. Otherwise there may be no room to hold it, and its call is made at
    /// once.
    #[inline(never)]
    fn start_dead_letter(
        &mut self,
        key: EntryKey,
        dead_letter: DeadLetter,
        webhook: usize,
        turn: &mut Turn<'_>,
    ) {
        self.store.forget_id(key);
        let Some(entry) = self.store.get_mut(key) else {
            return;
        };
        entry.become_dead_letter(dead_letter, webhook);
        if entry.held().is_some() {
            let due = turn.now;
            let expires = due.saturating_add(millis(self.config.retry.window));
            self.store.hold(key, Held { expires, due });
            self.schedule.push(due, key, &mut self.timers);
        } else {
            self.begin_round(key, WebhookSet::from_iter([webhook]), false, turn);
        }
    }
}
