//! The module in a real Envoy: what clients send, what webhooks and the route's upstream see, what is counted.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod bed;
