//! When to try again.

use std::time::Duration;

use crate::clock::{millis, SteadyMillis};
use crate::config::Retry;

/// How delays grow.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The delay after the first failure.
    pub initial: Duration,
    /// The longest delay.
    pub max: Duration,
}

impl From<&Retry> for Backoff {
    fn from(retry: &Retry) -> Self {
        Self {
            initial: retry.initial_backoff,
            max: retry.max_backoff,
        }
    }
}

impl Backoff {
    /// The delay before the attempt after `failures` failed ones, in milliseconds: exponential from
    /// `initial`, never over `max`, with a jitter of a fifth to either side so that events that
    /// failed together do not come back together.
    ///
    /// A webhook's own `Retry-After` lengthens the delay, up to `max`, and never shortens it.
    #[must_use]
    pub fn delay(
        &self,
        failures: u32,
        retry_after: Option<Duration>,
        random: &mut fastrand::Rng,
    ) -> SteadyMillis {
        let doublings = failures.saturating_sub(1);
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        let doubled = self.initial.saturating_mul(factor);
        let asked = retry_after.unwrap_or_default();
        let [wanted, asked, max] = [doubled.max(asked), asked, self.max].map(millis);
        let wanted = wanted.min(max);
        let fifth = wanted / 5;
        let jitter = random.u64(0..=fifth.saturating_mul(2));
        let jittered = wanted.saturating_sub(fifth).saturating_add(jitter);
        jittered.max(asked).min(max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: Duration = Duration::from_secs(60);
    const BACKOFF: Backoff = Backoff {
        initial: Duration::from_secs(1),
        max: MAX,
    };

    fn range(failures: u32, retry_after: Option<Duration>) -> (Duration, Duration) {
        let mut random = fastrand::Rng::with_seed(7);
        let delays: Vec<_> = (0..1_000)
            .map(|_| Duration::from_millis(BACKOFF.delay(failures, retry_after, &mut random)))
            .collect();
        (*delays.iter().min().unwrap(), *delays.iter().max().unwrap())
    }

    #[test]
    fn doubles_with_a_jitter_of_a_fifth() {
        for (failures, middle) in [(1, 1_000), (2, 2_000), (3, 4_000), (5, 16_000)] {
            let (least, most) = range(failures, None);
            let spread = |share: u64| Duration::from_millis(middle * share / 100);
            assert!(
                least >= spread(80) && least < spread(85),
                "{failures}: {least:?}"
            );
            assert!(
                most <= spread(120) && most > spread(115),
                "{failures}: {most:?}"
            );
        }
    }

    #[test]
    fn never_passes_the_longest_delay() {
        for failures in [7, 31, 32, 33, u32::MAX] {
            let (least, most) = range(failures, None);
            assert!(
                least >= MAX.mul_f32(0.8) && most <= MAX,
                "{failures}: {least:?} {most:?}"
            );
        }
    }

    #[test]
    fn waits_at_least_as_long_as_the_webhook_asks_within_bounds() {
        assert_eq!(
            range(1, Some(Duration::from_secs(30))).0,
            Duration::from_secs(30)
        );
        assert_eq!(range(1, Some(Duration::from_secs(1_000_000))), (MAX, MAX));
        assert!(range(5, Some(Duration::from_secs(1))).0 >= Duration::from_millis(12_800));
    }
}
