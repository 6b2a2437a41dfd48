//! So many of something in a second.

use crate::clock::SteadyMillis;

/// Counts what was admitted in the second that is now.
#[derive(Debug, Default)]
pub(super) struct PerSecond {
    second: u64,
    admitted: usize,
}

impl PerSecond {
    /// Whether another one is among the first `most` of its second.
    pub(super) fn admits(&mut self, now: SteadyMillis, most: usize) -> bool {
        let second = now / 1_000;
        if second != self.second {
            *self = Self {
                second,
                admitted: 0,
            };
        }
        let admits = self.admitted < most;
        self.admitted += usize::from(admits);
        admits
    }
}
