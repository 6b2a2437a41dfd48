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

    /// Takes up again an event that this worker keeps, unless a webhook or another worker has it by now.
    pub fn resume(&self, id: EventId, now: SteadyMillis, shared: &mut dyn Shared) -> Resume {
        let Some(slot) = self.slot_of(id) else {
            return Resume::Ours;
        };
        // As in `claim`: who has written the slot meanwhile is seen in the second round.
        for _ in 0..2 {
            let (bytes, mark) = shared.load(slot);
            // Once the slot has gone to another event nobody can tell, and a duplicate is better than a loss.
            if let Some(found) = Slot::decode(&bytes).filter(|found| found.id == id) {
                let is_theirs = |shared: &mut dyn Shared| {
                    found.owner != self.owner && is_alive(found.owner, now, shared)
                };
                match found.state {
                    State::Accepted => return Resume::Gone,
                    State::Kept if is_theirs(shared) => return Resume::Gone,
                    State::Claimed if is_theirs(shared) => return Resume::Busy,
                    _ => {}
                }
            }
            if shared.store(slot, &self.encode(id, State::Claimed, now), mark) {
                break;
            }
        }
        Resume::Ours
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeShared;

    /// Another worker writes `value` into a slot right after this one has read it.
    struct Racing<'s> {
        shared: &'s mut FakeShared,
        value: Option<Vec<u8>>,
    }

    impl Shared for Racing<'_> {
        fn load(&mut self, slot: u32) -> (Vec<u8>, Mark) {
            let loaded = self.shared.load(slot);
            if let Some(value) = self.value.take() {
                self.shared.overwrite(slot, &value);
            }
            loaded
        }

        fn store(&mut self, slot: u32, value: &[u8], mark: Mark) -> bool {
            self.shared.store(slot, value, mark)
        }

        fn pulse_of(&mut self, owner: Owner) -> Option<SteadyMillis> {
            self.shared.pulse_of(owner)
        }

        fn overwrite(&mut self, slot: u32, value: &[u8]) {
            self.shared.overwrite(slot, value);
        }

        fn pulse(&mut self, owner: Owner, now: SteadyMillis) {
            self.shared.pulse(owner, now);
        }
    }

    const KEPT: EventId = EventId(7);
    /// In the same slot.
    const OTHER: EventId = EventId(7 + 1_024);

    /// What becomes of a kept event that is taken up again while another worker writes this about an event.
    fn resumed_against(id: EventId, state: State) -> Resume {
        let table = |owner| Table::new(Owner(owner), 1_024, Duration::from_secs(900));
        let mut shared = FakeShared::default();
        let (ours, theirs) = (table(1), table(2));
        ours.claim(KEPT, 0, &mut shared);
        ours.settle(KEPT, State::Kept, 0, &mut shared);
        theirs.pulse(0, &mut shared);
        let mut racing = Racing {
            value: Some(theirs.encode(id, state, 0).to_vec()),
            shared: &mut shared,
        };
        ours.resume(KEPT, 0, &mut racing)
    }

    #[test]
    fn an_event_that_loses_its_slot_to_another_one_is_taken_up_all_the_same() {
        for state in [State::Claimed, State::Kept, State::Accepted] {
            assert_eq!(resumed_against(OTHER, state), Resume::Ours, "{state:?}");
        }
    }

    #[test]
    fn an_event_that_another_worker_takes_at_the_same_moment_is_left_to_it() {
        assert_eq!(resumed_against(KEPT, State::Claimed), Resume::Busy);
        assert_eq!(resumed_against(KEPT, State::Kept), Resume::Gone);
        assert_eq!(resumed_against(KEPT, State::Accepted), Resume::Gone);
        assert_eq!(resumed_against(KEPT, State::Released), Resume::Ours);
    }
}
