//! One worker's view of the table: which events it may deliver.

use std::time::Duration;

use super::bucket::Slot;
use super::buckets::{Buckets, Decide, Writer};
use super::progress::Progress;
use super::{
    Claim, EventId, Heartbeat, Owner, Question, Resume, Shared, State, HEARTBEAT_EVERY,
    HEARTBEAT_LOST_AFTER, TOLD_WITHIN,
};
use crate::clock::{millis, SteadyMillis};
use crate::delivery::timers::{Timer, Timers};

/// This worker's view of the table.
#[derive(Debug)]
pub struct DedupeTable {
    owner: Owner,
    buckets: Buckets,
    /// When the next heartbeat is due, if there is no news.
    beat_at: SteadyMillis,
    progress: Progress,
}

/// The meaning of a slot that is decided or is another worker's.
enum Standing {
    Accepted,
    Refused,
    /// Another worker is delivering it now.
    UnderWay,
    /// Another worker keeps it.
    Kept,
    /// The first worker that asks may claim it.
    Open,
}

impl DedupeTable {
    /// A view of a table with `slots` slots that remembers accepted events for `window`; either at
    /// zero switches it off.
    #[must_use]
    pub fn new(owner: Owner, slots: u32, window: Duration) -> Self {
        Self {
            owner,
            buckets: Buckets::new(slots, window),
            beat_at: 0,
            progress: Progress::default(),
        }
    }

    /// Claims the event for this worker, unless it is decided or another worker is delivering it.
    /// An event that is recognised as decided is remembered for another window from now on. The
    /// caller must know that this worker does not have the event.
    ///
    /// An event that another worker only holds for a later try is taken over: the SDK has just sent
    /// it again, so it is tried now.
    pub fn claim(&mut self, id: EventId, now: SteadyMillis, shared: &mut dyn Shared) -> Claim {
        let mut question = [Question::about(id, 0)];
        self.claim_all(&mut question, now, shared);
        let [Question { answer, .. }] = question;
        answer.unwrap_or(Claim::Ours(self.progress.date(now)))
    }

    /// As [`Self::claim`], for different events of one device.
    pub fn claim_all(
        &mut self,
        events: &mut [Question],
        now: SteadyMillis,
        shared: &mut dyn Shared,
    ) {
        self.change(events, now, shared, &mut |found, shared| {
            self.claim_found(found, now, shared)
        });
        for event in events {
            if let Some(Claim::Ours(date)) = event.answer {
                self.progress.begin(date);
            }
        }
    }

    fn claim_found(
        &self,
        found: Option<Slot>,
        now: SteadyMillis,
        shared: &mut dyn Shared,
    ) -> (Option<State>, Claim) {
        let standing = found.map(|slot| match slot.state {
            // Any outcome but acceptance would stand in the slot.
            State::Claimed if slot.owner == self.owner => (slot, Standing::Accepted),
            _ => (slot, self.standing(&slot, now, shared)),
        });
        let remembered = |slot: Slot| self.buckets.remember(slot, now);
        match standing {
            Some((slot, Standing::Accepted)) if remembered(slot) => {
                (Some(State::Accepted), Claim::Accepted)
            }
            Some((slot, Standing::Refused)) if remembered(slot) => {
                (Some(State::Refused), Claim::Refused)
            }
            Some((_, Standing::UnderWay)) => (None, Claim::ClaimedByOther),
            _ => (Some(State::Claimed), Claim::Ours(self.progress.date(now))),
        }
    }

    /// Whether a webhook has the event, or every webhook has refused it for good. The caller must
    /// know that this worker does not have it.
    pub(in crate::delivery) fn is_decided(
        &self,
        id: EventId,
        now: SteadyMillis,
        shared: &mut dyn Shared,
    ) -> bool {
        let mut question = [Question::about(id, 0)];
        self.change(&mut question, now, shared, &mut |found, shared| {
            let (_, claim) = self.claim_found(found, now, shared);
            (None, claim)
        });
        let [Question { answer, .. }] = question;
        matches!(answer, Some(Claim::Accepted | Claim::Refused))
    }

    /// Takes up again an event that this worker holds and no webhook has, unless it is decided or
    /// another worker has it by now.
    pub fn resume(&mut self, id: EventId, now: SteadyMillis, shared: &mut dyn Shared) -> Resume {
        let date = self.progress.date(now);
        // Once another event has the slot, nobody knows the outcome, and a duplicate is better than
        // a loss.
        let mut question = [Question::about(id, 0)];
        self.change(&mut question, now, shared, &mut |found, shared| match found
            .map(|slot| self.standing(&slot, now, shared))
        {
            Some(Standing::Accepted | Standing::Refused | Standing::Kept) => {
                (None, Claim::Accepted)
            }
            Some(Standing::UnderWay) => (None, Claim::ClaimedByOther),
            Some(Standing::Open) | None => (Some(State::Claimed), Claim::Ours(date)),
        });
        let [Question { answer, .. }] = question;
        match answer {
            Some(Claim::Accepted | Claim::Refused) => Resume::Gone,
            Some(Claim::ClaimedByOther) => Resume::Busy,
            Some(Claim::Ours(_)) | None => {
                self.progress.begin(date);
                Resume::Ours(date)
            }
        }
    }

