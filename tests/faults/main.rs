//! Nothing lost, nothing doubled: the module in a real Envoy, with webhooks that break in every way
//! while clients hang up and send again, and each event that was sent held against what was
//! received, by its `messageId`.
//!
//! `cargo test` runs a short form. `FAULTS_SECONDS` sets how long the campaign of faults goes on;
//! `make faults` sets it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod burst;
mod campaign;
mod clients;
mod crash;
mod guarantee;
mod latency;
mod ledger;
mod swap;
mod trial;
mod webhooks;
