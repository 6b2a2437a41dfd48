//! Everything under `deploy/`: in the platforms' own schemas, and in a real Envoy that is set up as
//! the platforms set it up. The dashboard in Grafana's schema.

// A test says what is wrong by panicking.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing
)]

mod bed;
mod containers;
mod dashboard;
mod dns;
mod drain;
mod gateway;
mod istio;
mod kubernetes;
mod labels;
mod mistakes;
mod release;
mod render;
mod room;
mod schemas;
mod withheld;
