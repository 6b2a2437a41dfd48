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
/// To decode an escape of a string, and what stands up to the next one.
const ESCAPE: u64 = 25;
/// To pass over a byte while looking for the end of a value.
pub(crate) const SCANNED_BYTE: u64 = 2;

/// The time that there is, and what is left of it.
#[derive(Debug)]
pub struct Work {
    all: u64,
    left: Cell<u64>,
}

impl Work {
    /// This long and no longer (`limits.max_rule_time`).
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        let all = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
        Self {
            all,
            left: Cell::new(all),
        }
    }

    /// Takes some nanoseconds; more than are left take them all.
    pub(crate) fn spend(&self, nanos: u64) {
        self.left.set(self.left.get().saturating_sub(nanos));
    }

    /// As [`Work::spend`], `each` as many times.
    pub(crate) fn spend_each(&self, each: u64, times: usize) {
        self.spend(each.saturating_mul(times as u64));
    }

    /// Takes what it is to decode a text and to compare it so many times.
    #[inline(never)]
    pub(crate) fn spend_text(&self, text: &str, times: usize) {
        // To count escapes takes time too.
        if times == 0 {
            return;
        }
        let text = text.as_bytes();
        let each = STEP + SCANNED_BYTE * text.len() as u64 + decoding(text);
        self.spend_each(each, times);
    }

    /// Nanoseconds that were taken.
    #[must_use]
    pub fn spent(&self) -> u64 {
        self.all - self.left.get()
    }

    /// Nothing is left: the payload that was being made is not whole.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.left.get() == 0
    }
}

/// To decode the strings in this JSON text, or a string that is given without its quotes.
#[inline(never)]
pub(crate) fn decoding(text: &[u8]) -> u64 {
    ESCAPE * text.iter().filter(|byte| **byte == b'\\').count() as u64
}

impl Default for Work {
    /// Time without a limit.
    fn default() -> Self {
        Self::new(Duration::MAX)
    }
}
