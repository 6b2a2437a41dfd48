//! The last 15 minutes of a webhook: successes, failures and how long they took.

/// How far back the totals reach.
pub const MINUTES: usize = 15;

/// Upper bounds of the latency classes, in milliseconds; the last class has none.
pub const LATENCY_BOUNDS: [u32; 22] = [
    1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1_000, 1_500, 2_000,
    3_000, 5_000,
];

/// The number of calls in each class of [`LATENCY_BOUNDS`].
pub type Latencies = [u32; CLASSES];

/// How many classes there are.
pub const CLASSES: usize = LATENCY_BOUNDS.len() + 1;

/// Attempts of one minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Minute {
    delivered: u32,
    failed: u32,
    latencies: Latencies,
}

/// One webhook's attempts, minute by minute.
#[derive(Clone, Debug)]
pub struct Totals {
    minutes: [Minute; MINUTES],
    /// The minute since 1970 that was written last.
    newest: u64,
}

impl Totals {
    /// No attempts, before this time in milliseconds since 1970.
    #[must_use]
    pub fn new(unix_millis: u64) -> Self {
        Self {
            minutes: [Minute::default(); MINUTES],
            newest: unix_millis / 60_000,
        }
    }

    /// Adds one attempt that ended at `unix_millis`, and how long it took where an answer came.
    pub fn add(&mut self, unix_millis: u64, delivered: bool, took_millis: Option<u32>) {
        self.advance(unix_millis);
        let Some(minute) = self.minutes.get_mut(slot(self.newest)) else {
            return;
        };
        let count = if delivered {
            &mut minute.delivered
        } else {
            &mut minute.failed
        };
        *count = count.saturating_add(1);
        let class = took_millis.map(|took| LATENCY_BOUNDS.partition_point(|bound| *bound < took));
        if let Some(calls) = class.and_then(|class| minute.latencies.get_mut(class)) {
            *calls = calls.saturating_add(1);
        }
    }

    /// Delivered and failed attempts of each minute up to `unix_millis`, oldest first.
    pub fn minutes(&mut self, unix_millis: u64) -> [(u32, u32); MINUTES] {
        self.advance(unix_millis);
        let oldest = self.newest.saturating_sub(MINUTES as u64 - 1);
        std::array::from_fn(|index| {
            let minute = self.minutes.get(slot(oldest + index as u64));
            minute.map_or((0, 0), |minute| (minute.delivered, minute.failed))
        })
    }

    /// How long the calls of all these minutes took.
    #[must_use]
    pub fn latencies(&self) -> Latencies {
        let mut sum = Latencies::default();
        for minute in &self.minutes {
            for (sum, calls) in sum.iter_mut().zip(minute.latencies) {
                *sum = sum.saturating_add(calls);
            }
        }
        sum
    }

    /// Empties the minutes between the newest one and that of `unix_millis`.
    fn advance(&mut self, unix_millis: u64) {
        let minute = unix_millis / 60_000;
        let passed = minute.saturating_sub(self.newest).min(MINUTES as u64);
        for empty in (0..passed).map(|back| minute - back) {
            if let Some(minute) = self.minutes.get_mut(slot(empty)) {
                *minute = Minute::default();
            }
        }
        self.newest = self.newest.max(minute);
    }
}

fn slot(minute: u64) -> usize {
    (minute % MINUTES as u64) as usize
}

/// The upper bound of the class that holds this share of all calls, in milliseconds.
///
/// `None` without calls; the largest bound stands for everything above it.
#[must_use]
pub fn percentile(latencies: &Latencies, percent: u64) -> Option<u32> {
    let all: u64 = latencies.iter().map(|calls| u64::from(*calls)).sum();
    let wanted = (all * percent).div_ceil(100).max(1);
    let mut seen = 0;
    let class = latencies.iter().position(|calls| {
        seen += u64::from(*calls);
        seen >= wanted
    })?;
    let last = LATENCY_BOUNDS.last().copied();
    LATENCY_BOUNDS.get(class).copied().or(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000;

    #[test]
    fn the_newest_minute_is_last_and_old_ones_are_forgotten() {
        let mut totals = Totals::new(100 * MINUTE);
        totals.add(100 * MINUTE, true, Some(4));
        totals.add(101 * MINUTE + 59_999, false, None);
        let minutes = totals.minutes(101 * MINUTE + 59_999);
        assert_eq!(minutes[MINUTES - 2..], [(1, 0), (0, 1)]);
        assert_eq!(minutes[..MINUTES - 2], [(0, 0); MINUTES - 2]);
        let minutes = totals.minutes(115 * MINUTE);
        assert_eq!(minutes[0], (0, 1));
        assert_eq!(minutes[1..], [(0, 0); MINUTES - 1]);
        assert_eq!(totals.minutes(10_000 * MINUTE), [(0, 0); MINUTES]);
        assert_eq!(totals.latencies(), Latencies::default());
    }

    #[test]
    fn a_clock_that_is_set_back_counts_in_the_newest_minute() {
        let mut totals = Totals::new(100 * MINUTE);
        totals.add(90 * MINUTE, true, None);
        assert_eq!(totals.minutes(90 * MINUTE)[MINUTES - 1], (1, 0));
    }

    #[test]
    fn percentiles_are_upper_bounds_of_classes() {
        let mut totals = Totals::new(0);
        for took in 1..=100 {
            totals.add(0, true, Some(took));
        }
        let latencies = totals.latencies();
        assert_eq!(percentile(&latencies, 50), Some(50));
        assert_eq!(percentile(&latencies, 95), Some(100));
        assert_eq!(percentile(&Latencies::default(), 50), None);
        totals.add(0, false, Some(60_000));
        assert_eq!(percentile(&totals.latencies(), 100), Some(5_000));
    }
}
