//! The table of events that the workers of the process share, to recognise what is sent again.
//!
//! It is an array of slots in the host's shared data; an event's slot follows from its id, so the table never grows and
//! needs no expiry: a new event takes the slot over from an older one. That can cost a duplicate, never a
//! loss. Writes are compare-and-swap, so that of two workers that get the same event at once one claims it.
//!
//! A claim is good while its owner's pulse is fresh: a worker whose VM died cannot keep an event from being delivered.

use std::time::Duration;

use crate::clock::SteadyMillis;

/// A pulse older than this is a worker that died.
pub const PULSE_LOST_AFTER: Duration = Duration::from_secs(3);
/// How often a worker with claims renews its pulse.
pub const PULSE_EVERY: Duration = Duration::from_secs(1);

/// Identifies an event among all that SDKs send: a keyed hash of its source and its message id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub u128);

/// A worker's VM; another one after a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner(pub u32);

/// The compare-and-swap mark of a slot as it was read; `None` when the slot has never been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(pub Option<u32>);

/// The host's shared data, seen as slots and pulses.
pub trait Shared {
    /// The bytes of a slot, empty when it has never been written.
    fn load(&mut self, slot: u32) -> (Vec<u8>, Mark);
    /// Writes a slot unless another worker has since `mark`; says whether it did.
    fn store(&mut self, slot: u32, value: &[u8], mark: Mark) -> bool;
    /// The steady time of a worker's last pulse.
    fn pulse_of(&mut self, owner: Owner) -> Option<SteadyMillis>;
    /// Writes a slot whatever it holds.
    fn overwrite(&mut self, slot: u32, value: &[u8]);
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

/// This worker's view of the table.
#[derive(Debug)]
pub struct Table {
    owner: Owner,
    slots: u32,
    window: u64,
}

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
        Self {
            owner,
            slots: if window.is_zero() { 0 } else { slots },
            window: super::millis(window),
        }
    }

    /// Claims the event for this worker, unless a webhook has it or another worker is delivering it.
    ///
    /// An event that another worker merely keeps is taken over: the SDK has just sent it again, so now is the time to try.
    pub fn claim(&self, id: EventId, now: SteadyMillis, shared: &mut dyn Shared) -> Claim {
        let Some(slot) = self.slot_of(id) else {
            return Claim::Ours;
        };
        // The second round sees what the worker that won the first one wrote; a third would mean a fight over
        // the slot by other events, and then this one does without.
        for _ in 0..2 {
            let (bytes, mark) = shared.load(slot);
            if let Some(found) = Slot::decode(&bytes).filter(|found| found.id == id) {
                match found.state {
                    State::Accepted if now.saturating_sub(found.written) <= self.window => {
                        return Claim::Accepted;
                    }
                    State::Claimed
                        if found.owner != self.owner && is_alive(found.owner, now, shared) =>
                    {
                        return Claim::Elsewhere;
                    }
                    _ => {}
                }
            }
            if shared.store(slot, &self.encode(id, State::Claimed, now), mark) {
                return Claim::Ours;
            }
        }
        Claim::Ours
    }

    /// Takes up again an event that this worker keeps; false when a webhook or another worker has it by now.
    pub fn resume(&self, id: EventId, now: SteadyMillis, shared: &mut dyn Shared) -> bool {
        let Some(slot) = self.slot_of(id) else {
            return true;
        };
        let (bytes, mark) = shared.load(slot);
        let has_another = Slot::decode(&bytes)
            // Once the slot has gone to another event nobody can tell, and a duplicate is better than a loss.
            .filter(|found| found.id == id)
            .is_some_and(|found| match found.state {
                State::Accepted => true,
                State::Released => false,
                State::Claimed | State::Kept => {
                    found.owner != self.owner && is_alive(found.owner, now, shared)
                }
            });
        !has_another && {
            // Losing this race means that an SDK has just sent the event again elsewhere.
            shared.store(slot, &self.encode(id, State::Claimed, now), mark)
        }
    }

    /// Says what became of an event that this worker had claimed.
    pub fn settle(&self, id: EventId, state: State, now: SteadyMillis, shared: &mut dyn Shared) {
        let Some(slot) = self.slot_of(id) else {
            return;
        };
        let value = self.encode(id, state, now);
        if state == State::Accepted {
            shared.overwrite(slot, &value);
            return;
        }
        let (bytes, mark) = shared.load(slot);
        let is_ours = Slot::decode(&bytes).is_some_and(|found| {
            found.id == id && found.owner == self.owner && found.state != State::Accepted
        });
        if is_ours {
            // When the store fails, another event or another worker has the slot: theirs it is.
            shared.store(slot, &value, mark);
        }
    }

    /// Does the table remember anything at all?
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.slots > 0
    }

    /// Shows the other workers that this one is alive.
    pub fn pulse(&self, now: SteadyMillis, shared: &mut dyn Shared) {
        shared.pulse(self.owner, now);
    }

    fn slot_of(&self, id: EventId) -> Option<u32> {
        u32::try_from(id.0.checked_rem(u128::from(self.slots))?).ok()
    }

    fn encode(&self, id: EventId, state: State, now: SteadyMillis) -> [u8; Slot::LEN] {
        Slot {
            id,
            state,
            owner: self.owner,
            written: now,
        }
        .encode()
    }
}

fn is_alive(owner: Owner, now: SteadyMillis, shared: &mut dyn Shared) -> bool {
    shared
        .pulse_of(owner)
        .is_some_and(|pulse| now.saturating_sub(pulse) <= super::millis(PULSE_LOST_AFTER))
}

impl Slot {
    /// Id, state, owner, time; little-endian.
    const LEN: usize = 16 + 1 + 4 + 8;

    fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let fields = self
            .id
            .0
            .to_le_bytes()
            .into_iter()
            .chain([self.state as u8])
            .chain(self.owner.0.to_le_bytes())
            .chain(self.written.to_le_bytes());
        for (byte, field) in bytes.iter_mut().zip(fields) {
            *byte = field;
        }
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
            state: [
                State::Claimed,
                State::Kept,
                State::Accepted,
                State::Released,
            ]
            .into_iter()
            .find(|known| *known as u8 == *state)?,
            owner: Owner(u32::from_le_bytes(*owner)),
            written: SteadyMillis::from_le_bytes(*written),
        })
    }
}
