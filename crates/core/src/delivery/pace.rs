//! How quickly a webhook takes calls, and so how many deliveries are worth queueing for it.

use std::time::Duration;

use super::TOTAL_TIMEOUT;
use crate::clock::{millis, SteadyMillis};

/// The mean follows about this many of the latest calls.
const WEIGHT: u64 = 8;
/// A call that has taken less than this, in milliseconds, is no sign that its webhook hangs: the
/// first one also looks the host up, connects and agrees on keys.
const MAY_TAKE: SteadyMillis = 1_000;

/// How long the calls of one webhook have taken lately.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    /// The moving mean, in microseconds; `None` until the first call has ended.
    mean_micros: Option<u64>,
}

impl Pace {
    /// A call has ended.
    pub(super) fn on_end(&mut self, took: SteadyMillis) {
        let took = took.saturating_mul(1_000);
        self.mean_micros = Some(match self.mean_micros {
            None => took,
            Some(mean) => (mean.saturating_mul(WEIGHT - 1).saturating_add(took)) / WEIGHT,
        });
    }

    /// Whether a delivery is likely to have its turn in time when so many stand before it, of which
    /// `at_a_time` are called at once.
    pub(super) fn has_turn(self, ahead: usize, at_a_time: usize, timeout: Duration) -> bool {
        let mean = self.mean_micros.unwrap_or(0);
        wait_is_short(mean, ahead, at_a_time, timeout)
    }
}

/// The same for a webhook none of whose calls has ended for a while: it plans with the time that
/// they have taken so far, in milliseconds.
pub(super) fn is_in_time(
    so_far: SteadyMillis,
    ahead: usize,
    at_a_time: usize,
    timeout: Duration,
) -> bool {
    so_far < MAY_TAKE || wait_is_short(so_far.saturating_mul(1_000), ahead, at_a_time, timeout)
}

/// Plans with only half of the time that is left, so that the deliveries in the queue have their
/// turn even when the webhook becomes half as quick. An event that would come too late goes back to
/// its SDK while the SDK still waits.
fn wait_is_short(micros: u64, ahead: usize, at_a_time: usize, timeout: Duration) -> bool {
    let rounds_of_calls = (ahead / at_a_time.max(1)) as u64;
    let wait = micros.saturating_mul(rounds_of_calls) / 1_000;
    wait <= millis(TOTAL_TIMEOUT.saturating_sub(timeout)) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(5);

    #[test]
    fn the_queue_is_as_long_as_the_time_of_calls_allows() {
        let mut pace = Pace::default();
        assert!(pace.has_turn(1_000_000, 1, TIMEOUT), "nothing is known yet");
        for _ in 0..50 {
            pace.on_end(2_500);
        }
        // 10 s are planned with, so that four times 256 calls can go before.
        assert!(pace.has_turn(5 * 256 - 1, 256, TIMEOUT));
        assert!(!pace.has_turn(5 * 256, 256, TIMEOUT));
        for _ in 0..100 {
            pace.on_end(5_000);
        }
        assert!(pace.has_turn(3 * 256 - 1, 256, TIMEOUT));
        assert!(!pace.has_turn(3 * 256, 256, TIMEOUT));
        for _ in 0..100 {
            pace.on_end(0);
        }
        assert!(pace.has_turn(1_000_000, 256, TIMEOUT));
    }

    #[test]
    fn one_slow_call_does_not_decide() {
        let mut pace = Pace::default();
        pace.on_end(100);
        pace.on_end(5_000);
        assert!(pace.has_turn(12 * 256, 256, TIMEOUT));
    }

    #[test]
    fn calls_that_do_not_end_say_how_long_calls_take() {
        for (so_far, most) in [(999, 1_000_000), (1_000, 10), (2_500, 4), (4_900, 2)] {
            let ahead = (most + 1) * 256;
            assert!(is_in_time(so_far, ahead - 1, 256, TIMEOUT), "{so_far}");
            assert_eq!(is_in_time(so_far, ahead, 256, TIMEOUT), so_far < 1_000);
        }
    }
}
