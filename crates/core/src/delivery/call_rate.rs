//! How many calls are made in one go.
//!
//! The host makes a call while it is asked for it, and the module signs it then. A request of 2,500
//! events to 32 webhooks would keep the worker from everything else for more than a second. So
//! calls get half of the time, and between them the loop does what else there is.
//!
//! As with rules, what calls take is counted and not measured.

use crate::clock::SteadyMillis;
use crate::work::HASHED_BYTE;

/// In milliseconds.
const WINDOW: u64 = 4;
/// Of a window, in nanoseconds. The call that comes to it is the last one.
const SHARE: u64 = WINDOW * 1_000_000 / 2;
/// To make a call, in nanoseconds: less than half of what it takes the worker in all, so that a
/// worker at its full load is not held up. One that needs a new connection takes several times as
/// long, so that a window is short.
const CALL: u64 = 15_000;
/// To copy a byte, in the module and in the host.
const COPIED_BYTE: u64 = 2;

/// The calls of the window that began last.
#[derive(Debug, Default)]
pub(super) struct CallRate {
    began: SteadyMillis,
    nanos: u64,
}

impl CallRate {
    /// `None` when a call may be made now, else when the next one may.
    pub(super) fn waits_until(&mut self, now: SteadyMillis) -> Option<SteadyMillis> {
        let ends = self.began.saturating_add(WINDOW);
        if now >= ends {
            *self = Self {
                began: now,
                nanos: 0,
            };
        }
        (self.nanos >= SHARE).then_some(ends)
    }

    /// A call of so many bytes is made, which has so many signatures.
    pub(super) fn count(&mut self, bytes: usize, signatures: usize) {
        let each_byte = COPIED_BYTE + HASHED_BYTE * signatures as u64;
        let nanos = each_byte.saturating_mul(bytes as u64).saturating_add(CALL);
        self.nanos = self.nanos.saturating_add(nanos);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many calls like this one may be made at a time.
    fn at_once(rate: &mut CallRate, now: SteadyMillis, bytes: usize, signatures: usize) -> usize {
        let mut calls = 0;
        while rate.waits_until(now).is_none() {
            rate.count(bytes, signatures);
            calls += 1;
        }
        calls
    }

    #[test]
    fn calls_get_half_of_the_time() {
        for (bytes, signatures, wanted) in [
            (0, 0, 134),
            (600, 1, 96),
            (1 << 20, 0, 1),
            (1 << 20, 1, 1),
            (1 << 20, 8, 1),
            (usize::MAX, 8, 1),
        ] {
            let mut rate = CallRate::default();
            assert_eq!(
                at_once(&mut rate, 100, bytes, signatures),
                wanted,
                "{bytes}"
            );
            assert_eq!(rate.waits_until(103), Some(104));
            assert_eq!(
                at_once(&mut rate, 104, bytes, signatures),
                wanted,
                "{bytes}"
            );
        }
    }

    #[test]
    fn what_was_left_is_not_saved_up() {
        let mut rate = CallRate::default();
        assert_eq!(rate.waits_until(1_000_000), None);
        assert_eq!(at_once(&mut rate, 1_000_000, 0, 0), 134);
    }
}
