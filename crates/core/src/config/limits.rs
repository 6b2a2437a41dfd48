//! Sizes, counts and times: every bound of the product has its name and default here.

use std::time::Duration;

const MIB: usize = 1 << 20;

/// Bounds; each is per worker unless it says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a collection request's body as received; over it 413. 1 MiB by default.
    pub max_body_bytes: usize,
    /// Bytes of a body after decoding (gzip, base64); over it 413. 5 MiB by default.
    pub max_decoded_bytes: usize,
    /// Events in one collection request; over it 413. 2,500 by default.
    pub max_events: usize,
    /// Calls in flight to one webhook. 256 by default, so that four workers stay within Envoy's default
    /// circuit breaker of 1,024 requests per cluster.
    pub max_in_flight_per_webhook: usize,
    /// Bytes of payloads waiting and in flight. 64 MiB by default.
    pub max_in_flight_bytes: usize,
}

impl Limits {
    /// What holds where nothing is configured.
    pub const DEFAULT: Self = Self {
        max_body_bytes: MIB,
        max_decoded_bytes: 5 * MIB,
        max_events: 2_500,
        max_in_flight_per_webhook: 256,
        max_in_flight_bytes: 64 * MIB,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What becomes of events that every webhook failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How long an event is kept and tried again; zero switches it off. 15 min by default.
    pub window: Duration,
    /// Delay before the second attempt. 1 s by default.
    pub initial_backoff: Duration,
    /// Longest delay between attempts. 60 s by default.
    pub max_backoff: Duration,
    /// Bytes of payloads kept. 32 MiB by default.
    pub max_held_bytes: usize,
    /// Events kept. 20,000 by default.
    pub max_held_events: usize,
}

impl Retry {
    /// What holds where nothing is configured.
    pub const DEFAULT: Self = Self {
        window: Duration::from_secs(900),
        initial_backoff: Duration::from_secs(1),
        max_backoff: Duration::from_secs(60),
        max_held_bytes: 32 * MIB,
        max_held_events: 20_000,
    };
}

impl Default for Retry {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How events are recognised when an SDK sends them again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dedupe {
    /// How long an accepted event is remembered; zero switches it off. 15 min by default.
    pub window: Duration,
    /// Entries of the table that all workers of the process share. 262,144 by default: five times the events of
    /// 20 batches of 2,500, some 8 MiB when full.
    pub slots: u32,
}

impl Dedupe {
    /// What holds where nothing is configured.
    pub const DEFAULT: Self = Self {
        window: Duration::from_secs(900),
        slots: 262_144,
    };
}

impl Default for Dedupe {
    fn default() -> Self {
        Self::DEFAULT
    }
}
