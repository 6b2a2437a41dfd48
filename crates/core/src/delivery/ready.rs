//! The deliveries to one webhook whose turn has not come.

use std::collections::VecDeque;

use super::key::EntryKey;
use crate::clock::SteadyMillis;

/// A queue that is no longer than this keeps its memory.
const SHORT: usize = 256;

/// A delivery that waits for its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    /// The time from which it is too late to begin.
    pub(super) too_late: SteadyMillis,
    pub(super) key: EntryKey,
    /// Bytes of its payload.
    pub(super) bytes: u32,
    /// How many events may share its call, itself included.
    pub(super) share: u32,
}

impl Waiting {
    /// Bytes that it takes of a body, with the separator before the next one.
    pub(super) fn body_bytes(&self) -> usize {
        self.bytes as usize + 1
    }
}

/// Deliveries in order of arrival. One that has ended before its turn is left in and skipped.
#[derive(Debug, Default)]
pub(super) struct Ready {
    waiting: VecDeque<Waiting>,
    body_bytes: usize,
}

impl Ready {
    pub(super) fn push_back(&mut self, waiting: Waiting) {
        self.body_bytes += waiting.body_bytes();
        self.waiting.push_back(waiting);
    }

    pub(super) fn push_front(&mut self, waiting: Waiting) {
        self.body_bytes += waiting.body_bytes();
        self.waiting.push_front(waiting);
    }

    pub(super) fn pop_front(&mut self) -> Option<Waiting> {
        let waiting = self.waiting.pop_front()?;
        if self.waiting.capacity() / 4 > self.waiting.len().max(SHORT) {
            self.waiting.shrink_to(self.waiting.len() * 2);
        }
        self.body_bytes = self.body_bytes.saturating_sub(waiting.body_bytes());
        Some(waiting)
    }

    pub(super) fn front(&self) -> Option<&Waiting> {
        self.waiting.front()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Bytes of a body with all of them.
    pub(super) fn body_bytes(&self) -> usize {
        self.body_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_was_long_once_gives_its_memory_back() {
        let mut ready = Ready::default();
        for too_late in 0..100_000 {
            ready.push_back(Waiting {
                too_late,
                key: EntryKey::default(),
                bytes: 1,
                share: 1,
            });
        }
        for too_late in 0..99_900 {
            assert_eq!(ready.pop_front().map(|it| it.too_late), Some(too_late));
        }
        let places = ready.waiting.capacity();
        assert!((100..=8 * SHORT).contains(&places), "{places}");
        assert_eq!(ready.body_bytes(), 200);
    }
}
