//! The shell's lifecycle: the real SDK and the real contexts on a mock host that counts every host call.
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
mod calls;
mod configuration;
mod doorbell;
mod fixtures;
mod host;
mod host_calls;
mod replacement;
mod streams;
mod structure;
mod ticks;
