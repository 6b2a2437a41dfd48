//! The Freshpaint Webhooks destination as an Envoy filter: the only code that touches proxy-wasm.
//!
//! Every rule is in `freshpaint-core`; this crate moves bytes and times between it and the host.
//! Streams take requests in and wait. The root makes every call, because the host ends calls on the
//! root alone once a client has gone (proxy-wasm-cpp-host `src/exports.cc`, `http_call`).
#![deny(unsafe_code)]
// The one public item is the SDK's entry point.
#![allow(missing_docs)]

#[allow(unsafe_code)] // An entry point of the module.
mod body_callback;
mod body_watch;
mod collector;
#[cfg(feature = "fault-injection")]
mod fault;
mod fnv;
mod front;
mod host;
mod identity;
mod monitor;
mod plugin;
mod reenter;
mod root_context;
mod stream;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(proxy_wasm::types::LogLevel::Trace);
    proxy_wasm::set_root_context(|context_id| Box::new(root_context::Root::new(context_id)));
}}
