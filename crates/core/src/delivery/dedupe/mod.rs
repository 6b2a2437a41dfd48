//! The table of events that the workers of the process share, to recognise what is sent again.
//!
//! It is an array of buckets in the host's shared data, each with a few slots. An event's bucket
//! follows from its id, so the table never grows and needs no expiry: a new event takes a slot of
//! its bucket over from an older one. That can cost a duplicate, never a loss. Writes are
//! compare-and-swap, so that of two workers that get the same event at once one claims it.
//!
//! A claim is good while its owner's heartbeat is fresh: a worker whose VM died cannot keep an
//! event from being delivered.

mod bucket;

use std::time::Duration;

use self::bucket::{Bucket, Slot, SLOTS_PER_BUCKET};
use super::timers::{Timer, Timers};
use crate::clock::{millis, SteadyMillis};

/// A heartbeat older than this is a worker that died.
pub const HEARTBEAT_LOST_AFTER: Duration = Duration::from_secs(3);
/// How often a worker with claims renews its heartbeat.
pub const HEARTBEAT_EVERY: Duration = Duration::from_secs(1);

/// How often to try while other workers write to the same bucket; more would mean that something
/// else is wrong.
const MAX_TRIES: usize = 8;

/// Identifies an event among all that SDKs send: a keyed hash of its source and its message id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub u128);

/// A worker's VM; another one after a crash. Below 2^22.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner(pub u32);

const OWNER_BITS: u32 = 22;

impl Owner {
    /// The owner with this number; after 4,194,304 configurations of workers the numbers come
    /// again.
    #[must_use]
    pub const fn numbered(number: u32) -> Self {
        Self(number & (u32::MAX >> (u32::BITS - OWNER_BITS)))
    }
}

/// The number that compare-and-swap compares, as the host gave it when the bucket was read; `None`
/// when the bucket has never been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cas(pub Option<u32>);

/// The host's shared data, seen as buckets and heartbeats.
pub trait Shared {
    /// The bytes of a bucket, empty when it has never been written.
    fn load(&mut self, bucket: u32) -> (Vec<u8>, Cas);
    /// Writes a bucket unless another worker has since it was read; says whether it did.
    fn store(&mut self, bucket: u32, value: &[u8], cas: Cas) -> bool;
    /// The steady time of a worker's last heartbeat.
    fn heartbeat_of(&mut self, owner: Owner) -> Option<SteadyMillis>;
    /// Sets this worker's heartbeat.
    fn beat(&mut self, owner: Owner, now: SteadyMillis);
}

/// What a slot says of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// A worker is delivering it.
    Claimed,
    /// A worker holds it to try again later.
    Held,
    /// A webhook has it.
    Accepted,
    /// Nobody has it any more.
    Released,
    /// Every webhook refused it for good.
    Refused,
}

/// What to do with an event that has come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is ours to deliver.
    Ours,
    /// A webhook accepted it already.
    Accepted,
    /// Every webhook has refused it for good.
    Refused,
    /// Another worker is delivering it now.
    ClaimedByOther,
}

/// What to do with an event that this worker holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    /// It is ours to deliver.
    Ours,
    /// Another worker is delivering it now.
    Busy,
    /// It is decided, or another worker holds it.
    Gone,
}

/// This worker's view of the table.
#[derive(Debug)]
pub struct DedupeTable {
    owner: Owner,
    buckets: u32,
    window: u64,
    beat_at: SteadyMillis,
}

impl DedupeTable {
    /// A view of a table with `slots` slots that remembers accepted events for `window`; either at
    /// zero switches it off.
    #[must_use]
    pub fn new(owner: Owner, slots: u32, window: Duration) -> Self {
        let per_bucket = u32::try_from(SLOTS_PER_BUCKET).unwrap_or(u32::MAX);
        let buckets = slots.div_ceil(per_bucket);
        Self {
            owner,
            buckets: if window.is_zero() { 0 } else { buckets },
            window: millis(window),
            beat_at: 0,
        }
    }

    /// Claims the event for this worker, unless it is decided or another worker is delivering it.
    /// An event that is recognised as decided is remembered for another window from now on.
    ///
    /// An event that another worker merely holds is taken over: the SDK has just sent it again, so
    /// now is the time to try.
    pub fn claim(&self, id: EventId, now: SteadyMillis, shared: &mut dyn Shared) -> Claim {
        self.change(id, now, shared, |found, shared| {
            let remembered = |slot: &Slot| now.saturating_sub(slot.written) <= self.window;
            match found {
                Some(slot) if slot.state == State::Accepted && remembered(&slot) => {
                    (Some(State::Accepted), Claim::Accepted)
                }
                Some(slot) if slot.state == State::Refused && remembered(&slot) => {
                    (Some(State::Refused), Claim::Refused)
                }
                Some(slot)
                    if slot.state == State::Claimed && self.is_anothers(&slot, now, shared) =>
                {
                    (None, Claim::ClaimedByOther)
                }
                _ => (Some(State::Claimed), Claim::Ours),
            }
        })
    }

