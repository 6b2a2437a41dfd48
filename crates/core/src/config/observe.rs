//! What is recorded for people to look at.

use super::field::Count;
use super::object::object;

object! {
    /// What the [live page](monitor.md) finds when it is opened.
    Observe {
        /// Records that each worker keeps while nobody looks at the [live page](monitor.md). `0`
        /// records only while somebody looks. Useless without a `monitor` in the same Envoy.
        recent: usize = Count::new(0, 0, 1_000),
    }
}
