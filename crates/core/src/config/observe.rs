//! What is shown to people and to other programs, beside metrics.

use super::field::{Count, Flag};
use super::object::object;

object! {
    /// What is shown beside the metrics.
    Observe {
        /// Records that each worker keeps while nobody looks at the [live page](monitor.md). `0`
        /// records only while somebody looks. Useless without a `monitor` in the same Envoy.
        recent: usize = Count::new(0, 0, 1_000),
        /// Gives Envoy's access log the verdict on each collection request and the number of its
        /// events by outcome, as `%FILTER_STATE(wasm.freshpaint:PLAIN)%`.
        access_log: bool = Flag(false),
    }
}
