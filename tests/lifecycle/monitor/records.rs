//! The fate of events, as the monitor shows it.

use std::time::Duration;

use serde_json::{json, Value};

use super::{told, Vm, SECOND};
use crate::fixtures::{track, webhooks};
use crate::host::{Host, Request};
use crate::host_calls::deliver;

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
fn events_that_are_suppressed_invalid_or_recognised_are_shown_with_their_reason() {
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
