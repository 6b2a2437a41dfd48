//! How a webhook gets several events in one call.

use std::time::Duration;

use super::field::{Count, Span};
use super::object::object;
use super::types::BatchFormats;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

object! {
    /// Several events in one call.
    Batch {
        /// What the body of each call is, also of one with a single event.
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

/// The form of a body with several events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BatchFormat {
    /// A JSON array of payloads (RFC 8259).
    #[default]
    JsonArray,
    /// One payload in each line, each line ended by a line feed (<https://github.com/ndjson>).
    Ndjson,
}

impl BatchFormat {
    /// The formats and what they are called.
    pub const NAMED: [(&'static str, Self); 2] =
        [("json_array", Self::JsonArray), ("ndjson", Self::Ndjson)];

    /// The media type of the body.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::JsonArray => "application/json",
            Self::Ndjson => "application/x-ndjson",
        }
    }
}
