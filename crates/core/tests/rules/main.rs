//! The events and parts of events that each webhook gets: configurations, requests, and the calls
//! that come of them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod bed;
mod canary;
mod consent;
mod events;
mod identity;
mod profile;
mod properties;
// It needs a source of randomness.
#[cfg(not(target_arch = "wasm32"))]
mod reference;
