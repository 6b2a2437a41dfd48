//! The events of this worker, and the memory that they take.

use rustc_hash::FxHashMap;
use slotmap::SlotMap;

use super::ages::Ages;
use super::dedupe::EventId;
use super::entry::{Entry, Held};
use super::key::EntryKey;
use super::sheddable::{Place, Sheddable};
use crate::clock::SteadyMillis;
use crate::config::Retry;

/// Every event once, however many requests carry it.
#[derive(Debug, Default)]
pub(super) struct Store {
    entries: SlotMap<EntryKey, Entry>,
    /// No client can make keys collide in it: they are keyed hashes themselves.
    by_id: FxHashMap<EventId, EntryKey>,
    in_flight_bytes: usize,
    held_events: usize,
    held_bytes: usize,
    /// By when each held event expires.
    expiries: Ages,
    sheddable: Sheddable,
    /// How often an event has been looked up, for tests of what work costs.
    #[cfg(test)]
    looks: std::cell::Cell<usize>,
}

impl Store {
    pub(super) fn insert(&mut self, entry: Entry) -> EntryKey {
        let (id, cost) = (entry.event().id, entry.cost());
        if let Some(held) = entry.held() {
            self.held_events += 1;
            self.held_bytes += cost;
            self.expiries.add(held.expires);
        } else {
            self.in_flight_bytes += cost;
        }
        let key = self.entries.insert(entry);
        if let Some(id) = id {
            self.by_id.insert(id, key);
        }
        key
    }

    /// Takes an event out, wherever it stood.
    pub(super) fn remove(&mut self, key: EntryKey) -> Option<Entry> {
        self.set_sheddable(key, false);
        let entry = self.entries.remove(key)?;
        let cost = entry.cost();
        if let Some(held) = entry.held() {
            self.held_events = self.held_events.saturating_sub(1);
            self.held_bytes = self.held_bytes.saturating_sub(cost);
            self.expiries.remove(held.expires);
        } else {
            self.in_flight_bytes = self.in_flight_bytes.saturating_sub(cost);
        }
        if let Some(id) = entry.event().id.filter(|id| self.find(*id) == Some(key)) {
            self.by_id.remove(&id);
        }
        Some(entry)
    }

    pub(super) fn get(&self, key: EntryKey) -> Option<&Entry> {
        #[cfg(test)]
        self.looks.set(self.looks.get() + 1);
        self.entries.get(key)
    }

    pub(super) fn get_mut(&mut self, key: EntryKey) -> Option<&mut Entry> {
        self.entries.get_mut(key)
    }

    pub(super) fn find(&self, id: EventId) -> Option<EntryKey> {
        self.by_id.get(&id).copied()
    }

    /// Is there room to hold the event, or is it held already?
    pub(super) fn can_hold(&self, entry: &Entry, bounds: &Retry) -> bool {
        let bytes = self.held_bytes.saturating_add(entry.cost());
        let has_room = self.held_events < bounds.max_held_events && bytes <= bounds.max_held_bytes;
        entry.held().is_some() || has_room
    }

    /// Holds an event for another round; says whether it was not held before.
    pub(super) fn hold(&mut self, key: EntryKey, held: Held) -> bool {
        self.set_sheddable(key, false);
        let Some(entry) = self.entries.get_mut(key) else {
            return false;
        };
        let before = entry.held();
        if let Some(before) = before {
            self.expiries.remove(before.expires);
        } else {
            let cost = entry.cost();
            self.in_flight_bytes = self.in_flight_bytes.saturating_sub(cost);
            self.held_events += 1;
            self.held_bytes += cost;
        }
        entry.hold(held);
        self.expiries.add(held.expires);
        before.is_none()
    }

    /// Nobody recognises the event any more when it is sent again.
    pub(super) fn forget_id(&mut self, key: EntryKey) {
        let id = self.entries.get_mut(key).and_then(Entry::take_id);
        if let Some(id) = id.filter(|id| self.find(*id) == Some(key)) {
            self.by_id.remove(&id);
        }
    }

    /// Sets a new time for the next round of a held event.
    pub(super) fn set_due(&mut self, key: EntryKey, due: SteadyMillis) {
        if let Some(entry) = self.entries.get_mut(key) {
            if let Some(held) = entry.held() {
                entry.hold(Held { due, ..held });
            }
        }
    }

    /// The held events that no round is under way for.
    pub(super) fn resting(&self) -> impl Iterator<Item = EntryKey> + '_ {
        let rests = |entry: &Entry| entry.held().is_some() && entry.round_is_over();
        let entries = self.entries.iter();
        let resting = entries.filter(move |(_, entry)| rests(entry));
        resting.map(|(key, _)| key)
    }

    /// Says whether the event's memory would be free without the deliveries that wait.
    // One copy of it in the module is enough.
    #[inline(never)]
    pub(super) fn set_sheddable(&mut self, key: EntryKey, is_sheddable: bool) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        let cost = entry.cost();
        match entry.shed_place() {
            None if is_sheddable => {
                let place = self.sheddable.push(key, cost);
                entry.set_shed_place(Some(place));
            }
            Some(_) if !is_sheddable => {
                entry.set_shed_place(None);
                self.sheddable.remove(cost);
            }
            _ => return,
        }
        self.sheddable.shrink(is_current_in(&self.entries));
    }

    /// The event that could be shed for the longest time.
    pub(super) fn oldest_sheddable(&mut self) -> Option<EntryKey> {
        self.sheddable.oldest(is_current_in(&self.entries))
    }

    /// Bytes of the events that could be shed.
    pub(super) fn sheddable_bytes(&self) -> usize {
        self.sheddable.bytes()
    }

    /// Every event.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// Counts memory of an event that is not in the store yet.
    pub(super) fn reserve(&mut self, bytes: usize) {
        self.in_flight_bytes += bytes;
    }

    /// Gives back what was reserved.
    pub(super) fn release(&mut self, bytes: usize) {
        self.in_flight_bytes = self.in_flight_bytes.saturating_sub(bytes);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of events that are waiting or in flight and not held.
    pub(super) fn in_flight_bytes(&self) -> usize {
        self.in_flight_bytes
    }

    /// Events held to be tried again.
    pub(super) fn held_events(&self) -> usize {
        self.held_events
    }

    #[cfg(test)]
    pub(super) fn looks(&self) -> usize {
        self.looks.get()
    }

    /// Bytes of the events that are held.
    pub(super) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// When the first of the held events expires, to the second.
    pub(super) fn first_to_expire(&self) -> Option<SteadyMillis> {
        self.expiries.first()
    }

    #[cfg(test)]
    pub(super) fn counters(&self) -> [usize; 6] {
        let [bytes, events] = [self.held_bytes, self.held_events];
        let sheddable = [self.sheddable.events(), self.sheddable.bytes()];
        let in_flight = self.in_flight_bytes;
        [
            self.by_id.len(),
            in_flight,
            events,
            bytes,
            sheddable[0],
            sheddable[1],
        ]
    }
}

fn is_current_in(entries: &SlotMap<EntryKey, Entry>) -> impl Fn(Place, EntryKey) -> bool + '_ {
    |place, key| {
        let entry = entries.get(key);
        entry.is_some_and(|entry| entry.shed_place() == Some(place))
    }
}
