//! Sizes, counts and times: each bound of the product has its name and default here.

use std::time::Duration;

use super::field::{Count, Span};
use super::object::object;
use super::types::Statuses;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
const DAY: u64 = 86_400_000;

object! {
    /// Bounds; each is per worker.
    Limits {
        /// A body as received; more is answered 413. SDKs send at most about 500 KB, server
        /// libraries up to 5 MB. Envoy's own limits on buffers and windows do not matter: the
        /// module gathers bodies itself.
        max_body_bytes: usize = Count::new(MIB, 1, 64 * MIB),
        /// The same body after gzip or base64; more is answered 413. A compressed bomb costs no
        /// more than this.
        max_decoded_bytes: usize = Count::new(5 * MIB, 1, 64 * MIB),
        /// How many times larger than received a body may unpack; more is answered 413. Up to 64
        /// KiB are always allowed. The batches that SDKs send are up to 40 times larger unpacked,
        /// most of them 3 to 6 times. A body should be compressed once; compressing it again may
        /// shrink it by half at most.
        max_compression_ratio: usize = Count::new(100, 1, 2_000),
        /// Members of objects and elements of arrays in one event, at any depth; more is answered
        /// 413. Events of SDKs have some 100, and rarely 1,000.
        max_values: usize = Count::new(10_000, 100, 1_000_000),
        /// The time that the rules of all webhooks may take for one request; more is answered 413.
        /// It is estimated from what the rules look at, so that a request is always taken or never:
        /// 0.2 µs a value and set of rules, 3 µs a hash.
        max_rule_time: Duration = Span::millis(80, 1, 10_000),
        /// Events of one request; more is answered 413.
        max_events: usize = Count::new(2_500, 1, 100_000),
        /// The most calls to one webhook at a time; the rest wait their turn, within their 25 s. A
        /// webhook begins with its share of 128 calls, and at least with 32. It gets more where it
        /// then takes more events in a second. Four workers stay within Envoy's default circuit
        /// breaker of 1,024 requests, which remains a backstop.
        max_in_flight_per_webhook: usize = Count::new(256, 1, 10_000),
        /// Calls to all webhooks at a time. Their answers may all come in one moment, and each
        /// keeps the worker busy for some 50 µs. When few are left, only webhooks with fewer than
        /// 16 calls begin another one, so that slow webhooks leave some to quick ones.
        max_in_flight: usize = Count::new(2_048, 64, 100_000),
        /// Bytes of bodies that come in, and of payloads that wait or are in flight. Past it the
        /// SDK is answered 503 with `Retry-After`, and nothing of its request was taken. Bodies of
        /// more than 64 KiB leave an eighth of it to smaller ones.
        max_in_flight_bytes: usize = Count::new(64 * MIB, 64 * KIB, 256 * MIB),
    }
}

object! {
    /// The fate of events that every webhook failed.
    Retry {
        /// How long an event is kept and tried. `0s` switches it off.
        window: Duration = Span::millis(900_000, 0, DAY),
        /// The delay before the second attempt. Each further delay is longer. Delays are random, so
        /// that workers do not retry at the same time.
        initial_backoff: Duration = Span::millis(1_000, 100, 300_000),
        /// The longest delay. At least `initial_backoff`.
        max_backoff: Duration = Span::millis(60_000, 1_000, 3_600_000),
        /// Bytes of payloads that are kept, per worker. When full, new events are not kept, and the
        /// 503 leaves them to the SDK; what is kept already stays.
        max_held_bytes: usize = Count::new(32 * MIB, 64 * KIB, 256 * MIB),
        /// Events that are kept, per worker.
        max_held_events: usize = Count::new(20_000, 1, 1_000_000),
        /// Statuses by which a webhook refuses the event itself, and would refuse it again. Every
        /// other failure is the webhook's own trouble, and the event is tried until `retry.window`
        /// ends.
        refusals: Vec<u16> = Statuses::REFUSALS,
        /// Rounds after which an event is given up, when every webhook that wants it has refused it
        /// in each of them with a status of `retry.refusals`.
        max_refusals: u32 = Count::new(3, 1, 100),
    }
}

object! {
    /// How events are recognised when an SDK sends them again.
    Dedupe {
        /// How long an accepted event is remembered. SDKs re-send within a minute, or after hours
        /// when they were offline. `0s` switches it off.
        window: Duration = Span::millis(900_000, 0, DAY),
        /// Entries of the table, 20 MiB for the default when it is full. A new event takes the
        /// place of an older one, which can cost a duplicate and never a loss: give it twice the
        /// events of one window.
        slots: u32 = Count::new(1_048_576, 1_024, 4_194_304),
    }
}
