//! The time that making calls may take of a turn of the host's loop.
//!
//! The host makes a call while it is asked for it, and the module signs it then. A request of 2,500
//! events to 32 webhooks would keep the worker from everything else for more than a second. So
//! calls get half of the time, and between them the loop does what else there is.
//!
//! As with rules, what calls take is counted and not measured.

use crate::clock::SteadyMillis;
use crate::quota::Quota;
use crate::work::HASHED_BYTE;

/// The shortest time for which a quota of calls lasts, in milliseconds.
const SHORTEST: SteadyMillis = 4;
/// To make a call, in nanoseconds: less than half of what it takes the worker in all, so that a
/// worker at its full load is not held up. A call that needs a new connection takes several times
/// as long, so the quota is small.
const CALL: u64 = 15_000;
/// To copy a byte, in the module and in the host.
const COPIED_BYTE: u64 = 2;

/// The calls of one turn, in nanoseconds. The one that comes to it is the last. While calls end one
/// after the other, more than a sixteenth is always made.
pub(super) fn quota() -> Quota {
    let most = SHORTEST * 1_000_000 / 2;
    Quota::new(most, most / 16).lasting(SHORTEST)
}

/// The nanoseconds of a call of so many bytes, which has so many signatures.
pub(super) fn nanos(bytes: usize, signatures: usize) -> u64 {
    let each_byte = COPIED_BYTE + HASHED_BYTE * signatures as u64;
    each_byte.saturating_mul(bytes as u64).saturating_add(CALL)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let mut quota = quota();
            quota.on_tick(100);
            let mut calls = 0;
            while !quota.is_used_up() {
                quota.take(nanos(bytes, signatures), 100);
                calls += 1;
            }
            assert_eq!(calls, wanted, "{bytes} bytes, {signatures} signatures");
            assert_eq!(quota.wants_tick(100), Some(104));
        }
    }

    #[test]
    fn eight_calls_in_four_milliseconds_need_no_tick_and_ten_do() {
        let made_until_asked = |each: u64| {
            let mut quota = quota();
            let mut made = 0;
            while made < 1_000 && quota.wants_tick(0).is_none() {
                quota.take(nanos(0, 0), 10 + made * SHORTEST / each);
                made += 1;
            }
            made
        };
        assert_eq!(made_until_asked(8), 1_000);
        assert!(made_until_asked(10) < 100);
    }
}
