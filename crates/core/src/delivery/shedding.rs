//! Room for new events: an event that a webhook has gives up its deliveries that have not started.

use std::collections::VecDeque;

use super::outcome::{NotSent, Outcome};
use super::store::EntryKey;
use super::{Outbox, Turn};

/// This many stale places may be in the queue before they are cleared.
const MOST_STALE: usize = 64;

/// The place of an event among those that could be shed. No two places are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u64);

/// The events whose memory would be free at once without the deliveries that wait.
#[derive(Debug, Default)]
pub(super) struct Sheddable {
    /// Oldest first. The place of an event that can be shed no more is left in and skipped.
    queue: VecDeque<(Place, EntryKey)>,
    next: u64,
    events: usize,
    bytes: usize,
}

impl Sheddable {
    /// An event of so many bytes can be shed from now on.
    pub(super) fn push(&mut self, key: EntryKey, bytes: usize) -> Place {
        let place = Place(self.next);
        self.next += 1;
        self.queue.push_back((place, key));
        self.events += 1;
        self.bytes += bytes;
        place
    }

    /// An event of so many bytes can be shed no more.
    pub(super) fn remove(&mut self, bytes: usize) {
        self.events = self.events.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// The event that has been here longest. `is_current` tells places from stale ones.
    pub(super) fn oldest(
        &mut self,
        is_current: impl Fn(Place, EntryKey) -> bool,
    ) -> Option<EntryKey> {
        loop {
            let (place, key) = *self.queue.front()?;
            if is_current(place, key) {
                return Some(key);
            }
            self.queue.pop_front();
        }
    }

    /// Clears stale places once they are most of the queue, so that each is looked at once.
    pub(super) fn shrink(&mut self, is_current: impl Fn(Place, EntryKey) -> bool) {
        if self.queue.len() > 2 * self.events + MOST_STALE {
            self.queue.retain(|(place, key)| is_current(*place, *key));
        }
    }

    /// Bytes of all these events.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    #[cfg(test)]
    pub(super) fn events(&self) -> usize {
        self.events
    }
}

impl<T> Outbox<T> {
    /// Is there room for so many bytes more? If need be, events that a webhook has already give up
    /// the deliveries that have not started, oldest first: a dead webhook must not cost a new event
    /// its place. Nothing is given up where that would not make enough room.
    // One copy of it in the module is enough.
    #[inline(never)]
    pub(crate) fn make_room(&mut self, bytes: usize, turn: &mut Turn<'_>) -> bool {
        if bytes > self.room() {
            return false;
        }
        while !self.has_room(bytes) {
            let Some(key) = self.store.oldest_sheddable() else {
                return false;
            };
            self.shed(key, turn);
        }
        true
    }

    /// Whether there is room for so many bytes more, and nothing has to give way.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        let taken = self.store.in_flight_bytes();
        let all = taken
            .saturating_add(self.gathered_bytes)
            .saturating_add(bytes);
        all <= self.config.limits.max_in_flight_bytes
    }

    /// The most bytes that [`Outbox::make_room`] has room for.
    pub(crate) fn room(&self) -> usize {
        let most = self.config.limits.max_in_flight_bytes;
        let kept = self
            .store
            .in_flight_bytes()
            .saturating_sub(self.store.sheddable_bytes());
        most.saturating_sub(kept.saturating_add(self.gathered_bytes))
    }

    /// Bodies that are coming in take so many bytes of the room.
    pub(crate) fn set_gathered_bytes(&mut self, bytes: usize) {
        self.gathered_bytes = bytes;
    }

    fn shed(&mut self, key: EntryKey, turn: &mut Turn<'_>) {
        let Some(entry) = self.store.get(key) else {
            return;
        };
        for webhook in entry.waiting().iter() {
            self.finish(key, webhook, Outcome::NotSent(NotSent::Shed), turn);
            // Deliveries wait in the order of their events, so this one is mostly the first.
            self.queues.drop_stale(webhook, &self.store);
        }
    }

    /// Looks anew whether the event could be shed. To be called when one of its deliveries begins
    /// or ends.
    ///
    /// An event with a call under way would keep its memory. One that is owed to a webhook would be
    /// kept for it, or lost where there is no room to keep it.
    pub(super) fn note_sheddable(&mut self, key: EntryKey) {
        let Some(entry) = self.store.get(key) else {
            return;
        };
        let is_sheddable = entry.only_waits()
            && entry.is_accepted()
            && entry.held().is_none()
            && self.policy.owed(entry).is_empty();
        self.store.set_sheddable(key, is_sheddable);
    }
}
