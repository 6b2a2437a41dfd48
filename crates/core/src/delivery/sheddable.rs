//! The events that could give up the deliveries that wait, in order of age.

use std::collections::VecDeque;

use super::key::EntryKey;

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
