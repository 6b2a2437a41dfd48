//! Room for new events: an event that a webhook has gives up its deliveries that have not started.

use super::key::EntryKey;
use super::outcome::{NotSent, Outcome};
use super::{Outbox, Turn};
use crate::gathered::GatheredBytes;

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
            .saturating_add(self.gathered.get())
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
        most.saturating_sub(kept.saturating_add(self.gathered.get()))
    }

    /// The count of the bodies that are coming in, which take a part of the room.
    pub(crate) fn gathered(&self) -> GatheredBytes {
        self.gathered.clone()
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

    /// Looks anew whether the event could be shed. Call it when one of its deliveries begins or
    /// ends.
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
