//! Webhooks with `batch`: what arrives in one call, and what becomes of each event in it.

use crate::support::{assert_retry, fresh_id, track, Bed, Setup, SOON};
use freshpaint_harness::receiver::status;
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Gate, Recorded, Request, Response};
use serde_json::json;
use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

/// A request of Segment's SDKs with these events.
fn request(events: &[String]) -> Request {
    let body = format!(r#"{{"batch":[{}]}}"#, events.join(","));
    Request::post("/v1/batch", body).header("content-type", "application/json")
}

/// An event as it is sent, with a line break and a number that no double holds.
fn sent(id: &str, context: &str) -> String {
    format!(
        "{{\"type\":\"track\",\"event\":\"a\",\"messageId\":\"{id}\",\"userId\":\"u\",\
         \"timestamp\":\"2022-12-28T21:16:50Z\",\"context\":{context},\
         \"properties\":{{\"n\":1.50e400,\n\"note\":\"\\n\"}}}}"
    )
}

/// The payload of that event; `properties` as they are.
fn payload(id: &str, properties: &str) -> String {
    format!(
        "{{\"event\":\"a\",\"type\":\"track\",\"timestamp\":\"2022-12-28T21:16:50Z\",\
         \"messageId\":\"{id}\",\"anonymousId\":\"u\",\"userId\":\"u\",\"context\":{{\"page\":null}},\
         \"properties\":{properties}}}"
    )
}

fn ids(count: usize) -> Vec<String> {
    (0..count).map(|_| fresh_id()).collect()
}

fn text(request: &Recorded) -> String {
    String::from_utf8(request.body.clone()).unwrap()
}

#[track_caller]
fn assert_success(answer: &Response) {
    assert_eq!(
        (answer.status, &*answer.text()),
        (200, r#"{"success":true}"#)
    );
}

/// The ids of the events in a call; no parser would hold the number.
fn ids_in(request: &Recorded) -> Vec<String> {
    let body = text(request);
    let rests = body.split(r#""messageId":""#).skip(1);
    let ids = rests.map(|rest| rest.split('"').next().unwrap().to_owned());
    ids.collect()
}

/// Waits until so many events have come to a webhook.
fn wait_for_events(bed: &Bed, name: &str, count: usize) -> Vec<Recorded> {
    let enough = |requests: &[Recorded]| {
        requests.iter().map(|one| ids_in(one).len()).sum::<usize>() >= count
    };
    bed.hook(name).wait_until(SOON, enough).unwrap()
}

#[test]
fn a_request_of_twenty_events_is_one_call_in_either_format() {
    let bed = Setup::new(&["crm", "lake", "single"])
        .with_webhook(0, "batch", json!({}))
        .with_webhook(1, "batch", json!({"format": "ndjson"}))
        .start();
    let ids = ids(20);
    let events: Vec<_> = ids.iter().map(|id| sent(id, "{}")).collect();
    assert_success(&bed.send(&request(&events)));
    let all = |properties: &str| {
        ids.iter()
            .map(|id| payload(id, properties))
            .collect::<Vec<_>>()
    };

    let whole = all("{\"n\":1.50e400,\n\"note\":\"\\n\"}");
    let crm = bed.only("crm");
    assert_eq!(crm.header("content-type"), Some("application/json"));
    assert_eq!(text(&crm), format!("[{}]", whole.join(",")));

    let lake = bed.only("lake");
    assert_eq!(lake.header("content-type"), Some("application/x-ndjson"));
    let lines = all("{\"n\":1.50e400, \"note\":\"\\n\"}");
    assert_eq!(text(&lake), lines.join("\n") + "\n");

    let single = bed.hook("single").wait_for(20, SOON).unwrap();
    let bodies: BTreeSet<_> = single.iter().map(text).collect();
    assert_eq!(bodies, whole.into_iter().collect());
    bed.assert_metrics(&[
        ("requests.outcome.accepted", 1),
        ("events.type.track.outcome.accepted", 20),
        ("attempts.webhook.crm.outcome.delivered.status_class.2xx", 1),
        (
            "attempts.webhook.lake.outcome.delivered.status_class.2xx",
            1,
        ),
        (
            "attempts.webhook.single.outcome.delivered.status_class.2xx",
            20,
        ),
        ("batches.webhook.crm", 1),
        ("batches.webhook.lake", 1),
        ("deliveries.webhook.crm.outcome.delivered", 20),
        ("deliveries.webhook.lake.outcome.delivered", 20),
        ("deliveries.webhook.single.outcome.delivered", 20),
    ]);
}

#[test]
fn consent_and_redaction_hold_for_each_event() {
    let bed = Setup::new(&["crm"])
        .with_webhook(0, "batch", json!({"format": "ndjson"}))
        .with_webhook(0, "requires_consent", json!(["ads"]))
        .with_webhook(0, "properties", json!({"deny": ["properties.note"]}))
        .start();
    let ids = ids(3);
    let consent = |granted: bool| json!({"consent": {"categoryPreferences": {"ads": granted}}});
    let events = [true, false, true].map(|granted| consent(granted).to_string());
    let events: Vec<_> = ids
        .iter()
        .zip(&events)
        .map(|(id, context)| sent(id, context))
        .collect();
    assert_success(&bed.send(&request(&events)));
    let lines = [&ids[0], &ids[2]].map(|id| payload(id, "{\"n\":1.50e400}") + "\n");
    assert_eq!(text(&bed.only("crm")), lines.concat());
}

#[test]
fn one_bad_event_costs_its_neighbours_nothing() {
    let bed = Setup::new(&["crm"])
        .with_webhook(0, "batch", json!({}))
        .with(
            "retry",
            json!({"window": "60s", "initial_backoff": "0.1s", "max_refusals": 2}),
        )
        .start();
    let ids = ids(20);
    let poison = ids[13].clone();
    let bad = poison.clone();
    bed.hook("crm").decide(move |request, _| {
        status(if ids_in(request).contains(&bad) {
            422
        } else {
            200
        })
    });
    let events: Vec<_> = ids.iter().map(|id| sent(id, "{}")).collect();
    assert_eq!(bed.send(&request(&events)).status, 503);
    // Sent again, the event is named as refused, and the SDK's queue goes on.
    let answered = poll(SOON, || {
        (bed.send(&request(&events)).status == 200).then_some(())
    });
    assert!(
        answered.is_some(),
        "{:?}\n{}",
        bed.metrics(),
        bed.envoy.log()
    );
    let calls = bed.hook("crm").requests();
    let mut accepted = Vec::new();
    let mut refused_alone = 0;
    for call in &calls {
        let ids = ids_in(call);
        if !ids.contains(&poison) {
            accepted.extend(ids);
        } else if ids.len() == 1 {
            refused_alone += 1;
        }
    }
    accepted.sort();
    let mut expected: Vec<_> = ids.into_iter().filter(|id| *id != poison).collect();
    expected.sort();
    assert_eq!(accepted, expected);
    // 20, 10, 5, 3, 2 and 1, and once more in the round that gives it up.
    assert_eq!(refused_alone, 2, "{calls:?}");
    assert!(calls.len() <= 12, "{}", calls.len());
}

#[test]
fn a_failure_fails_all_and_the_module_tries_them_again_together() {
    let bed = Setup::new(&["crm"])
        .with_webhook(0, "batch", json!({}))
        .with("retry", json!({"window": "60s", "initial_backoff": "0.1s"}))
        .start();
    bed.hook("crm")
        .decide(|_, before| status(if before == 0 { 503 } else { 200 }));
    let ids = ids(10);
    let events: Vec<_> = ids.iter().map(|id| sent(id, "{}")).collect();
    assert_eq!(bed.send(&request(&events)).status, 503);
    let calls = wait_for_events(&bed, "crm", 20);
    assert_eq!(calls.len(), 2);
    let [first, mut second] = [ids_in(&calls[0]), ids_in(&calls[1])];
    second.sort();
    assert_eq!(first, ids);
    assert_eq!(second, {
        let mut ids = ids;
        ids.sort();
        ids
    });
}

#[test]
fn under_load_events_of_several_requests_share_calls_and_none_is_lost() {
    let bed = Setup::new(&["crm"])
        .with_webhook(0, "batch", json!({"max_events": 5}))
        .with("limits", json!({"max_in_flight_per_webhook": 1}))
        .start();
    // The first call is answered once all clients have sent, however long that takes them.
    let gate = Gate::closed();
    bed.hook("crm").set(status(200).behind(&gate));
    let sent: BTreeSet<_> = thread::scope(|scope| {
        let clients: Vec<_> = (0..24).map(|_| scope.spawn(|| bed.track())).collect();
        let active = "http.collect.downstream_rq_active";
        bed.envoy.wait_for_stat(active, 24, SOON).unwrap();
        gate.open();
        let answers = clients.into_iter().map(|client| client.join().unwrap());
        let ids = answers.map(|(id, answer)| {
            assert_eq!(answer.status, 200, "{}", answer.text());
            id
        });
        ids.collect()
    });
    let calls = wait_for_events(&bed, "crm", sent.len());
    let arrived: Vec<_> = calls.iter().flat_map(ids_in).collect();
    assert_eq!(arrived.len(), sent.len());
    assert_eq!(arrived.into_iter().collect::<BTreeSet<_>>(), sent);
    assert!(calls.iter().all(|call| ids_in(call).len() <= 5));
    assert!(calls.len() < 12, "{} calls", calls.len());
}

#[test]
fn an_event_that_waits_for_others_is_sent_when_its_time_is_up() {
    let bed = Setup::new(&["crm"])
        .with_webhook(0, "batch", json!({"max_wait": "0.4s"}))
        .start();
    let begun = std::time::Instant::now();
    let (id, answer) = bed.track();
    assert_eq!(answer.status, 200);
    assert!(
        begun.elapsed() >= Duration::from_millis(390),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(ids_in(&bed.only("crm")), [id]);
}

#[test]
fn a_call_that_times_out_fails_each_of_its_events() {
    let bed = Setup::new(&["crm"])
        .with_webhook(0, "batch", json!({}))
        .with_webhook(0, "timeout", json!("0.3s"))
        .start();
    bed.hook("crm").set(status(200).after(SOON));
    assert_retry(&bed.send(&track().1));
    bed.assert_metrics(&[
        ("requests.outcome.retry", 1),
        ("events.type.track.outcome.failed", 1),
        ("attempts.webhook.crm.outcome.timeout.status_class.none", 1),
        ("deliveries.webhook.crm.outcome.timeout", 1),
    ]);
}
