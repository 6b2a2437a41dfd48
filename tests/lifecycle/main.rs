//! The shell's lifecycle: the real SDK and the real contexts on a mock host that counts every host
//! call.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

// Nothing is called by path: the program needs the exports.
use freshpaint_webhooks as _;

mod abandoned;
mod arbitrary;
mod call_isolation;
mod calls;
mod configuration;
mod fixtures;
mod gauges;
mod handover;
mod host;
mod host_calls;
mod monitor;
mod replacement;
mod replies;
mod streams;
mod taken_back;
mod ticks;
mod traces;
mod wake_queue;
mod withheld;
