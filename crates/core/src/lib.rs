//! The rules of the Freshpaint Webhooks destination, free of any host.
//!
//! Nothing here knows Envoy or proxy-wasm: bytes and times come in, and what the host has to do
//! comes out as answers, calls and counts ([`worker::Worker`]). The crate never blocks, never reads
//! a clock and never panics, whatever the bytes are.
#![forbid(unsafe_code)]

mod access_log;
pub mod clock;
pub mod config;
pub mod consent;
pub mod delivery;
pub mod event;
pub mod front;
mod gathered;
pub mod hashed_id;
pub mod intake;
pub mod json;
pub mod local_reply;
pub mod observe;
pub mod payload;
pub mod prepare;
pub mod quota;
mod recording;
pub mod redaction;
pub mod routing;
pub mod secret;
pub mod signing;
#[cfg(any(test, feature = "test-util"))]
pub mod test_util;
pub mod time;
pub mod trace_context;
pub mod upload;
pub mod work;
pub mod worker;

#[cfg(test)]
mod testing;
