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

/// A worker's VM; another one after a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner(pub u32);

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

impl State {
    const ALL: [Self; 4] = [Self::Claimed, Self::Kept, Self::Accepted, Self::Released];
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
    id: EventId,
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
        for _ in 0..MOST_TRIES {
            let (bytes, mark) = shared.load(key);
            let mut bucket = Bucket::of(bytes);
            let state = decide(bucket.find(id), shared)?;
            bucket.put(
                Slot {
                    id,
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

    fn find(&self, id: EventId) -> Option<Slot> {
        let id = id.0.to_le_bytes();
        let mut slots = self.0.chunks_exact(Slot::LEN);
        Slot::decode(slots.find(|slot| slot.starts_with(&id))?)
    }

    /// Puts the slot in its event's place, a free one, or that of the event that is missed least; what was written before
    /// `horizon` is not missed at all.
    fn put(&mut self, slot: Slot, horizon: SteadyMillis) {
        let Self(bytes) = self;
        let new = slot.encode();
        let id = slot.id.0.to_le_bytes();
        let mut slots = bytes.chunks_exact_mut(Slot::LEN);
        if let Some(own) = slots.find(|own| own.starts_with(&id)) {
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

impl Slot {
    /// Id, state, owner, time; little-endian.
    const LEN: usize = 16 + 1 + 4 + 8;

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
        let mut bytes = [0; Self::LEN];
        let (id, rest) = bytes.split_at_mut(16);
        let (state, rest) = rest.split_at_mut(1);
        let (owner, written) = rest.split_at_mut(4);
        id.copy_from_slice(&self.id.0.to_le_bytes());
        state.copy_from_slice(&[self.state as u8]);
        owner.copy_from_slice(&self.owner.0.to_le_bytes());
        written.copy_from_slice(&self.written.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (id, rest) = bytes.split_first_chunk::<16>()?;
        let (state, rest) = rest.split_first()?;
        let (owner, rest) = rest.split_first_chunk::<4>()?;
        let (written, []) = rest.split_first_chunk::<8>()? else {
            return None;
        };
        Some(Self {
            id: EventId(u128::from_le_bytes(*id)),
            state: State::ALL
                .into_iter()
                .find(|known| *known as u8 == *state)?,
            owner: Owner(u32::from_le_bytes(*owner)),
            written: SteadyMillis::from_le_bytes(*written),
        })
    }
}
