//! The table of events that the workers of the process share, to recognise what is sent again.
//!
//! It is an array of buckets in the host's shared data, each with a few slots. An event's bucket follows from its id, so the
//! table never grows and needs no expiry: a new event takes a slot of its bucket over from an older one. That can cost a
//! duplicate, never a loss. Writes are compare-and-swap, so that of two workers that get the same event at once one claims it.
//!
//! A claim is good while its owner's pulse is fresh: a worker whose VM died cannot keep an event from being delivered.

use std::time::Duration;

use crate::clock::SteadyMillis;

/// A pulse older than this is a worker that died.
pub const PULSE_LOST_AFTER: Duration = Duration::from_secs(3);
/// How often a worker with claims renews its pulse.
pub const PULSE_EVERY: Duration = Duration::from_secs(1);

/// Events that share a bucket. With one slot each, a table half full would have lost a fifth of its events to collisions; with
/// eight it has lost one in a hundred.
const SLOTS_PER_BUCKET: usize = 8;
/// How often to try while other workers write to the same bucket; more would mean that something else is wrong.
const MOST_TRIES: usize = 8;

/// Identifies an event among all that SDKs send: a keyed hash of its source and its message id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub u128);

/// A worker's VM; another one after a crash. Below 2^22.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner(pub u32);

impl Owner {
    /// The owner with this number; after 4,194,304 configurations of workers the numbers come again.
    #[must_use]
    pub const fn numbered(number: u32) -> Self {
        Self(number & (u32::MAX >> (u32::BITS - OWNER_BITS)))
    }
}

/// The compare-and-swap mark of a bucket as it was read; `None` when the bucket has never been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(pub Option<u32>);

/// The host's shared data, seen as buckets and pulses.
pub trait Shared {
    /// The bytes of a bucket, empty when it has never been written.
    fn load(&mut self, bucket: u32) -> (Vec<u8>, Mark);
    /// Writes a bucket unless another worker has since `mark`; says whether it did.
    fn store(&mut self, bucket: u32, value: &[u8], mark: Mark) -> bool;
    /// The steady time of a worker's last pulse.
    fn pulse_of(&mut self, owner: Owner) -> Option<SteadyMillis>;
    /// Sets this worker's pulse.
    fn pulse(&mut self, owner: Owner, now: SteadyMillis);
}

/// What a slot says of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// A worker is delivering it.
    Claimed,
    /// A worker keeps it to try again later.
    Kept,
    /// A webhook has it.
    Accepted,
    /// Nobody has it any more.
    Released,
}

/// What to do with an event that has come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is ours to deliver.
    Ours,
    /// A webhook accepted it already.
    Accepted,
    /// Another worker is delivering it now.
    Elsewhere,
}

/// What to do with an event that this worker keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    /// It is ours to deliver.
    Ours,
    /// Another worker is delivering it now.
    Busy,
    /// A webhook has it, or another worker keeps it.
    Gone,
}

/// This worker's view of the table.
#[derive(Debug)]
pub struct Table {
    owner: Owner,
    buckets: u32,
    window: u64,
}

/// At most [`SLOTS_PER_BUCKET`] encoded slots, no two of the same event. Changed where it lies: it is read and written twice an
/// event.
struct Bucket(Vec<u8>);

#[derive(Clone, Copy)]
struct Slot {
    tag: u64,
    state: State,
    owner: Owner,
    written: SteadyMillis,
}

impl Table {
    /// A view of a table with `slots` slots that remembers accepted events for `window`; either at zero switches it off.
    #[must_use]
    pub fn new(owner: Owner, slots: u32, window: Duration) -> Self {
        let per_bucket = u32::try_from(SLOTS_PER_BUCKET).unwrap_or(u32::MAX);
        let buckets = slots.div_ceil(per_bucket);
        Self {
            owner,
            buckets: if window.is_zero() { 0 } else { buckets },
            window: super::millis(window),
        }
    }