    /// Records the outcome of an event that this worker had claimed. `claimed` is the date of the
    /// claim, `None` when an outcome has been recorded since.
    pub fn settle(
        &mut self,
        id: EventId,
        claimed: Option<SteadyMillis>,
        state: State,
        now: SteadyMillis,
        shared: &mut dyn Shared,
    ) {
        if self.buckets.are_off() {
            return;
        }
        match claimed {
            Some(date) if state == State::Accepted => self.progress.accept(date, id),
            Some(date) => {
                // The mark must not pass the claim until the outcome is written.
                if self.write(id, state, now, shared) {
                    self.progress.end(date);
                }
            }
            None => {
                self.write(id, state, now, shared);
            }
        }
        // Then the other workers need not wait for it, and this one need not wake up for it.
        if self.has_news() && self.progress.is_complete(now) {
            self.beat(now, shared);
        }
    }

    /// How many events were forgotten before their time since the last time of asking.
    pub(in crate::delivery) fn take_evictions(&self) -> u32 {
        self.buckets.take_evictions()
    }

    /// There is something that the other workers have to be told.
    pub(in crate::delivery) fn has_news(&self) -> bool {
        self.progress.has_news()
    }

    /// Writes the event's outcome into its slot; `false` when other workers' writes prevented it.
    fn write(&self, id: EventId, state: State, now: SteadyMillis, shared: &mut dyn Shared) -> bool {
        let mut question = [Question::about(id, 0)];
        self.change(&mut question, now, shared, &mut |found, _| {
            let is_ours =
                found.is_some_and(|slot| slot.owner == self.owner && slot.state != State::Accepted);
            // Its subject has another state by now, which may have its place.
            let is_over = id.is_state() && found.is_none_or(|slot| slot.state == State::Released);
            // Another event or worker may own the slot by now; leave it alone.
            let is_written = if state == State::Accepted {
                !is_over
            } else {
                is_ours
            };
            (is_written.then_some(state), Claim::Accepted)
        })
    }

    /// Has `decide` change the slots of these events of one device, in this worker's name.
    fn change(
        &self,
        events: &mut [Question],
        now: SteadyMillis,
        shared: &mut dyn Shared,
        decide: &mut Decide<'_>,
    ) -> bool {
        let writer = Writer {
            owner: self.owner,
            date: self.progress.date(now),
        };
        self.buckets.change(events, writer, now, shared, decide)
    }

    fn standing(&self, slot: &Slot, now: SteadyMillis, shared: &mut dyn Shared) -> Standing {
        match slot.state {
            State::Accepted => return Standing::Accepted,
            State::Refused => return Standing::Refused,
            State::Released => return Standing::Open,
            State::Claimed | State::Held if slot.owner == self.owner => return Standing::Open,
            State::Claimed | State::Held => {}
        }
        let Some(heartbeat) = shared.heartbeat_of(slot.owner) else {
            return Standing::Open;
        };
        let is_alive = now.saturating_sub(heartbeat.at) <= millis(HEARTBEAT_LOST_AFTER);
        match slot.state {
            State::Claimed if slot.written < heartbeat.decided_before => Standing::Accepted,
            State::Claimed if is_alive => Standing::UnderWay,
            State::Held if is_alive => Standing::Kept,
            _ => Standing::Open,
        }
    }

    /// Shows the other workers that this one is alive and how far it has come, if it is time.
    pub(in crate::delivery) fn beat_if_due(&mut self, now: SteadyMillis, shared: &mut dyn Shared) {
        if now >= self.due() {
            self.beat(now, shared);
        }
    }

    fn beat(&mut self, now: SteadyMillis, shared: &mut dyn Shared) {
        if self.buckets.are_off() {
            return;
        }
        let (decided_before, uncovered) = self.progress.advance();
        for id in uncovered {
            self.write(id, State::Accepted, now, shared);
        }
        let heartbeat = Heartbeat {
            at: now,
            decided_before,
        };
        shared.beat(self.owner, heartbeat);
        self.beat_at = now.saturating_add(millis(HEARTBEAT_EVERY));
    }

    fn due(&self) -> SteadyMillis {
        let wait = millis(HEARTBEAT_EVERY - TOLD_WITHIN);
        let sooner = if self.has_news() { wait } else { 0 };
        self.beat_at.saturating_sub(sooner)
    }

    /// Runs the timer while this worker has claims or news.
    pub(in crate::delivery) fn restart_heartbeat(&self, has_claims: bool, timers: &mut Timers) {
        let is_needed = !self.buckets.are_off() && (has_claims || self.has_news());
        timers.set(Timer::Heartbeat, is_needed.then(|| self.due()));
    }
}
