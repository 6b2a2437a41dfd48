//! Work that is due at a time, and how seldom the timer is touched.

use std::time::Duration;

use serde_json::json;

use crate::fixtures::{payload, track, webhooks, with};
use crate::host::{Host, Request};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_timer_is_not_set_for_each_request() {
    let mut host = Host::with(&webhooks(1));
    let root = host.root();
    for request in 0..1_000 {
        let stream = host.collect(&track(&request.to_string()));
        host.advance(Duration::from_millis(2));
        let call = host.call();
        host.respond(&call, 200);
        assert_eq!(host.status(stream), Some(200));
    }
    // Two seconds: the tick of each second, for counts and gauges, stops the timer and sets it
    // again. Before them, once each, the tick that watches the gauges, and the one that looks
    // whether the first request's body has come.
    assert_eq!(host.ticks_set(root), 10);
}

#[test]
fn a_request_is_answered_within_25_seconds() {
    let limits = json!({"max_in_flight_per_webhook": 1});
    let mut host = Host::with(&with(webhooks(1), "limits", limits));
    let streams: Vec<_> = (0..6)
        .map(|request| host.send(&track(&request.to_string())).0)
        .collect();
    host.turn();
    // One after the other the calls take all of their 5 s. Once less than that is left, the sixth
    // request's turn cannot come any more.
    for stream in &streams[..5] {
        let call = host.call();
        host.advance(5 * SECOND - Duration::from_millis(1));
        assert_eq!(host.answer(*stream), None);
        host.time_out(&call);
        assert_eq!(host.status(*stream), Some(503));
    }
    assert_eq!(host.calls(), []);
    assert_eq!(host.status(streams[5]), Some(503));
}

#[test]
fn a_call_that_the_host_never_ends_is_given_up() {
    let mut host = Host::with(&with(webhooks(1), "retry", json!({"window": "0s"})));
    let stream = host.collect(&track("a"));
    host.advance(9 * SECOND);
    assert_eq!(host.answer(stream), None);
    host.advance(16 * SECOND);
    assert_eq!(host.status(stream), Some(503));
    assert_eq!(host.count("deliveries.webhook.hook_0.outcome.timeout"), 1);
}

#[test]
fn a_kept_event_is_delivered_by_a_tick() {
    let mut host = Host::with(&webhooks(1));
    let stream = host.collect(&track("a"));
    let call = host.call();
    host.respond(&call, 503);
    assert_eq!(host.status(stream), Some(503));
    assert_eq!(host.calls(), []);
    host.advance(2 * SECOND);
    let again = host.call();
    assert_eq!(again.text(), payload("a"));
    host.respond(&again, 200);
    assert_eq!(host.count("held.outcome.kept"), 1);
    assert_eq!(host.count("held.outcome.delivered"), 1);
    assert_eq!(host.count("requests.outcome.retry"), 1);
    host.advance(120 * SECOND);
    assert_eq!(host.calls(), []);
}

#[test]
fn the_timer_stops_when_there_is_nothing_to_wait_for() {
    let mut host = Host::with(&webhooks(1));
    let root = host.root();
    host.collect(&track("a"));
    assert!(host.is_ticking(root));
    let call = host.call();
    host.respond(&call, 200);
    // A timer that is set runs out once more: that is less work than stopping it after each
    // request. After it comes the one that sets the gauges.
    assert_eq!(host.advance(25 * SECOND), 2);
    assert!(!host.is_ticking(root));
    assert_eq!(host.advance(3_600 * SECOND), 0);
}

/// As that of Envoy's main thread, which sets the gauges when a worker has died.
#[test]
fn a_root_without_requests_ticks_every_five_seconds() {
    let mut host = Host::with(&webhooks(1));
    let root = host.root();
    assert!(host.is_ticking(root));
    assert_eq!(host.advance(60 * SECOND), 12);
    host.collect(&Request::post("/other", "body"));
    assert_eq!(host.advance(60 * SECOND), 1);
    assert!(!host.is_ticking(root));
}

#[test]
fn the_wall_clock_may_jump() {
    let mut host = Host::with(&webhooks(1));
    let stream = host.collect(&track("a"));
    host.set_wall_clock(Duration::ZERO);
    host.advance(SECOND);
    let call = host.call();
    host.respond(&call, 200);
    assert_eq!(host.status(stream), Some(200));
}
