//! The live page of a real Envoy: whichever worker serves it, it shows what all of them do.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use freshpaint_harness::receiver::status;
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Request, Response};
use serde_json::{json, Value};

use crate::support::{fresh_id, track, Bed, Setup, SOON};

fn setup(hooks: &[&str], workers: u32) -> Setup {
    let mut setup = Setup::new(hooks).workers(workers);
    setup.config.monitor = Some(json!({"of": "freshpaint_webhooks", "hosts": ["collect.test"]}));
    setup
}

/// Each request is a connection of its own, which the kernel gives to one of the workers.
fn ask(bed: &Bed, request: &Request) -> Response {
    let sent = request.send(bed.envoy.monitor());
    sent.unwrap_or_else(|error| panic!("{error:#}\n{}", bed.envoy.log()))
}

fn get(bed: &Bed, path: &str) -> Value {
    let answer = ask(bed, &Request::get(path));
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_str(&answer.text()).unwrap()
}

fn action(path: &str, body: &Value) -> Request {
    Request::post(path, body.to_string())
        .header("content-type", "application/json")
        .header("x-freshpaint-monitor", "1")
}

/// A page that asks again and again, and keeps what it gets.
#[derive(Default)]
struct Page {
    cursor: String,
    records: Vec<Value>,
}

impl Page {
    fn refresh(&mut self, bed: &Bed) {
        let answer = get(bed, &format!("/api/v1/records?after={}", self.cursor));
        self.cursor = answer["cursor"].as_str().unwrap().to_owned();
        self.records
            .extend(answer["records"].as_array().unwrap().clone());
        assert_eq!(
            (&answer["missed"], &answer["sampled"]),
            (&json!(0), &json!(0))
        );
    }

    /// Refreshes until it has this many records that satisfy `is_it`.
    fn wait_for(&mut self, bed: &Bed, count: usize, is_it: impl Fn(&Value) -> bool) {
        let found = poll(SOON, || {
            self.refresh(bed);
            (self.records.iter().filter(|record| is_it(record)).count() >= count).then_some(())
        });
        assert!(found.is_some(), "{:#?}\n{}", self.records, bed.envoy.log());
    }
}

#[test]
fn every_delivery_is_shown_once_whichever_worker_serves() {
    for workers in [2, 4] {
        let setup = setup(&["crm", "cdp"], workers).with("observe", json!({"recent": 1000}));
        let bed = setup.start();
        let mut page = Page::default();
        for _ in 0..40 {
            let (_, request) = track();
            assert_eq!(bed.send(&request).status, 200);
        }
        page.wait_for(&bed, 80, |record| record["outcome"] == "delivered");
        page.refresh(&bed);
        let mut shown = BTreeMap::<(String, String), usize>::new();
        for record in &page.records {
            let text = |key: &str| record[key].as_str().unwrap().to_owned();
            *shown.entry((text("id"), text("webhook"))).or_default() += 1;
            assert_eq!(
                (&record["status"], &record["attempt"]),
                (&json!(200), &json!(1))
            );
        }
        assert_eq!((shown.len(), page.records.len()), (80, 80));
        let of: BTreeSet<_> = page
            .records
            .iter()
            .map(|record| record["w"].as_u64())
            .collect();
        assert!(of.len() > 1, "all events went to one of {workers} workers");
        // One for each worker and for the main thread, and the base that they are copies of.
        let vms = bed.envoy.stat("wasm.envoy.wasm.runtime.v8.active").unwrap();
        assert_eq!(
            vms,
            u64::from(workers) + 2,
            "the monitor shares the collector's"
        );
    }
}

#[test]
fn a_page_that_is_opened_sees_what_happens_from_then_on() {
    let bed = setup(&["crm"], 2).start();
    let mut page = Page::default();
    page.refresh(&bed);
    assert_eq!(page.records, [""; 0], "nothing was recorded before");
    let opened = Instant::now();
    let seen = poll(SOON, || {
        bed.track();
        page.refresh(&bed);
        (!page.records.is_empty()).then(|| opened.elapsed())
    });
    assert!(
        seen.is_some_and(|after| after < Duration::from_secs(10)),
        "{seen:?}"
    );
    let state = get(&bed, "/api/v1/status");
    assert_eq!(state["webhooks"][0]["name"], "crm");
}

