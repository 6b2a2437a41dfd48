//! Records, logs and traces for people and other programs, beside metrics.

use super::field::{Count, Flag};
use super::object::object;
use super::types::Log;

object! {
    /// More to see than the metrics.
    Observe {
        /// Records that each worker keeps while nobody looks at the [live page](monitor.md). `0`
        /// records only while somebody looks. Useless without a `monitor` in the same Envoy.
        recent: usize = Count::new(0, 0, 1_000),
        /// Gives Envoy's access log the verdict on each collection request and the number of its
        /// events by outcome, as `%FILTER_STATE(wasm.freshpaint:PLAIN)%`.
        access_log: bool = Flag(false),
        /// `deliveries` writes a line of JSON into Envoy's log for each attempt at each event. See
        /// [the log of deliveries](operations.md#the-log-of-deliveries).
        log: bool = Log,
        /// Lines of that log in a second, on each worker. Further ones are left out, and counted as
        /// `freshpaint_webhooks_log_left_out`.
        max_log_lines: usize = Count::new(100, 1, 10_000),
        /// Sends the trace of a collection request on to the webhooks, as `traceparent` with a span
        /// id for each call. See [traces](operations.md#traces).
        trace: bool = Flag(false),
    }
}
