//! Host programs of the project: a webhook receiver that can misbehave, a raw HTTP client, a real
//! Envoy.
//!
//! Everything here blocks: a test is an ordinary function. The servers run on one background
//! runtime.

pub mod client;
pub mod dns;
pub mod envoy;
pub mod markdown;
pub mod otlp;
pub mod port;
pub mod process;
pub mod prometheus;
pub mod receiver;
pub mod runtime;
pub mod shipped;
pub mod show;
pub mod tls;
pub mod wait;
pub mod wire;

pub use client::{Connection, H2Connection, Request, Response};
pub use envoy::{Cluster, Config, Envoy, Plugin};
pub use port::Port;
pub use receiver::{Answer, Gate, Receiver, Recorded, Reply, Step};
