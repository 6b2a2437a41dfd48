//! The buckets of the table: where an event's slot is, and how slots change.

use std::cell::Cell;
use std::time::Duration;

use super::bucket::{Bucket, Slot, SLOTS_PER_BUCKET};
use super::{Claim, EventId, Owner, Question, Shared, State};
use crate::clock::{millis, SteadyMillis};

/// How often to try while other workers write to the same bucket. A try fails only because another
/// worker's write succeeded; so many in a row would mean that something else is wrong.
const MAX_TRIES: usize = 100;

/// All buckets of the table, which the host keeps.
#[derive(Debug)]
pub(super) struct Buckets {
    /// Zero when recognition is switched off.
    count: u32,
    /// For how many milliseconds an event is remembered.
    window: u64,
    /// Events that were forgotten before their time and are not counted yet.
    evictions: Cell<u32>,
}

/// The worker that writes, and the date of its writing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writer {
    pub(super) owner: Owner,
    pub(super) date: SteadyMillis,
}

/// Gives the new state of an event's slot, if it changes, and the answer.
pub(super) type Decide<'d> =
    dyn FnMut(Option<Slot>, &mut dyn Shared) -> (Option<State>, Claim) + 'd;

impl Writer {
    fn slot(self, id: EventId, state: State) -> Slot {
        Slot {
            tag: id.tag(),
            state,
            owner: self.owner,
            written: self.date,
        }
    }
}

impl Buckets {
    /// The buckets for `slots` slots whose events are remembered for `window`; either at zero
    /// switches recognition off.
    pub(super) fn new(slots: u32, window: Duration) -> Self {
        let per_bucket = u32::try_from(SLOTS_PER_BUCKET).unwrap_or(u32::MAX);
        let count = slots.div_ceil(per_bucket);
        Self {
            count: if window.is_zero() { 0 } else { count },
            window: millis(window),
            evictions: Cell::new(0),
        }
    }

    pub(super) fn are_off(&self) -> bool {
        self.count == 0
    }

    /// Whether what the slot says still holds.
    pub(super) fn remember(&self, slot: Slot, now: SteadyMillis) -> bool {
        now.saturating_sub(slot.written) <= self.window
    }

    /// How many events were forgotten before their time since the last time of asking.
    pub(super) fn take_evictions(&self) -> u32 {
        self.evictions.take()
    }

    /// `decide` is given the slot of each of these events of one device, and may return a new one,
    /// which is written. It is asked again whenever another worker has written first. Its other
    /// results are the answers. Returns whether the table now has what `decide` wants.
    pub(super) fn change(
        &self,
        events: &mut [Question],
        writer: Writer,
        now: SteadyMillis,
        shared: &mut dyn Shared,
        decide: &mut Decide<'_>,
    ) -> bool {
        let Some(home) = events
            .first()
            .and_then(|event| self.index(event.id.device()))
        else {
            return true;
        };
        for _ in 0..MAX_TRIES {
            let (bytes, cas) = shared.load(home);
            let mut bucket = Bucket::of(bytes);
            let last_overflow = bucket.overflow();
            let mut is_over = last_overflow.is_some_and(|at| self.is_overflow_valid(at, now));
            let (mut is_changed, mut is_elsewhere) = (false, false);
            for event in &mut *events {
                event.answer = None;
                let found = bucket.find(event.id.tag());
                if found.is_none() && is_over {
                    is_elsewhere = true;
                    continue;
                }
                let (state, answer) = decide(found, shared);
                is_changed |= bucket.end_older_states(event.id, state);
                let has_place = state.is_none_or(|state| {
                    is_changed = true;
                    bucket.put(writer.slot(event.id, state), self.horizon(now))
                });
                if has_place {
                    event.answer = Some(answer);
                } else {
                    (is_over, is_elsewhere) = (true, true);
                }
            }
            // The home has to say so for as long as events elsewhere are remembered.
            if is_elsewhere && last_overflow.is_none_or(|at| self.is_overflow_old(at, now)) {
                bucket.set_overflow(now);
                is_changed = true;
            }
            if is_changed && !shared.store(home, bucket.as_bytes(), cas) {
                continue;
            }
            let mut elsewhere = events.iter_mut().filter(|event| event.answer.is_none());
            return elsewhere
                .all(|event| self.change_elsewhere(event, writer, now, shared, decide));
        }
        false
    }

    /// As [`Self::change`], for an event that its home has no room for.
    fn change_elsewhere(
        &self,
        event: &mut Question,
        writer: Writer,
        now: SteadyMillis,
        shared: &mut dyn Shared,
        decide: &mut Decide<'_>,
    ) -> bool {
        let Some(key) = self.elsewhere(event.id) else {
            return true;
        };
        for _ in 0..MAX_TRIES {
            let (bytes, cas) = shared.load(key);
            let mut bucket = Bucket::of(bytes);
            let (state, answer) = decide(bucket.find(event.id.tag()), shared);
            event.answer = Some(answer);
            bucket.end_older_states(event.id, state);
            let Some(state) = state else {
                return true;
            };
            let slot = writer.slot(event.id, state);
            let evicts = bucket.put_over(slot, self.horizon(now));
            if shared.store(key, bucket.as_bytes(), cas) {
                let evictions = self.evictions.get();
                self.evictions
                    .set(evictions.saturating_add(u32::from(evicts)));
                return true;
            }
        }
        false
    }

    /// Slots that were written before need not be remembered.
    fn horizon(&self, now: SteadyMillis) -> SteadyMillis {
        now.saturating_sub(self.window)
    }

    /// Whether events may be elsewhere of a home that ran over then. A home is marked again once
    /// half a window has gone by, so that everything elsewhere is found for a whole one.
    fn is_overflow_valid(&self, at: SteadyMillis, now: SteadyMillis) -> bool {
        now.saturating_sub(at) <= self.window.saturating_add(self.window / 2)
    }

    fn is_overflow_old(&self, at: SteadyMillis, now: SteadyMillis) -> bool {
        now.saturating_sub(at) > self.window / 2
    }

    /// Where the event is when its home has no room for it; never at home, unless there is but one
    /// bucket.
    fn elsewhere(&self, id: EventId) -> Option<u32> {
        let (home, other) = (self.index(id.device())?, self.index(id.mixed())?);
        if other == home {
            home.saturating_add(1).checked_rem(self.count)
        } else {
            Some(other)
        }
    }

    fn index(&self, hash: u64) -> Option<u32> {
        u32::try_from(hash.checked_rem(u64::from(self.count))?).ok()
    }
}
