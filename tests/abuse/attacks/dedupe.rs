//! As many events as a worker takes, and all of them once more.

use crate::bed::Bed;
use crate::http1::at_rate;
use crate::table::Case;
use freshpaint_harness::Request;
use serde_json::json;
use std::time::Duration;

/// Events of one request.
const BATCH: usize = 100;

pub(crate) const SENT_AGAIN: Case = Case {
    name: "400,000 events at 8,000/s, sent again",
    in_short: false,
    run: |plan| {
        let bed = Bed::configured(2, |plugin| {
            plugin["webhooks"].as_array_mut().unwrap().truncate(1);
        });
        let batches = plan.either(4_000, 100);
        let time = plan.either(plan.lasts(50), Duration::from_secs(3));
        let patience = Duration::from_secs(28);
        let send = || {
            at_rate(bed.address(), batches, time, patience, |n| {
                batch(n).to_bytes()
            })
            .iter()
            .filter(|one| one.status != Some(200))
            .count()
        };
        let failed = send();
        let first = bed.crm.count();
        let failed_again = send();
        let again = bed.crm.count() - first;
        let mut measures = crate::table::Measures::default();
        measures.none("not taken", failed + failed_again);
        let doubled = 100.0 * again as f64 / first.max(1) as f64;
        measures.at_most("doubled", doubled, 0.5, "%");
        bed.judge_envoy(&mut measures);
        measures
    },
};

fn batch(index: usize) -> Request {
    let events: Vec<_> = (0..BATCH)
        .map(|n| json!({"type": "track", "event": "a", "messageId": format!("{index}-{n}"), "userId": "u"}))
        .collect();
    Request::post("/v1/batch", json!({"batch": events}).to_string())
        .header("content-type", "application/json")
}
