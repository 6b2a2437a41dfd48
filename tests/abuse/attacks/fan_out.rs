//! As many calls as one request can ask for, watched until the last of them has ended.

use super::stalls::Worker;
use crate::bed::Bed;
use crate::table::{millis, quantile, Case, Measures};
use freshpaint_harness::receiver::status;
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Connection, Request};
use serde_json::{json, Value};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const WEBHOOKS: usize = 32;
/// The longest that the worker may do nothing else.
pub(super) const MOST_STALL: Duration = Duration::from_millis(100);
/// How long it takes all calls to end, at the most.
const PATIENCE: Duration = Duration::from_secs(40);

pub(crate) const WATCHED: Case = Case {
    name: "2,500 events to 32 webhooks, until the last call",
    in_short: true,
    run: |plan| fan_out(plan.either(2_500, 1_000), |_| {}),
};

pub(crate) const IN_ONE_MOMENT: Case = Case {
    name: "events to 32 webhooks that answer all at once, each second",
    in_short: true,
    run: |plan| {
        fan_out(plan.either(500, 100), |bed| {
            let start = Instant::now();
            for receiver in [&bed.crm, &bed.warehouse] {
                receiver.decide(move |_, _| {
                    let into_second = start.elapsed().subsec_nanos();
                    let left = Duration::from_secs(1) - Duration::from_nanos(into_second.into());
                    status(200).after(left)
                });
            }
        })
    },
};

fn fan_out(events: usize, prepare: impl FnOnce(&Bed)) -> Measures {
    let bed = Bed::configured(1, |plugin| {
        plugin["webhooks"] = (0..WEBHOOKS).map(webhook).collect();
    });
    prepare(&bed);
    let before = bed.crm.count() + bed.warehouse.count();
    let is_over = AtomicBool::new(false);
    let (is_finished, mut stalls) = thread::scope(|scope| {
        let watch = scope.spawn(|| stalls(&bed, &is_over));
        let mut connection = Connection::open(bed.address()).unwrap();
        connection.send(&request(events).to_bytes()).unwrap();
        // On a slow machine some events come back with 503, and are tried again.
        let answer = connection.response_within(PATIENCE);
        let all = poll(PATIENCE, || {
            let metrics = bed.envoy.metrics().ok()?;
            let deliveries = metrics
                .iter()
                .filter(|(name, _)| name.starts_with("deliveries.webhook.w"));
            let ended: u64 = deliveries.map(|(_, count)| count).sum();
            (ended >= (events * WEBHOOKS) as u64).then_some(())
        });
        is_over.store(true, Ordering::Relaxed);
        (answer.is_ok() && all.is_some(), watch.join().unwrap())
    });
    let calls = bed.crm.count() + bed.warehouse.count() - before;
    let mut measures = Measures::default();
    measures.none("unfinished", usize::from(!is_finished));
    let most = (events * WEBHOOKS) as f64;
    measures.at_least("calls", calls as f64, most / 2.0, "");
    let longest = millis(quantile(&mut stalls, 1.0));
    measures.at_most("longest turn", longest, millis(MOST_STALL), "ms");
    bed.judge_envoy(&mut measures);
    measures
}

/// The work beside each page that was asked for meanwhile.
pub(super) fn stalls(bed: &Bed, is_over: &AtomicBool) -> Vec<Duration> {
    let worker = Worker::of(bed);
    // Envoy answers this one itself, in the worker and behind the module.
    let page = Request::get("/healthz");
    let mut connection = Connection::open(bed.address()).unwrap();
    let mut stalls = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let before = worker.has_run();
        let sent = connection.send(&page.to_bytes());
        let answer = sent.and_then(|()| connection.response_within(PATIENCE));
        assert_eq!(answer.unwrap().status, 200);
        stalls.push(worker.has_run().saturating_sub(before));
        thread::sleep(Duration::from_millis(1));
    }
    stalls
}

fn webhook(n: usize) -> Value {
    let cluster = ["crm", "warehouse"][n % 2];
    json!({"name": format!("w{n}"), "url": format!("http://{cluster}:8080/in"), "cluster": cluster})
}

fn request(events: usize) -> Request {
    let event = |n| {
        json!({"type": "track", "event": "a", "anonymousId": "d", "messageId": format!("fan-{n}"),
            "properties": {"plan": "pro", "coupon": "x".repeat(200)}})
    };
    let events: Vec<_> = (0..events).map(event).collect();
    Request::post("/v1/batch", json!({"batch": events}).to_string())
}