    /// Takes up again an event that this worker holds and no webhook has, unless it is decided or
    /// another worker has it by now.
    pub fn resume(&self, id: EventId, now: SteadyMillis, shared: &mut dyn Shared) -> Resume {
        // Once the slot has gone to another event nobody can tell, and a duplicate is better than a
        // loss.
        self.change(id, now, shared, |found, shared| match found {
            Some(slot) if matches!(slot.state, State::Accepted | State::Refused) => {
                (None, Resume::Gone)
            }
            Some(slot) if slot.state == State::Held && self.is_anothers(&slot, now, shared) => {
                (None, Resume::Gone)
            }
            Some(slot) if slot.state == State::Claimed && self.is_anothers(&slot, now, shared) => {
                (None, Resume::Busy)
            }
            _ => (Some(State::Claimed), Resume::Ours),
        })
    }

    /// Says what became of an event that this worker had claimed.
    pub fn settle(&self, id: EventId, state: State, now: SteadyMillis, shared: &mut dyn Shared) {
        self.change(id, now, shared, |found, _| {
            let is_ours =
                found.is_some_and(|slot| slot.owner == self.owner && slot.state != State::Accepted);
            // Another event or worker may own the slot by now; leave it alone.
            let is_written = is_ours || state == State::Accepted;
            (is_written.then_some(state), ())
        });
    }

    /// Writes what `decide` makes of the event's slot, if anything, and has it decide again
    /// whenever another worker was first. Gives what `decide` says beside that.
    fn change<R>(
        &self,
        id: EventId,
        now: SteadyMillis,
        shared: &mut dyn Shared,
        mut decide: impl FnMut(Option<Slot>, &mut dyn Shared) -> (Option<State>, R),
    ) -> R {
        let Some(key) = self.bucket_of(id) else {
            return decide(None, shared).1;
        };
        let tag = id.tag();
        let mut tries = 1;
        loop {
            let (bytes, cas) = shared.load(key);
            let mut bucket = Bucket::of(bytes);
            let (state, decision) = decide(bucket.find(tag), shared);
            let Some(state) = state else {
                return decision;
            };
            let slot = Slot {
                tag,
                state,
                owner: self.owner,
                written: now,
            };
            bucket.put(slot, now.saturating_sub(self.window));
            if shared.store(key, bucket.as_bytes(), cas) || tries == MAX_TRIES {
                return decision;
            }
            tries += 1;
        }
    }

    fn is_anothers(&self, slot: &Slot, now: SteadyMillis, shared: &mut dyn Shared) -> bool {
        slot.owner != self.owner
            && shared
                .heartbeat_of(slot.owner)
                .is_some_and(|beat| now.saturating_sub(beat) <= millis(HEARTBEAT_LOST_AFTER))
    }

    /// Shows the other workers that this one is alive, if it is time.
    pub(super) fn beat_if_due(&mut self, now: SteadyMillis, shared: &mut dyn Shared) {
        if self.buckets > 0 && now >= self.beat_at {
            shared.beat(self.owner, now);
            self.beat_at = now.saturating_add(millis(HEARTBEAT_EVERY));
        }
    }

    /// Lets the timer run while this worker has claims.
    pub(super) fn restart_heartbeat(&self, has_claims: bool, timers: &mut Timers) {
        let next = (self.buckets > 0 && has_claims).then_some(self.beat_at);
        timers.set(Timer::Heartbeat, next);
    }

    fn bucket_of(&self, id: EventId) -> Option<u32> {
        // The id is a hash: half of it spreads as well as the whole, and wasm divides no more than
        // 64 bits at once.
        let half = id.0 as u64;
        u32::try_from(half.checked_rem(u64::from(self.buckets))?).ok()
    }
}

impl EventId {
    /// Tells the event from others of its bucket. The bucket follows from one half of the id and
    /// the tag from both, so that two events are taken for one no more often than once in 2^61.
    const fn tag(self) -> u64 {
        let (low, high) = (self.0 as u64, (self.0 >> 64) as u64);
        low ^ high.rotate_left(32)
    }
}
