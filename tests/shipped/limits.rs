//! The limits that keep clients and webhooks from taking all resources.
//!
//! A limit that takes long to reach is lowered, which only what the file sets can be.

use crate::{start, track};
use freshpaint_harness::receiver::status;
use freshpaint_harness::shipped::{trust_store, Shipped};
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Connection, Envoy, Receiver, Request};
use serde_json::{json, Value};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// The pointer of what one of the two files sets in its connection manager.
fn manager(rest: &str) -> String {
    format!("/static_resources/listeners/0/filter_chains/0/filters/0/typed_config{rest}")
}

/// Each shipped file that clients meet, with its webhook or collector led to `receiver`.
fn files(receiver: &Receiver) -> [(&'static str, Value); 2] {
    let mut collector = Shipped::load().unwrap();
    collector.trust(&trust_store().unwrap()).unwrap();
    collector.configuration().unwrap()["webhooks"]
        .as_array_mut()
        .unwrap()
        .truncate(1);
    collector.lead("crm", receiver.address()).unwrap();
    collector.add_application(receiver.address()).unwrap();
    let mut fleet = Shipped::fleet().unwrap();
    fleet.lead("collectors", receiver.address()).unwrap();
    [
        ("envoy.yaml", collector.bootstrap().clone()),
        ("fleet.yaml", fleet.bootstrap().clone()),
    ]
}

/// Sets what the file sets to something else, and starts Envoy.
fn lowered(mut bootstrap: Value, pointer: &str, to: Value) -> Envoy {
    let setting = bootstrap.pointer_mut(pointer);
    *setting.unwrap_or_else(|| panic!("{pointer} is not set")) = to;
    start(Shipped::of(bootstrap))
}

/// Waits until the peer closes the connection.
#[track_caller]
fn assert_closed(connection: &mut Connection) {
    let end = connection.response_within(PATIENCE).unwrap_err();
    assert!(
        format!("{end:#}").contains("the connection was closed"),
        "{end:#}"
    );
}

#[test]
fn a_connection_that_says_nothing_is_closed() {
    let receiver = Receiver::start().unwrap();
    for (_, file) in files(&receiver) {
        let pointer = manager("/common_http_protocol_options/idle_timeout");
        let envoy = lowered(file, &pointer, json!("0.2s"));
        let mut connection = Connection::open(envoy.address()).unwrap();
        assert_closed(&mut connection);
    }
}

#[test]
fn a_connection_that_is_old_is_closed_once_it_has_its_answer() {
    let receiver = Receiver::start().unwrap();
    for (_, file) in files(&receiver) {
        let pointer = manager("/common_http_protocol_options/max_connection_duration");
        let envoy = lowered(file, &pointer, json!("2s"));
        let mut connection = Connection::open(envoy.address()).unwrap();
        let page = connection.request(&Request::get("/page")).unwrap();
        assert_eq!(page.status, 200);
        let answers = poll(PATIENCE, || {
            connection
                .request(&Request::get("/page"))
                .is_err()
                .then_some(())
        });
        assert!(answers.is_some(), "the connection is still open");
    }
}

#[test]
fn a_client_that_does_not_read_its_answer_is_not_waited_for() {
    let receiver = Receiver::start().unwrap();
    receiver.set(status(200).body(vec![b'a'; 32 << 20]));
    for (_, file) in files(&receiver) {
        let envoy = lowered(file, &manager("/stream_idle_timeout"), json!("0.5s"));
        let mut connection = Connection::open(envoy.address()).unwrap();
        connection.send(&Request::get("/page").to_bytes()).unwrap();
        let stat = |name: &str| {
            let name = format!("http.(collect|fleet).downstream_rq_{name}");
            let text = envoy
                .ask_admin(&format!("/stats?filter=%5E{name}%24"))
                .ok()?;
            text.trim().rsplit_once(": ")?.1.parse::<u64>().ok()
        };
        let is = |name, value| poll(PATIENCE, || (stat(name)? == value).then_some(()));
        assert!(is("idle_timeout", 1).is_some());
        assert!(is("active", 0).is_some());
    }
}

#[test]
fn connections_over_the_limit_are_turned_away_and_counted() {
    let receiver = Receiver::start().unwrap();
    for (_, file) in files(&receiver) {
        let pointer =
            "/overload_manager/resource_monitors/1/typed_config/max_active_downstream_connections";
        let envoy = lowered(file, pointer, json!(4));
        let mut all: Vec<_> = (0..5)
            .map(|_| Connection::open(envoy.address()).unwrap())
            .collect();
        let is_over = poll(PATIENCE, || {
            let text = envoy
                .ask_admin("/stats?filter=downstream_global_cx_overflow")
                .ok()?;
            text.lines()
                .any(|line| !line.ends_with(": 0"))
                .then_some(())
        });
        assert!(is_over.is_some());
        assert_closed(&mut all[4]);
        assert_eq!(all[0].request(&Request::get("/page")).unwrap().status, 200);
    }
}

#[test]
fn with_next_to_no_memory_left_requests_are_refused() {
    let receiver = Receiver::start().unwrap();
    for (name, mut file) in files(&receiver) {
        let pointer = "/overload_manager/resource_monitors/0/typed_config/max_heap_size_bytes";
        for action in [
            "shrink_heap",
            "reset_high_memory_stream",
            "stop_accepting_requests",
        ] {
            let actions = file.pointer_mut("/overload_manager/actions").unwrap();
            let named = format!("envoy.overload_actions.{action}");
            let all = actions.as_array().unwrap();
            assert!(
                all.iter().any(|one| one["name"] == named.as_str()),
                "{name}: {action}"
            );
        }
        // Envoy itself needs less to begin with, and more than that once it has begun.
        let heap = file.pointer_mut(pointer).unwrap();
        assert!(heap.as_u64().unwrap() >= 256 << 20);
        *heap = json!(1_000_000);
        // Requests are refused as soon as the memory is looked at, however soon that is.
        let envoy = start(Shipped::of(file));
        let page = poll(PATIENCE, || {
            let answer = Request::get("/page").send(envoy.address()).ok()?;
            (answer.status == 503 && answer.text() == "envoy overloaded").then_some(())
        });
        assert!(page.is_some());
    }
}

#[test]
fn an_answer_that_is_too_large_is_no_answer() {
    let receiver = Receiver::start().unwrap();
    let [(_, file), _] = files(&receiver);
    let envoy = start(Shipped::of(file));
    for (size, expected) in [(1 << 20, 200), ((1 << 20) + 1, 503)] {
        receiver.set(status(200).body(vec![b'a'; size]));
        let event = json!({"event": "a", "properties": {"distinct_id": "d", "$insert_id": size.to_string(), "time": 1}});
        let answer = Request::post("/track", event.to_string()).send(envoy.address());
        assert_eq!(answer.unwrap().status, expected, "{size} bytes");
    }
}

#[test]
fn a_webhook_cannot_pass_for_envoy() {
    let receiver = Receiver::start().unwrap();
    let spoof = status(503)
        .header("x-egress-flags", "UF")
        .header("x-egress-details", "TLS_error");
    receiver.set(spoof);
    let [(_, file), _] = files(&receiver);
    let mut shipped = Shipped::of(file);
    // Nothing is kept, so that what is counted is one attempt.
    shipped.configuration().unwrap()["retry"] = json!({"window": "0s"});
    let envoy = start(shipped);
    assert_eq!(track(&envoy, "Signed Up").status, 503);
    let name =
        "wasmcustom.freshpaint_webhooks.attempts.webhook.crm.outcome.rejected.status_class.5xx";
    envoy.wait_for_stat(name, 1, PATIENCE).unwrap();
}
