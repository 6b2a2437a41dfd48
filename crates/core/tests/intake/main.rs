//! The intake from the outside: the head and body of a request go in, replies and payloads come
//! out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

// They need files or a source of randomness.
#[cfg(not(target_arch = "wasm32"))]
mod arbitrary;
mod bombs;
#[cfg(not(target_arch = "wasm32"))]
mod captures;
mod contract;
mod cors;
mod encodings;
mod fidelity;
mod ids;
mod manual;
mod mapping;
mod mixpanel;
mod nearly_json;
mod paths;
mod placeholders;
mod posthog;
#[cfg(not(target_arch = "wasm32"))]
mod properties;
mod segment;
mod sources;
mod support;
mod times;
mod verdicts;
