//! The most memory that a worker is said to take.

use crate::bed::Bed;
use crate::http1::at_rate;
use crate::table::{Case, Measures};
use freshpaint_harness::{Reply, Request};
use serde_json::json;
use std::time::Duration;

/// For the process and one worker, as docs/operations.md has it.
const WORST_MIB: f64 = 150.0 + 180.0;

pub(crate) const HELD_BY_HUNG_WEBHOOKS: Case = Case {
    name: "200 events of 900 KB to 32 hung webhooks",
    in_short: true,
    run: |plan| {
        let bed = Bed::configured(1, |plugin| {
            let webhooks: Vec<_> = (0..32)
                .map(|n| json!({"name": format!("w{n}"), "url": "http://crm:8080/in", "cluster": "crm"}))
                .collect();
            plugin["webhooks"] = json!(webhooks);
        });
        bed.crm.set(Reply::silence());
        let (time, patience) = (plan.lasts(10), Duration::from_secs(28));
        let filling = "x".repeat(900_000);
        let outcomes = at_rate(bed.address(), 200, time, patience, |n| {
            let event = json!({"event": "a", "properties": {
                "distinct_id": "d", "$insert_id": n.to_string(), "x": filling,
            }});
            Request::post("/track", event.to_string()).to_bytes()
        });
        let mut measures = Measures::default();
        let other = outcomes
            .iter()
            .filter(|one| one.status != Some(503))
            .count();
        measures.none("answers other than 503", other);
        let peak = bed.envoy.peak_resident_bytes().unwrap() >> 20;
        measures.at_most("worst case in the manual", peak as f64, WORST_MIB, "MiB");
        bed.judge_envoy(&mut measures);
        measures
    },
};
