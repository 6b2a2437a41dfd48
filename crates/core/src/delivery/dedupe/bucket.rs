//! How the table's buckets are encoded.

use super::{Owner, State, OWNER_BITS};
use crate::clock::{millis, SteadyMillis};
use crate::delivery::TOTAL_TIMEOUT;

/// Events that share a bucket. With one slot in each bucket, a table that is half full would have
/// lost a fifth of its events to collisions; with eight slots it has lost one in a hundred.
pub(super) const SLOTS_PER_BUCKET: usize = 8;

const STATE_BITS: u32 = 3;

/// At most [`SLOTS_PER_BUCKET`] encoded slots, no two of the same event. It is changed in place,
/// because it is read and written for each event.
pub(super) struct Bucket(Vec<u8>);

/// What the table says of one event.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    /// Distinguishes the event from others of its bucket.
    pub(super) tag: u64,
    pub(super) state: State,
    pub(super) owner: Owner,
    pub(super) written: SteadyMillis,
}

impl Bucket {
    /// Bytes that are not slots of this version are ignored.
    pub(super) fn of(mut bytes: Vec<u8>) -> Self {
        let whole = bytes.len() / Slot::LEN;
        bytes.truncate(whole.min(SLOTS_PER_BUCKET) * Slot::LEN);
        Self(bytes)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn find(&self, tag: u64) -> Option<Slot> {
        let mut slots = self.0.chunks_exact(Slot::LEN);
        slots.find_map(|slot| Slot::decode(slot).filter(|slot| slot.tag == tag))
    }

    /// Puts the slot in the place of the same event, else in a free place, else in that of the
    /// event that it costs least to forget. A slot written before `horizon` may always be
    /// overwritten. Says whether an event is forgotten before its time.
    pub(super) fn put(&mut self, slot: Slot, horizon: SteadyMillis) -> bool {
        let Self(bytes) = self;
        let new = slot.encode();
        let tag = slot.tag.to_le_bytes();
        let mut slots = bytes.chunks_exact_mut(Slot::LEN);
        if let Some(own) = slots.find(|own| own.starts_with(&tag)) {
            own.copy_from_slice(&new);
        } else if bytes.len() < SLOTS_PER_BUCKET * Slot::LEN {
            bytes.extend_from_slice(&new);
        } else if let Some(evicted) =
            bytes
                .chunks_exact_mut(Slot::LEN)
                .min_by_key(|old| match Slot::decode(old) {
                    None => (0, 0),
                    Some(old) => old.eviction_rank(horizon, slot.written),
                })
        {
            let old = Slot::decode(evicted);
            evicted.copy_from_slice(&new);
            return old.is_some_and(|old| old.eviction_rank(horizon, slot.written).0 > 0);
        }
        false
    }
}

impl Slot {
    /// Two little-endian words: the tag, and the state, the owner and the time from the lowest bit
    /// up. The host copies a bucket out and in for each event: at this size it is two cache lines.
    const LEN: usize = 8 + 8;

    /// The lowest is forgotten first: the order is that of what forgetting costs, and then of age.
    fn eviction_rank(&self, horizon: SteadyMillis, now: SteadyMillis) -> (u8, SteadyMillis) {
        let rank = match self.state {
            _ if self.written < horizon => 0,
            State::Released => 0,
            State::Accepted | State::Refused => 1,
            // The mark has passed the claim: a webhook has the event.
            State::Claimed if now.saturating_sub(self.written) > millis(TOTAL_TIMEOUT) => 1,
            State::Claimed | State::Held => 2,
        };
        (rank, self.written)
    }

    fn encode(&self) -> [u8; Self::LEN] {
        // 39 bits of milliseconds are 17 years.
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
        let state = match rest & 7 {
            0 => State::Claimed,
            1 => State::Held,
            2 => State::Accepted,
            3 => State::Released,
            4 => State::Refused,
            _ => return None,
        };
        Some(Self {
            tag: u64::from_le_bytes(*tag),
            state,
            owner: Owner::numbered((rest >> STATE_BITS) as u32),
            written: rest >> (STATE_BITS + OWNER_BITS),
        })
    }
}
