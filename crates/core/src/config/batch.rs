//! How a webhook gets several events in one call.

use std::time::Duration;

use super::batch_format::BatchFormat;
use super::field::{Count, Span};
use super::object::object;
use super::types::BatchFormats;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

object! {
    /// Several events in one call.
    Batch {
        /// The form of the body of each call, also of one with a single event.
        format: BatchFormat = BatchFormats,
        /// Events of one call.
        max_events: usize = Count::new(100, 1, 1_000),
        /// Bytes of the body of one call; a larger event goes alone. Many servers refuse bodies of
        /// more than 1 MiB unless they are told otherwise.
        max_bytes: usize = Count::new(512 * KIB, KIB, 8 * MIB),
        /// How long an event waits for others although a call may start. The SDK waits as long for
        /// its answer. With `0s` none does.
        max_wait: Duration = Span::millis(0, 0, 5_000),
    }
}
