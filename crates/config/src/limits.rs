//! Sizes, counts and times, each with its bounds.

use std::time::Duration;

use freshpaint_core::config::{Dedupe, Limits, Retry};

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

const LIMITS: Limits = Limits::DEFAULT;
const RETRY: Retry = Retry::DEFAULT;
const DEDUPE: Dedupe = Dedupe::DEFAULT;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

pub(super) const MAX_BODY_BYTES: Count =
    count("max_body_bytes", LIMITS.max_body_bytes, 1, 64 * MIB);
pub(super) const MAX_DECODED_BYTES: Count =
    count("max_decoded_bytes", LIMITS.max_decoded_bytes, 1, 64 * MIB);
pub(super) const MAX_EVENTS: Count = count("max_events", LIMITS.max_events, 1, 100_000);
pub(super) const MAX_IN_FLIGHT_PER_WEBHOOK: Count = count(
    "max_in_flight_per_webhook",
    LIMITS.max_in_flight_per_webhook,
    1,
    10_000,
);
// With `MAX_HELD_BYTES` at most half of the 1 GiB that Envoy gives a VM.
pub(super) const MAX_IN_FLIGHT_BYTES: Count = count(
    "max_in_flight_bytes",
    LIMITS.max_in_flight_bytes,
    64 * KIB,
    256 * MIB,
);

pub(super) const RETRY_WINDOW: Span = span("window", RETRY.window, 0, 86_400_000);
pub(super) const INITIAL_BACKOFF: Span =
    span("initial_backoff", RETRY.initial_backoff, 100, 300_000);
pub(super) const MAX_BACKOFF: Span = span("max_backoff", RETRY.max_backoff, 1_000, 3_600_000);
pub(super) const MAX_HELD_BYTES: Count =
    count("max_held_bytes", RETRY.max_held_bytes, 64 * KIB, 256 * MIB);
pub(super) const MAX_HELD_EVENTS: Count =
    count("max_held_events", RETRY.max_held_events, 1, 1_000_000);

pub(super) const DEDUPE_WINDOW: Span = span("window", DEDUPE.window, 0, 86_400_000);
pub(super) const SLOTS: Count = count("slots", DEDUPE.slots as usize, 1_024, 1_048_576);

const fn count(key: &'static str, default: usize, min: usize, max: usize) -> Count {
    Count {
        key,
        default,
        min,
        max,
    }
}

/// The bounds in milliseconds.
const fn span(key: &'static str, default: Duration, min: u64, max: u64) -> Span {
    Span {
        key,
        default,
        min: Duration::from_millis(min),
        max: Duration::from_millis(max),
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
