//! A monitor beside a collector in one VM: what it serves, and what the collector has of it.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{json, Value};

use crate::fixtures::{event, payload, track, webhooks};
use crate::host::{Answer, Call, Host, Request, RootId};
use crate::host_calls::deliver;

const SECOND: Duration = Duration::from_secs(1);

/// A VM with a collector and the monitor that shows it.
struct Vm {
    host: Host,
    collector: RootId,
    monitor: RootId,
}

impl Vm {
    /// The webhook asks for a minute before the next try.
    fn put_off(&mut self, call: &Call) {
        let headers: [(&str, &[u8]); 3] = [
            (":status", b"429"),
            ("retry-after", b"60"),
            ("x-envoy-upstream-service-time", b"1"),
        ];
        self.host.end(call, &headers);
    }

    fn with(configuration: &Value) -> Self {
        let mut host = Host::with(configuration);
        let collector = host.root();
        host.set_plugin_name("monitor");
        assert!(host.configure(r#"{"monitor": {"of": "webhooks"}}"#));
        let monitor = host.root();
        Self {
            host,
            collector,
            monitor,
        }
    }

    /// A request to the collector.
    fn collect(&mut self, request: &Request) -> Vec<Call> {
        self.host.select(self.collector);
        self.host.collect(request);
        self.host.calls()
    }

    /// A request to the monitor.
    fn ask(&mut self, request: Request) -> Option<Answer> {
        self.host.select(self.monitor);
        let stream = self.host.collect(&local(request));
        self.host.answer(stream)
    }

    fn get(&mut self, path: &str) -> Value {
        let answer = self.ask(Request::new("GET", path)).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        serde_json::from_str(answer.text()).unwrap()
    }

    fn records(&mut self) -> Vec<Value> {
        self.get("/api/v1/records")["records"]
            .as_array()
            .unwrap()
            .clone()
    }
}

fn local(mut request: Request) -> Request {
    request.head.retain(|(name, _)| name != ":authority");
    request.header(":authority", "localhost:9902")
}

fn action(path: &str, body: &Value) -> Request {
    Request::post(path, body.to_string())
        .header("content-type", "application/json")
        .header("x-freshpaint-monitor", "1")
}

/// Some members of each record.
fn told(records: &[Value], members: &[&str]) -> Vec<Value> {
    let tell = |record: &Value| {
        members
            .iter()
            .map(|member| record[*member].clone())
            .collect()
    };
    records.iter().map(tell).collect()
}

#[test]
fn each_attempt_is_a_record_while_somebody_looks() {
    let mut vm = Vm::with(&webhooks(2));
    assert_eq!(vm.records(), [""; 0]);
    let calls = vm.collect(&track("a"));
    vm.host.advance(Duration::from_millis(7));
    vm.host.respond(&calls[0], 500);
    vm.host.time_out(&calls[1]);
    let records = vm.records();
    assert_eq!(
        told(
            &records,
            &["type", "event", "webhook", "outcome", "attempt", "status", "ms"]
        ),
        [
            json!(["track", "a", "hook_0", "rejected", 1, 500, 7]),
            json!(["track", "a", "hook_1", "timeout", 1, null, 7]),
            json!(["track", "a", null, "held", null, null, null]),
        ]
    );
    // printf %s a | sha256sum
    assert!(records
        .iter()
        .all(|record| record["id"] == "ca978112ca1bbdca"));
    let [failed, held] = [&records[0], &records[2]].map(|record| record["t"].as_u64().unwrap());
    assert_eq!(failed, 1_767_323_045_007);
    let next = records[2]["next"].as_u64().unwrap();
    assert!((held..held + 2_000).contains(&next), "{next}");
}

#[test]
fn the_state_is_that_of_the_webhooks() {
    let mut vm = Vm::with(&webhooks(2));
    vm.get("/api/v1/status");
    let calls = vm.collect(&track("a"));
    vm.host.advance(Duration::from_millis(7));
    vm.host.respond(&calls[0], 503);
    let status = vm.get("/api/v1/status");
    assert_eq!(status["plugin"], "webhooks");
    assert_eq!(status["held"]["events"], 0);
    let [first, second] = [0, 1].map(|index| &status["webhooks"][index]);
    assert_eq!(first["minutes"][14], json!([0, 1]));
    assert_eq!(
        (&first["p50"], &first["breaker"]),
        (&json!(7), &json!("closed"))
    );
    assert_eq!(
        (&second["in_flight"], &second["p50"]),
        (&json!(1), &Value::Null)
    );
    vm.host.respond(&calls[1], 503);
    let status = vm.get("/api/v1/status");
    assert_eq!(
        (&status["held"]["events"], &status["webhooks"][0]["held"]),
        (&json!(1), &json!(1))
    );
}

#[test]
fn nothing_is_recorded_while_nobody_looks_unless_recent_is_set() {
    for (recent, kept) in [(0, 0), (2, 2)] {
        let mut configuration = webhooks(1);
        configuration["observe"] = json!({"recent": recent});
        let mut vm = Vm::with(&configuration);
        for name in ["a", "b", "c"] {
            let calls = vm.collect(&track(name));
            vm.host.respond(&calls[0], 200);
        }
        assert_eq!(vm.records().len(), kept);
        let calls = vm.collect(&track("d"));
        vm.host.respond(&calls[0], 200);
        assert_eq!(vm.records().len(), kept + 1);
        vm.host.advance(15 * SECOND);
        let calls = vm.collect(&track("e"));
        vm.host.respond(&calls[0], 200);
        assert_eq!(vm.records().len(), kept);
    }
}

#[test]
fn an_event_costs_the_same_host_calls_with_a_monitor_watched_or_not_as_without() {
    let mut host = Host::with(&webhooks(2));
    deliver(&mut host, &track("before"));
    host.host_calls();
    deliver(&mut host, &track("a"));
    let without = host.host_calls();
    drop(host);

    let mut vm = Vm::with(&webhooks(2));
    for is_watched in [false, true] {
        vm.host.select(vm.collector);
        deliver(&mut vm.host, &track(&format!("before {is_watched}")));
        if is_watched {
            vm.records();
        }
        vm.host.host_calls();
        vm.host.select(vm.collector);
        deliver(&mut vm.host, &track(&format!("a {is_watched}")));
        assert_eq!(vm.host.host_calls(), without, "watched: {is_watched}");
    }
}

#[test]
fn a_monitor_reads_two_keys_a_second_while_nobody_looks() {
    let mut vm = Vm::with(&webhooks(1));
    vm.host.advance(SECOND);
    vm.host.host_calls();
    vm.host.advance(10 * SECOND);
    let mut calls = vm.host.host_calls();
    calls.retain(|name, _| name.contains("freshpaint.monitor"));
    let each = |name: &str| {
        (
            format!("proxy_get_shared_data freshpaint.monitor.{name}.webhooks"),
            10,
        )
    };
    assert_eq!(calls, ["order", "watched"].map(each).into());
}

#[test]
fn what_is_suppressed_invalid_or_recognised_is_shown_with_its_reason() {
    let mut configuration = webhooks(1);
    configuration["webhooks"][0]["events"] = json!({"deny": ["secret*"]});
    let mut vm = Vm::with(&configuration);
    vm.records();
    vm.collect(&track("secret"));
    let calls = vm.collect(&track("a"));
    vm.host.respond(&calls[0], 200);
    vm.collect(&track("a"));
    vm.collect(&Request::post("/track", json!([{"event": 7}]).to_string()));
    assert_eq!(
        told(&vm.records(), &["event", "webhook", "outcome", "reason"]),
        [
            json!(["secret", "hook_0", "suppressed", "filter"]),
            json!(["secret", null, "filtered", "unwanted"]),
            json!(["a", "hook_0", "delivered", null]),
            json!(["a", null, "duplicate", null]),
            json!([null, null, "invalid", "[0].event is not a string"]),
        ]
    );
}

/// Else somebody whose SDK sends broken JSON would look at an empty page.
#[test]
fn a_request_that_cannot_be_read_is_shown_without_a_word_of_it() {
    let mut vm = Vm::with(&webhooks(1));
    assert_eq!(vm.records(), [""; 0]);
    let many = format!("{{\"batch\":[{}0]}}", "0,".repeat(3_000));
    for (path, body, encoding) in [
        ("/track", "flu", "identity"),
        ("/v1/batch", many.as_str(), "identity"),
        ("/track", "flu", "compress"),
    ] {
        let request = Request::post(path, body.to_owned()).header("content-encoding", encoding);
        assert_eq!(vm.collect(&request), []);
    }
    let records = vm.records();
    assert_eq!(
        told(&records, &["type", "id", "outcome", "reason"]),
        [
            json!([null, null, "refused", "request not readable"]),
            json!([null, null, "refused", "request too large"]),
            json!([null, null, "refused", "unknown encoding"]),
        ]
    );
}

#[test]
fn kept_events_are_retried_when_somebody_asks() {
    for asked in [
        json!({}),
        json!({"webhook": "hook_0"}),
        json!({"id": "ca978112ca1bbdca"}),
    ] {
        let mut vm = Vm::with(&webhooks(1));
        let calls = vm.collect(&track("a"));
        vm.put_off(&calls[0]);
        vm.host.advance(5 * SECOND);
        assert_eq!(vm.host.calls(), []);
        let answer = vm.ask(action("/api/v1/retry", &asked)).unwrap();
        assert_eq!(answer.status, 202, "{}", answer.text());
        vm.host.advance(2 * SECOND);
        let again = vm.host.call();
        assert_eq!(again.text(), payload("a"));
        vm.host.respond(&again, 200);
        assert_eq!(vm.host.count("held.outcome.delivered"), 1);
    }
}

#[test]
fn an_order_for_others_leaves_an_event_alone() {
    let mut vm = Vm::with(&webhooks(1));
    let calls = vm.collect(&track("a"));
    vm.put_off(&calls[0]);
    let answer = vm
        .ask(action("/api/v1/retry", &json!({"webhook": "nobody"})))
        .unwrap();
    assert_eq!(answer.status, 404);
    vm.ask(action("/api/v1/retry", &json!({"id": "0000000000000000"})));
    vm.host.advance(5 * SECOND);
    assert_eq!(vm.host.calls(), []);
}

#[test]
fn the_tester_shows_what_each_webhook_would_get_and_sends_nothing() {
    let mut configuration = webhooks(3);
    configuration["webhooks"][1]["properties"] = json!({"deny": ["properties.customProp"]});
    configuration["webhooks"][2]["events"] = json!({"deny": ["a"]});
    let mut vm = Vm::with(&configuration);
    let body = event("a").to_string();
    let test = json!({"path": "/track", "body": body});
    let answer = vm.ask(action("/api/v1/test", &test)).unwrap();
    let shown: Value = serde_json::from_str(answer.text()).unwrap();
    let without = payload("a").replace(r#""customProp":42"#, "");
    assert_eq!(
        shown,
        json!({
            "delivered": false,
            "reply": {"status": 200, "body": "1"},
            "events": [{
                "index": 0, "id": "ca978112ca1bbdca", "type": "track", "outcome": "sent",
                "webhooks": [
                    {"webhook": "hook_0", "body": payload("a")},
                    {"webhook": "hook_1", "body": without},
                    {"webhook": "hook_2", "reason": "events: its type or its name is left out"},
                ],
            }],
        })
    );
    assert_eq!(vm.host.calls(), []);
    assert_eq!(vm.host.counts().len(), 0);
    for (path, body, status, reply) in [
        ("/track", "{", 200, "The body is not JSON"),
        ("/other", "{}", 422, "No SDK that is on sends to this path"),
        (
            "/v1/batch",
            r#"{"batch":[{"type":"nope"}]}"#,
            200,
            "invalid",
        ),
    ] {
        let test = json!({"path": path, "body": body, "deliver": true});
        let answer = vm.ask(action("/api/v1/test", &test)).unwrap();
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.text().contains(reply), "{}", answer.text());
    }
    assert_eq!(vm.host.calls(), []);
}

#[test]
fn a_test_that_is_delivered_says_what_the_sdk_got() {
    for (code, status) in [(200, 200), (503, 503)] {
        let mut vm = Vm::with(&webhooks(1));
        vm.host.select(vm.monitor);
        let body = event("a").to_string();
        let test = json!({"path": "/track", "body": body, "deliver": true});
        let stream = vm.host.collect(&local(action("/api/v1/test", &test)));
        assert_eq!(vm.host.answer(stream), None);
        let call = vm.host.call();
        assert_eq!(call.text(), payload("a"));
        vm.host.respond(&call, code);
        let shown: Value = serde_json::from_str(vm.host.answer(stream).unwrap().text()).unwrap();
        assert_eq!(shown["delivered"], true);
        assert_eq!(shown["reply"]["status"], status);
        assert_eq!(shown["events"][0]["webhooks"][0]["body"], payload("a"));
    }
}

#[test]
fn a_tester_who_leaves_costs_nobody_anything() {
    let mut vm = Vm::with(&webhooks(1));
    vm.host.select(vm.monitor);
    let body = event("a").to_string();
    let test = json!({"path": "/track", "body": body, "deliver": true});
    let stream = vm.host.collect(&local(action("/api/v1/test", &test)));
    let call = vm.host.call();
    vm.host.leave(stream);
    vm.host.respond(&call, 200);
    assert_eq!(vm.host.count("answers.outcome.abandoned"), 1);
    assert_eq!(vm.host.count("events.type.track.outcome.accepted"), 1);
}

#[test]
fn a_monitor_without_its_collector_says_what_is_wrong() {
    let mut host = Host::start();
    host.set_plugin_name("monitor");
    assert!(host.configure(r#"{"monitor": {"of": "webhooks"}}"#));
    let stream = host.collect(&local(Request::new("GET", "/api/v1/status")));
    let answer = host.answer(stream).unwrap();
    assert_eq!(answer.status, 503);
    assert!(
        answer.text().contains("finds no filter named"),
        "{}",
        answer.text()
    );
    let stream = host.collect(&local(Request::new("GET", "/")));
    assert_eq!(host.status(stream), Some(200));
}

#[test]
fn a_new_configuration_of_the_collector_is_shown_at_once() {
    let mut vm = Vm::with(&webhooks(1));
    let calls = vm.collect(&track("a"));
    vm.host.respond(&calls[0], 200);
    vm.get("/api/v1/status");
    vm.host.set_plugin_name("webhooks");
    assert!(vm.host.configure(webhooks(2).to_string()));
    let old = std::mem::replace(&mut vm.collector, vm.host.root());
    assert!(vm.host.retire(old));
    let status = vm.get("/api/v1/status");
    assert_eq!(status["webhooks"].as_array().unwrap().len(), 2);
    let calls = vm.collect(&track("b"));
    vm.host.respond(&calls[0], 200);
    assert_eq!(vm.records().len(), 1);
}

#[test]
fn a_body_over_the_limit_is_refused() {
    let mut vm = Vm::with(&webhooks(1));
    let long = Request::post("/api/v1/test", vec![b' '; 300_000])
        .header("content-type", "application/json")
        .header("x-freshpaint-monitor", "1")
        .in_pieces_of(50_000);
    assert_eq!(vm.ask(long).unwrap().status, 413);
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..60)
}

fn one_of(known: &[&str]) -> impl Strategy<Value = Vec<u8>> {
    let known: Vec<_> = known
        .iter()
        .map(|known| known.as_bytes().to_vec())
        .collect();
    prop_oneof![3 => prop::sample::select(known), 1 => bytes()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..Default::default() })]

    /// Whatever is asked, it is answered, and the collector has no call and no count of it.
    #[test]
    fn bad_input_gets_a_status_and_never_touches_collection(
        method in one_of(&["GET", "POST", "HEAD", "OPTIONS", "DELETE"]),
        path in one_of(&[
            "/", "/monitor.js", "/api/v1/status", "/api/v1/records?after=1:5,x", "/api/v1/retry",
            "/api/v1/test", "/track", "/api/v1/records?after=99999999999999999999:1",
        ]),
        host in one_of(&["localhost:9902", "127.0.0.1", "[::1]:9902", "evil.test"]),
        content_type in one_of(&["application/json", "text/plain"]),
        header in one_of(&["1", "0"]),
        body in one_of(&[
            "{}", "[]", r#"{"webhook":"hook_0"}"#, r#"{"path":"/track","body":"{}"}"#,
            r#"{"path":"/track","body":"\ud800","deliver":true}"#, r#"{"path":7}"#, "{",
        ]),
    ) {
        let mut vm = Vm::with(&webhooks(1));
        let mut request = Request::new(method, path)
            .header("content-type", content_type)
            .header("x-freshpaint-monitor", header)
            .pieces(vec![body]);
        request.head.retain(|(name, _)| name != ":authority");
        let request = request.header(":authority", host);
        vm.host.select(vm.monitor);
        let stream = vm.host.collect(&request);
        let status = vm.host.status(stream);
        prop_assert!(status.is_some_and(|status| (200..500).contains(&status)), "{status:?}");
        prop_assert_eq!(vm.host.calls(), []);
        prop_assert!(vm.host.counts().is_empty(), "{:?}", vm.host.counts());
    }
}
