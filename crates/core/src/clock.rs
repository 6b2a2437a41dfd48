//! Time as the host gives it.

use std::time::Duration;

/// Milliseconds of a clock that never goes back; its origin means nothing.
pub type SteadyMillis = u64;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type UnixMillis = i64;

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
    /// For timestamps in payloads and signatures.
    pub unix: UnixMillis,
}
