//! How long the rules of all webhooks may take for one request.
//!
//! A clock would refuse the same request at one time and take it at another. So the work is counted
//! instead: each thing that a rule looks at counts as the nanoseconds that it takes inside Envoy,
//! rounded up.

use std::cell::Cell;
use std::time::Duration;

/// To find a value and its key.
pub(crate) const VALUE: u64 = 150;
/// To follow a path into a value, or to compare one pattern or source.
pub(crate) const STEP: u64 = 20;
/// To hash anything, with its key.
pub(crate) const HASH: u64 = 2_500;
/// To hash a byte.
pub(crate) const HASHED_BYTE: u64 = 8;
/// To pass over a byte while looking for the end of a value.
pub(crate) const SCANNED_BYTE: u64 = 2;

/// The time that is left.
#[derive(Debug)]
pub struct Work(Cell<u64>);

impl Work {
    /// This long and no longer (`limits.max_rule_time`).
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        Self(Cell::new(
            u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX),
        ))
    }

    /// Takes some nanoseconds; more than are left take them all.
    pub(crate) fn spend(&self, nanos: u64) {
        self.0.set(self.0.get().saturating_sub(nanos));
    }

    /// As [`Work::spend`], `each` as many times.
    pub(crate) fn spend_each(&self, each: u64, times: usize) {
        self.spend(each.saturating_mul(times as u64));
    }

    /// Nothing is left: the payload that was being made is not whole.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.get() == 0
    }
}

impl Default for Work {
    /// Time without a limit.
    fn default() -> Self {
        Self::new(Duration::MAX)
    }
}