    /// Claims the event for this worker, unless a webhook has it or another worker is delivering it.
    ///
    /// An event that another worker merely keeps is taken over: the SDK has just sent it again, so now is the time to try.
    pub fn claim(&self, id: EventId, now: SteadyMillis, shared: &mut dyn Shared) -> Claim {
        let decide = |found: Option<Slot>, shared: &mut dyn Shared| match found {
            Some(slot)
                if slot.state == State::Accepted
                    && now.saturating_sub(slot.written) <= self.window =>
            {
                Err(Claim::Accepted)
            }
            Some(slot) if slot.state == State::Claimed && self.is_anothers(&slot, now, shared) => {
                Err(Claim::Elsewhere)
            }
            _ => Ok(State::Claimed),
        };
        match self.change(id, now, shared, decide) {
            Ok(()) => Claim::Ours,
            Err(claim) => claim,
        }
    }

    /// Takes up again an event that this worker keeps, unless a webhook or another worker has it by now.
    pub fn resume(&self, id: EventId, now: SteadyMillis, shared: &mut dyn Shared) -> Resume {
        // Once the slot has gone to another event nobody can tell, and a duplicate is better than a loss.
        let decide = |found: Option<Slot>, shared: &mut dyn Shared| match found {
            Some(slot) if slot.state == State::Accepted => Err(Resume::Gone),
            Some(slot) if slot.state == State::Kept && self.is_anothers(&slot, now, shared) => {
                Err(Resume::Gone)
            }
            Some(slot) if slot.state == State::Claimed && self.is_anothers(&slot, now, shared) => {
                Err(Resume::Busy)
            }
            _ => Ok(State::Claimed),
        };
        match self.change(id, now, shared, decide) {
            Ok(()) => Resume::Ours,
            Err(resume) => resume,
        }
    }

    /// Says what became of an event that this worker had claimed.
    pub fn settle(&self, id: EventId, state: State, now: SteadyMillis, shared: &mut dyn Shared) {
        let decide = |found: Option<Slot>, _: &mut dyn Shared| {
            let is_ours =
                found.is_some_and(|slot| slot.owner == self.owner && slot.state != State::Accepted);
            if is_ours || state == State::Accepted {
                Ok(state)
            } else {
                Err(())
            }
        };
        // When it is not ours, another event or another worker has the slot: theirs it is.
        let _ = self.change(id, now, shared, decide);
    }

    /// Writes what `decide` makes of the event's slot, and has it decide again whenever another worker was first. An `Err` is
    /// handed through and changes nothing.
    fn change<E>(
        &self,
        id: EventId,
        now: SteadyMillis,
        shared: &mut dyn Shared,
        mut decide: impl FnMut(Option<Slot>, &mut dyn Shared) -> Result<State, E>,
    ) -> Result<(), E> {
        let Some(key) = self.bucket_of(id) else {
            return Ok(());
        };
        let tag = id.tag();
        for _ in 0..MOST_TRIES {
            let (bytes, mark) = shared.load(key);
            let mut bucket = Bucket::of(bytes);
            let state = decide(bucket.find(tag), shared)?;
            bucket.put(
                Slot {
                    tag,
                    state,
                    owner: self.owner,
                    written: now,
                },
                now.saturating_sub(self.window),
            );
            if shared.store(key, &bucket.0, mark) {
                break;
            }
        }
        Ok(())
    }

    fn is_anothers(&self, slot: &Slot, now: SteadyMillis, shared: &mut dyn Shared) -> bool {
        slot.owner != self.owner
            && shared
                .pulse_of(slot.owner)
                .is_some_and(|pulse| now.saturating_sub(pulse) <= super::millis(PULSE_LOST_AFTER))
    }

