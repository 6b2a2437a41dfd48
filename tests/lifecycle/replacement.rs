//! A new configuration: a second root in the same VM, and the end of the first.

use std::time::Duration;

use serde_json::json;

use crate::fixtures::{batching, payload, track, webhooks};
use crate::host::Host;

#[test]
fn an_idle_root_is_done_at_once() {
    let mut host = Host::with(&webhooks(1));
    let stream = host.collect(&track("a"));
    let call = host.call();
    host.respond(&call, 200);
    assert_eq!(host.status(stream), Some(200));
    let old = host.replace(&webhooks(1));
    assert!(host.retire(old));
    assert_eq!(host.done_calls(old), 0);
}

#[test]
fn a_root_waits_for_its_deliveries_and_is_done_once() {
    let mut host = Host::with(&webhooks(2));
    let stream = host.collect(&track("a"));
    let calls = host.calls();
    host.respond(&calls[0], 200);
    assert_eq!(host.status(stream), Some(200));
    let old = host.replace(&webhooks(2));
    assert!(!host.retire(old), "the second webhook has not answered");
    assert_eq!(host.done_calls(old), 0);
    host.respond(&calls[1], 200);
    assert_eq!(host.done_calls(old), 1);
    assert!(host.is_gone(old));
    assert_eq!(host.count("deliveries.webhook.hook_1.outcome.delivered"), 1);
}

#[test]
fn a_stream_that_outlives_its_root_makes_no_call_and_no_panic() {
    let mut host = Host::with(&webhooks(1));
    let stream = host.open(&vec![
        (":method".into(), b"POST".into()),
        (":path".into(), b"/track".into()),
    ]);
    host.headers(stream, false);
    let old = host.replace(&webhooks(1));
    assert!(host.retire(old));
    assert!(host.is_gone(old));
    let body = crate::fixtures::event("a").to_string();
    host.body(stream, body.as_bytes(), true);
    assert_eq!(host.calls(), []);
    host.leave(stream);
}

#[test]
fn old_and_new_work_side_by_side() {
    let mut host = Host::with(&webhooks(1));
    let before = host.collect(&track("a"));
    let call = host.call();
    let old = host.replace(&webhooks(2));
    let after = host.collect(&track("b"));
    let calls = host.calls();
    assert_eq!(calls.len(), 2, "the new configuration has two webhooks");
    host.respond(&call, 200);
    assert_eq!(host.status(before), Some(200));
    assert!(host.retire(old));
    host.respond(&calls[0], 200);
    assert_eq!(host.status(after), Some(200));
}

#[test]
fn a_refused_configuration_changes_nothing() {
    let mut host = Host::with(&webhooks(1));
    let root = host.root();
    let stream = host.collect(&track("a"));
    let call = host.call();
    assert!(!host.configure("{}"));
    host.logs();
    assert_eq!(host.root(), root);
    host.respond(&call, 200);
    assert_eq!(host.status(stream), Some(200));
    assert!(host.retire(root));
}

#[test]
fn an_event_that_waits_for_others_is_sent_before_its_configuration_ends() {
    let mut host = Host::with(&batching(json!({"max_wait": "0.2s"})));
    let stream = host.collect(&track("a"));
    assert_eq!(host.calls(), []);
    let old = host.replace(&webhooks(1));
    assert!(!host.retire(old), "an event waits");
    host.advance(Duration::from_millis(199));
    assert_eq!(host.calls(), []);
    host.advance(Duration::from_millis(1));
    let call = host.call();
    assert_eq!(call.text(), format!("[{}]", payload("a")));
    host.respond(&call, 200);
    assert_eq!(host.status(stream), Some(200));
    assert_eq!(host.done_calls(old), 1);
}

#[test]
fn a_metric_that_the_vm_has_is_not_defined_again() {
    let mut host = Host::with(&webhooks(1));
    host.host_calls();
    assert!(host.configure(webhooks(1).to_string()));
    assert!(!host.host_calls().contains_key("proxy_define_metric"));
    assert!(host.configure(webhooks(2).to_string()));
    let added = host.host_calls()["proxy_define_metric"];
    assert!(host.configure(webhooks(3).to_string()));
    assert_eq!(host.host_calls()["proxy_define_metric"], added);
    host.collect(&track("a"));
    for call in host.calls() {
        host.respond(&call, 200);
    }
    for webhook in 0..3 {
        let name = format!("deliveries.webhook.hook_{webhook}.outcome.delivered");
        assert_eq!(host.count(&name), 1);
    }
}
