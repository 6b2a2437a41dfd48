//! The gauges, over one worker's life.

use std::time::Duration;

use serde_json::json;

use crate::fixtures::{track, webhooks, with};
use crate::host::Host;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn held_events_and_calls_show_within_a_second_and_go_when_they_end() {
    let retry = json!({"initial_backoff": "2s"});
    let mut host = Host::with(&with(webhooks(2), "retry", retry));
    host.collect(&track("a"));
    let calls = host.calls();
    assert_eq!(host.count("in_flight.webhook.hook_0"), 1);
    assert_eq!(host.count("in_flight.webhook.hook_1"), 1);
    for call in &calls {
        host.respond(call, 503);
    }
    host.advance(SECOND);
    assert_eq!(host.count("in_flight.webhook.hook_0"), 0);
    assert_eq!(host.count("held_events"), 1);
    assert!(host.count("held_bytes") > 0);
    assert_eq!(host.count("retry_window_seconds"), 900);
    assert_eq!(host.count("last_success_seconds.webhook.hook_0"), 0);
    host.advance(2 * SECOND);
    let [first, second] = host.calls().try_into().unwrap();
    host.respond(&first, 200);
    host.respond(&second, 200);
    host.advance(SECOND);
    assert_eq!(host.count("held_events"), 0);
    assert_eq!(host.count("held_bytes"), 0);
    // 2026-01-02T03:04:05Z and the three seconds since.
    let successes = ["hook_0", "hook_1"]
        .map(|webhook| host.count(&format!("last_success_seconds.webhook.{webhook}")));
    assert_eq!(successes, [1_767_323_048; 2]);
    assert_eq!(host.count("latency_ms.webhook.hook_0"), 2);
}

#[test]
fn a_configuration_that_ends_leaves_nothing_behind() {
    let mut host = Host::with(&webhooks(2));
    let old = host.root();
    host.collect(&track("a"));
    let calls = host.calls();
    assert!(host.configure(webhooks(1).to_string()));
    host.collect(&track("b"));
    let new = host.call();
    assert!(!host.retire(old));
    host.advance(SECOND);
    assert_eq!(host.count("in_flight.webhook.hook_0"), 2);
    assert_eq!(host.count("in_flight.webhook.hook_1"), 1);
    for call in &calls {
        host.respond(call, 200);
    }
    assert!(host.is_gone(old));
    assert_eq!(host.count("in_flight.webhook.hook_0"), 1);
    assert_eq!(host.count("in_flight.webhook.hook_1"), 0);
    host.respond(&new, 200);
    host.advance(SECOND);
    assert_eq!(host.count("in_flight.webhook.hook_0"), 0);
}

#[test]
fn a_webhook_that_is_taken_out_while_it_fails_leaves_no_open_breaker_behind() {
    let mut host = Host::with(&webhooks(2));
    let old = host.root();
    for name in ["a", "b", "c", "d", "e"] {
        host.collect(&track(name));
        for call in host.calls() {
            let is_first = call.authority() == "hook-0.test";
            host.respond(&call, if is_first { 200 } else { 503 });
        }
    }
    host.advance(SECOND);
    assert_eq!(host.count("breaker_open.webhook.hook_1"), 1);
    assert!(host.configure(webhooks(1).to_string()));
    assert!(host.retire(old));
    host.advance(60 * SECOND);
    assert_eq!(host.count("breaker_open.webhook.hook_1"), 0);
}

#[test]
fn a_retry_window_that_changes_is_told_once_by_the_new_configuration() {
    let mut host = Host::with(&webhooks(1));
    let old = host.root();
    host.collect(&track("a"));
    let call = host.call();
    assert_eq!(host.count("retry_window_seconds"), 900);
    let retry = json!({"window": "60s"});
    assert!(host.configure(with(webhooks(1), "retry", retry).to_string()));
    host.advance(5 * SECOND);
    assert_eq!(host.count("retry_window_seconds"), 60);
    host.time_out(&call);
    assert!(
        host.retire(old),
        "what it kept went to the new configuration"
    );
    host.advance(SECOND);
    assert_eq!(host.count("retry_window_seconds"), 60);
}
