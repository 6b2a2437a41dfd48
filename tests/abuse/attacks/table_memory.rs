//! The share of Envoy's memory that the table of recognised events takes once it is full.

use super::churn::allocated;
use crate::bed::no_vm_failed;
use crate::table::{Case, Measures};
use freshpaint_harness::{Cluster, Config, Envoy, Plugin, Receiver, Request};
use serde_json::json;

/// An eighth of the default.
const SLOTS: usize = 131_072;
/// Events of one request.
const BATCH: usize = 2_500;
/// Twice as many events as slots, of a device each, so that every bucket is full.
const REQUESTS: usize = 2 * SLOTS / BATCH;
/// docs/operations.md, "Memory".
const MOST_BYTES: f64 = 23.0;

pub(crate) const FULL: Case = Case {
    name: "the table of recognised events, full",
    in_short: false,
    run: |_| {
        let receiver = Receiver::start().unwrap();
        receiver.stop_recording();
        let config = Config {
            clusters: vec![Cluster::new("crm", receiver.address())],
            plugin: Plugin::Struct(json!({
                "webhooks": [{
                    "name": "crm", "url": "http://crm.test/in", "cluster": "crm",
                    "batch": {"max_events": 500, "max_wait": "0.1s"},
                }],
                "dedupe": {"slots": SLOTS},
            })),
            ..Config::default()
        };
        let envoy = Envoy::start(&config).unwrap_or_else(|error| panic!("{error:#}"));
        // Connections, buffers and what V8 compiles late are there after the first ones.
        let mut failed = send(&envoy, 0..2);
        let before = allocated(&envoy);
        failed += send(&envoy, 2..2 + REQUESTS);
        let grown = allocated(&envoy) as f64 - before as f64;
        let mut measures = Measures::default();
        measures.none("not taken", failed);
        measures.at_least("a slot", grown / SLOTS as f64, 15.0, "bytes");
        measures.at_most("a slot", grown / SLOTS as f64, MOST_BYTES, "bytes");
        no_vm_failed(&envoy, &mut measures);
        measures
    },
};

fn send(envoy: &Envoy, requests: std::ops::Range<usize>) -> usize {
    let refused = requests.filter(|request| {
        let event = |n| {
            let id = format!("{request}-{n}");
            json!({"type": "track", "event": "a", "messageId": id, "anonymousId": id})
        };
        let events: Vec<_> = (0..BATCH).map(event).collect();
        let request = Request::post("/v1/batch", json!({"batch": events}).to_string());
        !request
            .send(envoy.address())
            .is_ok_and(|answer| answer.status == 200)
    });
    refused.count()
}