    /// Does the table remember anything at all?
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.buckets > 0
    }

    /// Shows the other workers that this one is alive.
    pub fn pulse(&self, now: SteadyMillis, shared: &mut dyn Shared) {
        shared.pulse(self.owner, now);
    }

    fn bucket_of(&self, id: EventId) -> Option<u32> {
        // The id is a hash: half of it spreads as well as the whole, and wasm divides no more than 64 bits at once.
        let half = id.0 as u64;
        u32::try_from(half.checked_rem(u64::from(self.buckets))?).ok()
    }
}

impl Bucket {
    /// What is no slot of this version's is cut off, or found by nobody.
    fn of(mut bytes: Vec<u8>) -> Self {
        let whole = bytes.len() / Slot::LEN;
        bytes.truncate(whole.min(SLOTS_PER_BUCKET) * Slot::LEN);
        Self(bytes)
    }

    fn find(&self, tag: u64) -> Option<Slot> {
        let mut slots = self.0.chunks_exact(Slot::LEN);
        slots.find_map(|slot| Slot::decode(slot).filter(|slot| slot.tag == tag))
    }

    /// Puts the slot in its event's place, a free one, or that of the event that is missed least; what was written before
    /// `horizon` is not missed at all.
    fn put(&mut self, slot: Slot, horizon: SteadyMillis) {
        let Self(bytes) = self;
        let new = slot.encode();
        let tag = slot.tag.to_le_bytes();
        let mut slots = bytes.chunks_exact_mut(Slot::LEN);
        if let Some(own) = slots.find(|own| own.starts_with(&tag)) {
            own.copy_from_slice(&new);
        } else if bytes.len() < SLOTS_PER_BUCKET * Slot::LEN {
            bytes.extend_from_slice(&new);
        } else if let Some(least) =
            bytes
                .chunks_exact_mut(Slot::LEN)
                .min_by_key(|old| match Slot::decode(old) {
                    None => (0, 0),
                    Some(old) => old.missed(horizon),
                })
        {
            least.copy_from_slice(&new);
        }
    }
}

impl EventId {
    /// What tells the event from others of its bucket. The bucket follows from one half of the id and the tag from both, so that
    /// two events are taken for one no more often than once in 2^61.
    const fn tag(self) -> u64 {
        let (low, high) = (self.0 as u64, (self.0 >> 64) as u64);
        low ^ high.rotate_left(32)
    }
}

const STATE_BITS: u32 = 2;
const OWNER_BITS: u32 = 22;

impl Slot {
    /// Two little-endian words: the tag, and the state, the owner and the time from the lowest bit up. The host copies a bucket
    /// out and in four times an event: at this size it is two cache lines.
    const LEN: usize = 8 + 8;

    /// How much it is missed, and then for how long.
    fn missed(&self, horizon: SteadyMillis) -> (u8, SteadyMillis) {
        let rank = match self.state {
            _ if self.written < horizon => 0,
            State::Released => 0,
            State::Accepted => 1,
            State::Claimed | State::Kept => 2,
        };
        (rank, self.written)
    }

    fn encode(&self) -> [u8; Self::LEN] {
        // 40 bits of milliseconds are 34 years.
        let rest = self.written << (STATE_BITS + OWNER_BITS)
            | u64::from(self.owner.0) << STATE_BITS
            | self.state as u64;
        let mut bytes = [0; Self::LEN];
        let (first, second) = bytes.split_at_mut(8);
        first.copy_from_slice(&self.tag.to_le_bytes());
        second.copy_from_slice(&rest.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (tag, rest) = bytes.split_first_chunk::<8>()?;
        let rest = u64::from_le_bytes(*rest.first_chunk::<8>()?);
        let state = match rest & 3 {
            0 => State::Claimed,
            1 => State::Kept,
            2 => State::Accepted,
            _ => State::Released,
        };
        Some(Self {
            tag: u64::from_le_bytes(*tag),
            state,
            owner: Owner::numbered((rest >> STATE_BITS) as u32),
            written: rest >> (STATE_BITS + OWNER_BITS),
        })
    }
}
