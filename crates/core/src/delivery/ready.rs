//! The deliveries to one webhook whose turn has not come.

use std::collections::VecDeque;

use super::key::EntryKey;
use crate::clock::SteadyMillis;

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
