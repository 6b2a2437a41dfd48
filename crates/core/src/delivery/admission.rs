//! An event comes in: it is claimed and starts, joins the same event that is here already, or is
//! known to be decided.

use super::batches::{BatchKey, Decision};
use super::dedupe::{Claim, EventId, Resume, State};
use super::entry::{Entry, Waiter};
use super::event::PreparedEvent;
use super::key::EntryKey;
use super::{Outbox, Turn};
use crate::clock::SteadyMillis;
use crate::observe::labels::EventOutcome;
use crate::observe::{Counter, Label};

impl<T> Outbox<T> {
    /// A batch brings an event, which may have been claimed for it.
    pub(super) fn admit(
        &mut self,
        event: PreparedEvent,
        claim: Option<Claim>,
        batch: BatchKey,
        turn: &mut Turn<'_>,
    ) {
        let Some(id) = event.id else {
            return self.start(event, None, batch, turn);
        };
        let here = self.store.find(id);
        if let Some(key) = here.filter(|key| !self.may_be_an_older_state(*key)) {
            return self.join(key, event.index, batch, turn);
        }
        let claim = claim.unwrap_or_else(|| self.dedupe.claim(id, turn.now, turn.shared));
        match (here, claim) {
            (Some(key), Claim::Accepted) => return self.join(key, event.index, batch, turn),
            // Its subject has had another state since.
            (Some(key), _) => self.store.forget_id(key),
            (None, _) => {}
        }
        let mut end = |outcome: EventOutcome, decision| {
            turn.observe
                .count(Counter::Events(Some(event.kind), outcome));
            turn.record_event(&event, outcome.as_str());
            self.batches.decide(batch, decision);
            self.batches.settle(batch);
        };
        match claim {
            Claim::Accepted => end(EventOutcome::Duplicate, Decision::Accepted),
            Claim::Refused => end(EventOutcome::Refused, Decision::Refused(event.index)),
            Claim::Ours(date) => self.start(event, Some(date), batch, turn),
            Claim::ClaimedByOther => {
                let (store, timers) = (&mut self.store, &mut self.timers);
                self.claimed_by_other
                    .push(event, batch, turn.now, store, timers);
            }
        }
    }

    /// Whether only the table knows if the event, which a webhook has, is still the last state of
    /// its subject.
    fn may_be_an_older_state(&self, key: EntryKey) -> bool {
        let accepted = self.store.get(key).filter(|entry| entry.is_accepted());
        let id = accepted.and_then(|entry| entry.event().id);
        id.is_some_and(EventId::is_state)
    }

    fn start(
        &mut self,
        event: PreparedEvent,
        claimed: Option<SteadyMillis>,
        batch: BatchKey,
        turn: &mut Turn<'_>,
    ) {
        let (wanted, index) = (event.wanted, event.index);
        let mut entry = Entry::new(event);
        if let Some(date) = claimed {
            entry.claim(date);
        }
        entry.add_waiter(Waiter {
            batch,
            index,
            brought_it: true,
        });
        let key = self.insert(entry);
        self.begin_round(key, wanted, false, turn);
    }

    /// A request brings an event that is here already.
    fn join(&mut self, key: EntryKey, index: u32, batch: BatchKey, turn: &mut Turn<'_>) {
        let Some(entry) = self.store.get_mut(key) else {
            return;
        };
        let (kind, is_resting) = (entry.event().kind, entry.round_is_over());
        let is_accepted = entry.is_accepted();
        if is_accepted {
            turn.record_event(entry.event(), EventOutcome::Duplicate.as_str());
        }
        if !(is_accepted && is_resting) {
            entry.add_waiter(Waiter {
                batch,
                index,
                brought_it: false,
            });
        }
        if is_accepted {
            // It is remembered for another window.
            self.settle(key, State::Accepted, turn);
            let duplicate = Counter::Events(Some(kind), EventOutcome::Duplicate);
            turn.observe.count(duplicate);
            self.batches.decide(batch, Decision::Accepted);
            if is_resting {
                self.batches.settle(batch);
            }
        } else if is_resting {
            // It is held; the SDK has asked again, so the next round starts now.
            let webhooks = self.policy.next_round(entry);
            match self.resume(key, turn) {
                Resume::Ours(_) => self.begin_round(key, webhooks, false, turn),
                Resume::Busy | Resume::Gone => self.hand_to_other_worker(key, turn),
            }
        }
    }

    /// Looks again at what other workers had claimed.
    pub(super) fn claim_again(&mut self, turn: &mut Turn<'_>) {
        for (event, batch) in self.claimed_by_other.take(&mut self.store) {
            if self.batches.is_open(batch) {
                self.admit(event, None, batch, turn);
                self.batches
                    .answer_if_ready(batch, turn.now, &mut self.timers);
            } else {
                // Its SDK has been told to send it again.
                let failed = Counter::Events(Some(event.kind), EventOutcome::Failed);
                turn.observe.count(failed);
            }
        }
        self.claimed_by_other.restart(turn.now, &mut self.timers);
    }
}
