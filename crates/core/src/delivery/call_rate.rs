//! How many calls are made in one turn of the host's loop.
//!
//! The host makes a call while it is asked for it, and the module signs it then. A request of 2,500
//! events to 32 webhooks would keep the worker from everything else for more than a second. So
//! calls get half of the time, and between them the loop does what else there is.
//!
//! A window lasts from one tick to a later one, and not for so many milliseconds. A tick comes once
//! in a turn of the loop. A turn in which many calls end is a long one. If time alone began new
//! windows, such a turn would make as many calls anew, the next turn would be as long, and the
//! worker would not come out of it. Time alone ends a window in which next to nothing was done.
//!
//! As with rules, what calls take is counted and not measured.

use crate::clock::SteadyMillis;
use crate::work::HASHED_BYTE;

/// The shortest window, in milliseconds.
const WINDOW: u64 = 4;
/// Of a window, in nanoseconds. The call that comes to it is the last one.
const SHARE: u64 = WINDOW * 1_000_000 / 2;
/// From here on a tick is asked for. It mostly comes before the rest of the share is used up, so
/// that calls which come one by one do not wait.
const ASK: u64 = SHARE / 2;
/// A window with less than this ends without a tick, for a tick costs as much as a call. While
/// calls end one after the other, more than this is always made.
const LITTLE: u64 = SHARE / 16;
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
    /// No call may be made before the next window.
    pub(super) fn is_used_up(&self) -> bool {
        self.nanos >= SHARE
    }

    /// When a tick should come; `None` while few calls were made.
    pub(super) fn wants_tick(&self, now: SteadyMillis) -> Option<SteadyMillis> {
        let ends = self.began.saturating_add(WINDOW);
        (self.nanos >= ASK).then(|| ends.max(now))
    }

    /// A tick has come.
    pub(super) fn on_tick(&mut self, now: SteadyMillis) {
        if now >= self.began.saturating_add(WINDOW) {
            *self = Self {
                began: now,
                nanos: 0,
            };
        }
    }

    /// A call of so many bytes is made, which has so many signatures.
    pub(super) fn count(&mut self, bytes: usize, signatures: usize, now: SteadyMillis) {
        if self.nanos < LITTLE {
            self.on_tick(now);
        }
        let each_byte = COPIED_BYTE + HASHED_BYTE * signatures as u64;
        let nanos = each_byte.saturating_mul(bytes as u64).saturating_add(CALL);
        self.nanos = self.nanos.saturating_add(nanos);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many calls like this one may be made until the next tick.
    fn at_once(rate: &mut CallRate, bytes: usize, signatures: usize) -> usize {
        let (mut calls, now) = (0, rate.began);
        while !rate.is_used_up() {
            rate.count(bytes, signatures, now);
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
            rate.on_tick(100);
            assert_eq!(at_once(&mut rate, bytes, signatures), wanted, "{bytes}");
            assert_eq!(rate.wants_tick(101), Some(104));
            assert_eq!(rate.wants_tick(105), Some(105));
            rate.on_tick(103);
            assert!(rate.is_used_up(), "the tick came too early");
            rate.on_tick(104);
            assert_eq!(at_once(&mut rate, bytes, signatures), wanted, "{bytes}");
        }
    }

    #[test]
    fn what_was_left_is_not_saved_up() {
        let mut rate = CallRate::default();
        rate.on_tick(1_000_000);
        assert_eq!(at_once(&mut rate, 0, 0), 134);
        rate.on_tick(2_000_000);
        assert_eq!(at_once(&mut rate, 0, 0), 134);
    }

    #[test]
    fn the_tick_is_asked_for_while_calls_may_still_be_made() {
        let mut rate = CallRate::default();
        let mut calls = 0;
        while rate.wants_tick(0).is_none() {
            rate.count(0, 0, 0);
            calls += 1;
        }
        assert_eq!(calls, 67);
        assert!(!rate.is_used_up());
    }

    #[test]
    fn few_calls_need_no_tick_and_many_do() {
        let made_until_asked = |each: u64| {
            let mut rate = CallRate::default();
            let mut made = 0;
            while made < 1_000 && rate.wants_tick(0).is_none() {
                rate.count(0, 0, 10 + made * WINDOW / each);
                made += 1;
            }
            made
        };
        assert_eq!(made_until_asked(8), 1_000);
        assert!(made_until_asked(10) < 100);
    }
}
