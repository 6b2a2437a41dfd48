//! Actions of people on the live page: try again, and test an event.

use proxy_wasm::types::Status;
use serde_json::{json, Value};

use super::{action, local, Vm, SECOND};
use crate::fixtures::{event, payload, track, webhooks};

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

/// The reply is sent in the same callback that sets the collector's timer.
#[test]
fn an_event_that_is_tested_and_kept_is_tried_again() {
    let mut vm = Vm::with(&webhooks(1));
    for call in vm.collect(&track("before")) {
        vm.host.respond(&call, 200);
    }
    vm.host.advance(10 * SECOND);
    vm.host.refuse_calls("cluster_0", Status::BadArgument);
    vm.host.select(vm.monitor);
    let body = event("a").to_string();
    let test = json!({"path": "/track", "body": body, "deliver": true});
    let stream = vm.host.collect(&local(action("/api/v1/test", &test)));
    let shown: Value = serde_json::from_str(vm.host.answer(stream).unwrap().text()).unwrap();
    assert_eq!(shown["reply"]["status"], 503);
    let failed = "attempts.webhook.hook_0.outcome.not_sent.status_class.none";
    assert_eq!(vm.host.count(failed), 1);
    vm.host.advance(2 * SECOND);
    assert_eq!(vm.host.count(failed), 2);
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
