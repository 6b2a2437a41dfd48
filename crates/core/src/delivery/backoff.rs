//! When to try again.

use std::time::Duration;

/// The delay before the attempt after `failures` failed ones: exponential from `initial`, never over `max`, with a jitter of
/// a fifth to either side so that events that failed together do not come back together.
///
/// A webhook's own `Retry-After` (`wish`) lengthens the delay, up to `max`, and never shortens it.
#[must_use]
pub fn delay(
    failures: u32,
    initial: Duration,
    max: Duration,
    wish: Option<Duration>,
    random: &mut fastrand::Rng,
) -> Duration {
    let doubled = initial.saturating_mul(
        1_u32
            .checked_shl(failures.saturating_sub(1))
            .unwrap_or(u32::MAX),
    );
    let wanted = doubled.max(wish.unwrap_or_default()).min(max);
    let fifth = u64::try_from(wanted.as_millis() / 5).unwrap_or(u64::MAX);
    let jittered = wanted
        .saturating_sub(Duration::from_millis(fifth))
        .saturating_add(Duration::from_millis(
            random.u64(0..=fifth.saturating_mul(2)),
        ));
    jittered.max(wish.unwrap_or_default().min(max)).min(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INITIAL: Duration = Duration::from_secs(1);
    const MAX: Duration = Duration::from_secs(60);

    fn range(failures: u32, wish: Option<Duration>) -> (Duration, Duration) {
        let mut random = fastrand::Rng::with_seed(7);
        let delays: Vec<_> = (0..1_000)
            .map(|_| delay(failures, INITIAL, MAX, wish, &mut random))
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
    fn waits_at_least_as_long_as_the_webhook_wishes_within_bounds() {
        assert_eq!(
            range(1, Some(Duration::from_secs(30))).0,
            Duration::from_secs(30)
        );
        assert_eq!(range(1, Some(Duration::from_secs(1_000_000))), (MAX, MAX));
        assert!(range(5, Some(Duration::from_secs(1))).0 >= Duration::from_millis(12_800));
    }
}
