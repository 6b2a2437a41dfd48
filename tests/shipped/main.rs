//! Everything under `envoy/` that a user is told to start from, in a real Envoy.

// A test says what is wrong by panicking.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing
)]

mod access_log;
mod blocks;
mod clusters;
mod compose;
mod egress;
mod fleet;
mod fleet_changes;
mod fleet_keys;
mod limits;
mod manifest;
mod metrics;
mod routes;
mod traces;
mod validate;

use freshpaint_harness::shipped::Shipped;
use freshpaint_harness::{Envoy, Request, Response};
use serde_json::{json, Value};
use std::collections::BTreeMap;

/// The environment that `envoy.yaml` and the manifests need.
fn environment() -> BTreeMap<&'static str, &'static str> {
    BTreeMap::from([("CRM_KEY", "crm-key-of-the-test")])
}

fn start(shipped: Shipped) -> Envoy {
    Envoy::start_shipped(shipped, &environment()).expect("Envoy starts")
}

/// One track event as the HTTP API has it, by its name.
fn track(envoy: &Envoy, event: &str) -> Response {
    let body = json!({
        "event": event,
        "properties": {"distinct_id": "ada@example.com", "$device_id": "d-1", "time": 1672262210, "$insert_id": "m-1", "plan": "pro"},
    });
    Request::post("/track", body.to_string())
        .send(envoy.address())
        .expect("an answer")
}

/// The payload of [`track`].
fn payload(event: &str) -> Value {
    json!({
        "event": event,
        "type": "track",
        "timestamp": "2022-12-28T21:16:50Z",
        "messageId": "m-1",
        "anonymousId": "d-1",
        "userId": "ada@example.com",
        "context": {"page": null},
        "properties": {"plan": "pro"},
    })
}
