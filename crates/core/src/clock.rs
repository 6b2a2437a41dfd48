//! Time as the host gives it.

use std::time::Duration;

/// Milliseconds of a clock that never goes back; its origin means nothing.
pub type SteadyMillis = u64;

/// Milliseconds since 1970-01-01T00:00:00Z: timestamps of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    /// The second that it lies in.
    #[must_use]
    pub const fn seconds(self) -> UnixSeconds {
        UnixSeconds(self.0.div_euclid(1_000))
    }
}

/// Seconds since 1970-01-01T00:00:00Z: times of signatures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixSeconds(pub i64);

/// Whole milliseconds of a duration.
#[must_use]
pub fn millis(duration: Duration) -> SteadyMillis {
    SteadyMillis::try_from(duration.as_millis()).unwrap_or(SteadyMillis::MAX)
}

/// Both clocks of the host, read once per callback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// For deadlines and delays: unaffected when the wall clock is set.
    pub steady: SteadyMillis,
    /// For timestamps in payloads.
    pub unix: UnixMillis,
}

impl Now {
    /// Milliseconds from the steady clock to the Unix epoch; zero before that.
    #[must_use]
    pub fn unix_offset(self) -> u64 {
        let unix = u64::try_from(self.unix.0).unwrap_or(0);
        unix.saturating_sub(self.steady)
    }
}