#[test]
fn every_worker_retries_what_it_keeps_when_somebody_asks() {
    let setup = setup(&["crm"], 4).with("retry", json!({"window": "600s"}));
    let bed = setup.start();
    bed.hook("crm")
        .set(status(429).header("retry-after", "300"));
    for _ in 0..12 {
        assert_eq!(bed.track().1.status, 503);
    }
    let failed = bed.hook("crm").wait_for(12, SOON).unwrap().len();
    bed.hook("crm").set(status(200));
    let held = || get(&bed, "/api/v1/status")["held"]["events"].clone();
    assert!(
        poll(SOON, || (held() == 12).then_some(())).is_some(),
        "{}",
        held()
    );
    let answer = ask(&bed, &action("/api/v1/retry", &json!({"webhook": "crm"})));
    assert_eq!(answer.status, 202, "{}", answer.text());
    bed.hook("crm").wait_for(failed + 12, SOON).unwrap();
    assert!(
        poll(SOON, || (held() == 0).then_some(())).is_some(),
        "{}",
        held()
    );
}

#[test]
fn the_tester_delivers_when_it_is_asked_to() {
    let bed = setup(&["crm"], 2).start();
    let id = fresh_id();
    let event = json!({"event": "a", "properties": {"distinct_id": "d", "$insert_id": id, "n": 1}});
    let mut test = json!({"path": "/track", "body": event.to_string()});
    let shown = ask(&bed, &action("/api/v1/test", &test)).text();
    test["deliver"] = json!(true);
    let delivered = ask(&bed, &action("/api/v1/test", &test)).text();
    let [shown, delivered]: [Value; 2] =
        [shown, delivered].map(|text| serde_json::from_str(&text).unwrap());
    let got = bed.only("crm");
    let payload = String::from_utf8(got.body).unwrap();
    for (answer, was_delivered) in [(shown, false), (delivered, true)] {
        assert_eq!(answer["delivered"], was_delivered);
        assert_eq!(answer["reply"], json!({"status": 200, "body": "1"}));
        let sent = answer["events"][0]["webhooks"][0]["body"].as_str().unwrap();
        let without_time = |text: &str| {
            let mut payload: Value = serde_json::from_str(text).unwrap();
            payload["timestamp"].take();
            payload
        };
        assert_eq!(without_time(sent), without_time(&payload));
    }
}

#[test]
fn a_wrong_request_gets_a_clear_status_and_collection_goes_on() {
    let bed = setup(&["crm"], 1).start();
    let long = "x".repeat(300_000);
    for (request, status) in [
        (Request::get("/"), 200),
        (Request::get("/nothing"), 404),
        (Request::get("/../../etc/passwd"), 404),
        (Request::post("/track", "{}"), 404),
        (Request::new("DELETE", "/api/v1/status"), 405),
        (Request::new("OPTIONS", "/api/v1/retry"), 405),
        (Request::get("/api/v1/retry"), 405),
        (Request::post("/api/v1/retry", "{}"), 403),
        (
            Request::post("/api/v1/retry", "{}").header("x-freshpaint-monitor", "1"),
            415,
        ),
        (action("/api/v1/retry", &json!([])), 400),
        (
            action("/api/v1/test", &json!({"path": "/track", "body": 7})),
            400,
        ),
        (
            action("/api/v1/test", &json!({"path": "/track", "body": long})),
            413,
        ),
        (
            Request::get("/").header("accept-encoding", b"\xff\xfe".to_vec()),
            200,
        ),
        (Request::get("/api/v1/records?after=%00,:,1:x,9:9"), 200),
    ] {
        let answer = ask(&bed, &request);
        assert_eq!(answer.status, status, "{request:?}: {}", answer.text());
        assert_eq!(
            answer.header("cache-control"),
            Some("no-store"),
            "{request:?}"
        );
    }
    bed.assert_metrics(&[]);
    assert_eq!(bed.track().1.status, 200);
}
