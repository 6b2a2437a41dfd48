//! The outcome of a collection request, as the SDK is told.

use super::InvalidReason;

/// An answer names at most this many reasons; the rest are counted.
const MOST_REASONS: usize = 16;

/// The events of one collection request, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// All of them.
    pub events: u32,
    /// The events that cannot be delivered.
    pub invalid: u32,
    /// The events that no webhook wants.
    pub filtered: u32,
    reasons: Vec<(u32, InvalidReason)>,
}

impl Report {
    /// Notes that the event at `index` cannot be delivered, or is not any more.
    pub fn add_invalid(&mut self, index: u32, reason: InvalidReason) {
        self.invalid += 1;
        if self.reasons.len() < MOST_REASONS {
            self.reasons.push((index, reason));
        }
    }

    /// The first invalid events, by index, each with what is wrong: 16 at most.
    #[must_use]
    pub fn reasons(&self) -> &[(u32, InvalidReason)] {
        &self.reasons
    }
}
