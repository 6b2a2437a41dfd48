//! Sizes, counts and times: every bound of the product has its name and default here.

use std::time::Duration;

use super::bound::{Count, Span};
use super::duration;
use super::read::{Object, Reader};

pub(super) const LIMITS_KEYS: &[&str] = &[
    MAX_BODY_BYTES.key,
    MAX_DECODED_BYTES.key,
    MAX_EVENTS.key,
    MAX_IN_FLIGHT_PER_WEBHOOK.key,
    MAX_IN_FLIGHT_BYTES.key,
];
pub(super) const RETRY_KEYS: &[&str] = &[
    RETRY_WINDOW.key,
    INITIAL_BACKOFF.key,
    MAX_BACKOFF.key,
    MAX_HELD_BYTES.key,
    MAX_HELD_EVENTS.key,
];
pub(super) const DEDUPE_KEYS: &[&str] = &[DEDUPE_WINDOW.key, SLOTS.key];

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

pub(super) const MAX_BODY_BYTES: Count = count("max_body_bytes", MIB, 1, 64 * MIB);
pub(super) const MAX_DECODED_BYTES: Count = count("max_decoded_bytes", 5 * MIB, 1, 64 * MIB);
pub(super) const MAX_EVENTS: Count = count("max_events", 2_500, 1, 100_000);
pub(super) const MAX_IN_FLIGHT_PER_WEBHOOK: Count =
    count("max_in_flight_per_webhook", 256, 1, 10_000);
// With `MAX_HELD_BYTES` at most half of the 1 GiB that Envoy gives a VM.
pub(super) const MAX_IN_FLIGHT_BYTES: Count =
    count("max_in_flight_bytes", 64 * MIB, 64 * KIB, 256 * MIB);

pub(super) const RETRY_WINDOW: Span = span("window", 900_000, 0, 86_400_000);
pub(super) const INITIAL_BACKOFF: Span = span("initial_backoff", 1_000, 100, 300_000);
pub(super) const MAX_BACKOFF: Span = span("max_backoff", 60_000, 1_000, 3_600_000);
pub(super) const MAX_HELD_BYTES: Count = count("max_held_bytes", 32 * MIB, 64 * KIB, 256 * MIB);
pub(super) const MAX_HELD_EVENTS: Count = count("max_held_events", 20_000, 1, 1_000_000);

pub(super) const DEDUPE_WINDOW: Span = span("window", 900_000, 0, 86_400_000);
pub(super) const SLOTS: Count = count("slots", 262_144, 1_024, 1_048_576);

const fn count(key: &'static str, default: usize, min: usize, max: usize) -> Count {
    Count {
        key,
        default,
        min,
        max,
    }
}

/// In milliseconds.
const fn span(key: &'static str, default: u64, min: u64, max: u64) -> Span {
    Span {
        key,
        default: Duration::from_millis(default),
        min: Duration::from_millis(min),
        max: Duration::from_millis(max),
    }
}

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

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body_bytes: MAX_BODY_BYTES.default,
            max_decoded_bytes: MAX_DECODED_BYTES.default,
            max_events: MAX_EVENTS.default,
            max_in_flight_per_webhook: MAX_IN_FLIGHT_PER_WEBHOOK.default,
            max_in_flight_bytes: MAX_IN_FLIGHT_BYTES.default,
        }
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

impl Default for Retry {
    fn default() -> Self {
        Self {
            window: RETRY_WINDOW.default,
            initial_backoff: INITIAL_BACKOFF.default,
            max_backoff: MAX_BACKOFF.default,
            max_held_bytes: MAX_HELD_BYTES.default,
            max_held_events: MAX_HELD_EVENTS.default,
        }
    }
}

/// How events are recognised when an SDK sends them again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dedupe {
    /// How long an accepted event is remembered; zero switches it off. 15 min by default.
    pub window: Duration,
    /// Entries of the table that all workers of the process share. 262,144 by default: five times the events of
    /// 20 batches of 2,500, some 12 MiB when full.
    pub slots: u32,
}

impl Default for Dedupe {
    fn default() -> Self {
        Self {
            window: DEDUPE_WINDOW.default,
            slots: slots(SLOTS.default),
        }
    }
}

/// Reads `limits`.
pub(super) fn read_limits(root: &Object<'_>, reader: &mut Reader<'_>) -> Limits {
    let Some(object) = root
        .get("limits")
        .and_then(|field| field.object(LIMITS_KEYS, reader))
    else {
        return Limits::default();
    };
    let limits = Limits {
        max_body_bytes: MAX_BODY_BYTES.read(&object, reader),
        max_decoded_bytes: MAX_DECODED_BYTES.read(&object, reader),
        max_events: MAX_EVENTS.read(&object, reader),
        max_in_flight_per_webhook: MAX_IN_FLIGHT_PER_WEBHOOK.read(&object, reader),
        max_in_flight_bytes: MAX_IN_FLIGHT_BYTES.read(&object, reader),
    };
    if limits.max_body_bytes > limits.max_decoded_bytes {
        let message = format!(
            "is {}, more than limits.max_decoded_bytes, which plain bodies are held against too; write at most {}",
            limits.max_body_bytes, limits.max_decoded_bytes
        );
        reader.warning(&object.path_of(MAX_BODY_BYTES.key), message);
    }
    if limits.max_in_flight_bytes < limits.max_decoded_bytes {
        let message = format!(
            "is {}, less than limits.max_decoded_bytes, so that the largest requests can never be taken; write at least {}",
            limits.max_in_flight_bytes, limits.max_decoded_bytes
        );
        reader.warning(&object.path_of(MAX_IN_FLIGHT_BYTES.key), message);
    }
    limits
}

/// Reads `retry`.
pub(super) fn read_retry(root: &Object<'_>, reader: &mut Reader<'_>) -> Retry {
    let Some(object) = root
        .get("retry")
        .and_then(|field| field.object(RETRY_KEYS, reader))
    else {
        return Retry::default();
    };
    let retry = Retry {
        window: RETRY_WINDOW.read(&object, reader),
        initial_backoff: INITIAL_BACKOFF.read(&object, reader),
        max_backoff: MAX_BACKOFF.read(&object, reader),
        max_held_bytes: MAX_HELD_BYTES.read(&object, reader),
        max_held_events: MAX_HELD_EVENTS.read(&object, reader),
    };
    if retry.max_backoff < retry.initial_backoff {
        let least = duration::text(retry.initial_backoff);
        let message = format!(
            "is \"{}\", less than retry.initial_backoff; write at least \"{least}\"",
            duration::text(retry.max_backoff)
        );
        reader.problem(&object.path_of(MAX_BACKOFF.key), message);
    }
    retry
}

/// Reads `dedupe`.
pub(super) fn read_dedupe(root: &Object<'_>, reader: &mut Reader<'_>) -> Dedupe {
    let Some(object) = root
        .get("dedupe")
        .and_then(|field| field.object(DEDUPE_KEYS, reader))
    else {
        return Dedupe::default();
    };
    Dedupe {
        window: DEDUPE_WINDOW.read(&object, reader),
        slots: slots(SLOTS.read(&object, reader)),
    }
}

/// `SLOTS.max` is far below where this saturates.
fn slots(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
