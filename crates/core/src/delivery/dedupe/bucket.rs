//! How the table's buckets are encoded.

use super::{subject_of, EventId, Owner, State, OWNER_BITS};
use crate::clock::{millis, SteadyMillis};
use crate::delivery::TOTAL_TIMEOUT;

/// Slots of a bucket: 63 for events, and one to say that it has run over. A batch of one device
/// fits in beside earlier ones, and large buckets differ less in how full they are than small ones.
pub(super) const SLOTS_PER_BUCKET: usize = 64;

const STATE_BITS: u32 = 3;
/// The state of the slot that says that the bucket has run over.
const OVERFLOW: u64 = 5;
/// The tag of that slot.
const OVERFLOW_TAG: u64 = 0;

/// At most [`SLOTS_PER_BUCKET`] encoded slots, no two of the same event. It is changed in place,
/// because it is read and written for each event.
pub(super) struct Bucket(Vec<u8>);

/// One event in the table.
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
        slots
            .find(|slot| slot.starts_with(&tag.to_le_bytes()))
            .and_then(Slot::decode)
    }

    /// A state that is claimed is the last one of its subject: releases the others, so that they
    /// can come again. Says whether there were any.
    pub(super) fn end_older_states(&mut self, id: EventId, written: Option<State>) -> bool {
        let mut is_changed = false;
        if !(id.is_state() && written == Some(State::Claimed)) {
            return is_changed;
        }
        for slot in self.0.chunks_exact_mut(Slot::LEN) {
            let Some(old) = Slot::decode(slot) else {
                continue;
            };
            let is_older = old.tag != id.tag() && subject_of(old.tag) == subject_of(id.tag());
            if is_older && old.state != State::Released {
                let state = State::Released;
                slot.copy_from_slice(&Slot { state, ..old }.encode());
                is_changed = true;
            }
        }
        is_changed
    }

    /// Puts the slot in the place of the same event, else in a free place; `false` when there is
    /// none. A place is free when its slot was written before `horizon`, or is released.
    pub(super) fn put(&mut self, slot: Slot, horizon: SteadyMillis) -> bool {
        let Self(bytes) = self;
        let mut place = None;
        for old in bytes.chunks_exact_mut(Slot::LEN) {
            if old.starts_with(&slot.tag.to_le_bytes()) {
                place = Some(old);
                break;
            }
            if place.is_none() && is_free(old, horizon) {
                place = Some(old);
            }
        }
        if let Some(place) = place {
            place.copy_from_slice(&slot.encode());
        } else if bytes.len() < (SLOTS_PER_BUCKET - 1) * Slot::LEN {
            bytes.extend_from_slice(&slot.encode());
        } else {
            return false;
        }
        true
    }

    /// As [`Self::put`], but where no place is free it replaces the event that it costs least to
    /// forget. Says whether an event is forgotten before its time.
    pub(super) fn put_over(&mut self, slot: Slot, horizon: SteadyMillis) -> bool {
        if self.put(slot, horizon) {
            return false;
        }
        let slots = self.0.chunks_exact_mut(Slot::LEN);
        let slots = slots.filter(|old| !is_overflow(old));
        let evicted = slots.min_by_key(|old| {
            Slot::decode(old).map_or((0, 0), |old| old.eviction_rank(slot.written))
        });
        if let Some(evicted) = evicted {
            evicted.copy_from_slice(&slot.encode());
        }
        true
    }

    /// When it was last noted that the bucket has run over.
    pub(super) fn overflow(&self) -> Option<SteadyMillis> {
        // It is noted in a bucket that is full otherwise, in the last slot.
        let last = self.0.chunks_exact(Slot::LEN).nth(SLOTS_PER_BUCKET - 1)?;
        is_overflow(last).then(|| written(last)).flatten()
    }

    /// Notes that the bucket has run over: its other slots are taken.
    pub(super) fn set_overflow(&mut self, now: SteadyMillis) {
        let Self(bytes) = self;
        bytes.truncate((SLOTS_PER_BUCKET - 1) * Slot::LEN);
        let rest = now << (STATE_BITS + OWNER_BITS) | OVERFLOW;
        bytes.extend_from_slice(&encode(OVERFLOW_TAG, rest));
    }
}

impl Slot {
    /// Two little-endian words: the tag, and the state, the owner and the time from the lowest bit
    /// up.
    const LEN: usize = 8 + 8;

    /// The slot with the lowest rank is forgotten first. Slots rank by the cost of forgetting them,
    /// then by age.
    fn eviction_rank(&self, now: SteadyMillis) -> (u8, SteadyMillis) {
        let rank = match self.state {
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
        encode(self.tag, rest)
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (tag, rest) = words(bytes)?;
        let state = match rest & 7 {
            0 => State::Claimed,
            1 => State::Held,
            2 => State::Accepted,
            3 => State::Released,
            4 => State::Refused,
            _ => return None,
        };
        Some(Self {
            tag,
            state,
            owner: Owner::numbered((rest >> STATE_BITS) as u32),
            written: written(bytes)?,
        })
    }
}

fn encode(tag: u64, rest: u64) -> [u8; Slot::LEN] {
    let mut bytes = [0; Slot::LEN];
    let (first, second) = bytes.split_at_mut(8);
    first.copy_from_slice(&tag.to_le_bytes());
    second.copy_from_slice(&rest.to_le_bytes());
    bytes
}

fn words(slot: &[u8]) -> Option<(u64, u64)> {
    let (tag, rest) = slot.split_first_chunk::<8>()?;
    let rest = rest.first_chunk::<8>()?;
    Some((u64::from_le_bytes(*tag), u64::from_le_bytes(*rest)))
}

fn written(slot: &[u8]) -> Option<SteadyMillis> {
    words(slot).map(|(_, rest)| rest >> (STATE_BITS + OWNER_BITS))
}

fn is_overflow(slot: &[u8]) -> bool {
    words(slot).is_some_and(|(_, rest)| rest & 7 == OVERFLOW)
}

/// The note that the bucket has run over keeps its place.
fn is_free(slot: &[u8], horizon: SteadyMillis) -> bool {
    match Slot::decode(slot) {
        None => !is_overflow(slot),
        Some(slot) => slot.written < horizon || slot.state == State::Released,
    }
}
