//! The module in a real Envoy: what clients send, what webhooks and the route's upstream see, what
//! is counted.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing
)]

mod batches;
mod config;
mod delivery;
mod faults;
mod harness;
mod intake;
mod metrics;
mod monitor;
mod monitor_faults;
mod options;
mod payloads;
mod rules;
mod support;
