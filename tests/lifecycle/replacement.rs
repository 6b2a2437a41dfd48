//! A new configuration: a second root in the same VM, and the end of the first.

use std::time::Duration;

use serde_json::{json, Value};

use crate::fixtures::{batch, payload, track, webhooks, with};
use crate::host::Host;

/// A VM in which a new configuration has just been loaded, with the root of the old one.
macro_rules! replaced {
    ($host:ident, $old:ident, $configuration:expr) => {
        let $old = $host.root();
        assert!($host.configure($configuration.to_string()));
    };
}

#[test]
fn an_idle_root_is_done_at_once() {
    let mut host = Host::with(&webhooks(1));
    let stream = host.collect(&track("a"));
    let call = host.call();
    host.respond(&call, 200);
    assert_eq!(host.status(stream), Some(200));
    replaced!(host, old, webhooks(1));
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
    replaced!(host, old, webhooks(2));
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
    replaced!(host, old, webhooks(1));
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
    replaced!(host, old, webhooks(2));
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
fn kept_events_go_to_the_new_root() {
    let mut host = Host::with(&webhooks(1));
    host.collect(&track("a"));
    let call = host.call();
    host.respond(&call, 503);
    replaced!(host, old, webhooks(2));
    assert!(host.retire(old), "it has given away what it kept");
    assert_eq!(host.count("held.outcome.handed_over"), 1);
    host.turn();
    host.advance(Duration::from_secs(1));
    let again = host.call();
    assert_eq!(
        again.authority(),
        "hook-0.test",
        "the one that it knew by this name"
    );
    assert_eq!(again.text(), payload("a"));
    host.respond(&again, 200);
    assert_eq!(host.count("held.outcome.delivered"), 1);
    host.advance(Duration::from_secs(120));
    assert_eq!(host.calls(), []);
}

/// One webhook `hook_0` with this url.
fn at(url: &str) -> Value {
    let mut configuration = webhooks(1);
    configuration["webhooks"][0]["url"] = url.into();
    configuration
}

/// Envoy ends the old root after `--drain-time-s`, when the event may have expired.
#[test]
fn a_corrected_url_holds_for_kept_events_before_the_old_root_ends() {
    let mut host = Host::with(&at("https://hook.tset/in"));
    host.collect(&track("a"));
    let call = host.call();
    host.respond(&call, 503);
    replaced!(host, old, at("https://hook.test/in"));
    let mut called = Vec::new();
    for _ in 0..20 {
        host.advance(Duration::from_secs(1));
        host.turn();
        for call in host.calls() {
            assert_eq!(call.text(), payload("a"));
            let is_right = call.authority() == "hook.test";
            called.push(is_right);
            host.respond(&call, if is_right { 200 } else { 503 });
        }
    }
    // The update might have been rejected when it was tried for the second time.
    assert_eq!(called, [false, false, true]);
    assert_eq!(host.count("held.outcome.delivered"), 1);
    assert!(host.retire(old));
}

/// As when a listener that waits for a certificate is taken back.
#[test]
fn a_root_that_ends_before_the_older_one_gives_kept_events_back() {
    let mut host = Host::with(&webhooks(1));
    host.collect(&track("a"));
    let call = host.call();
    host.respond(&call, 503);
    replaced!(host, old, at("https://hook.test/in"));
    let mut called = Vec::new();
    for second in 0..120 {
        if second == 30 {
            assert!(host.retire(host.root()), "the older one takes what it has");
            host.select(old);
        }
        host.advance(Duration::from_secs(1));
        host.turn();
        for call in host.calls() {
            called.push((second < 30, call.authority().to_owned()));
            host.respond(&call, if second < 60 { 503 } else { 200 });
        }
    }
    assert!(
        called.contains(&(true, "hook.test".to_owned())),
        "{called:?}"
    );
    let ends_with = |authority: &str| called.last() == Some(&(false, authority.to_owned()));
    assert!(ends_with("hook-0.test"), "{called:?}");
    assert!(
        !called.contains(&(false, "hook.test".to_owned())),
        "{called:?}"
    );
    assert_eq!(host.count("held.outcome.delivered"), 1);
}

/// Other webhooks or rules may be those of another filter that has the same name by mistake.
#[test]
fn kept_events_stay_with_the_old_root_while_webhooks_or_rules_differ() {
    let ruled = with(webhooks(1), "events", json!({"types": ["track"]}));
    let url = |url: &str| json!({"webhooks": [{"url": url}]});
    let other = json!({"webhooks": [{"name": "another", "url": "https://hook.test/in"}]});
    // The name that it has then is that of its place.
    let unnamed = (url("https://hook-0.test/in"), url("https://hook.test/in"));
    for (then, new) in [(webhooks(1), ruled), (webhooks(1), other), unnamed] {
        let mut host = Host::with(&then);
        host.collect(&track("a"));
        let call = host.call();
        host.respond(&call, 503);
        replaced!(host, old, new);
        for status in [503, 503, 503, 200] {
            host.advance(Duration::from_secs(10));
            host.turn();
            let call = host.call();
            assert_eq!(call.authority(), "hook-0.test");
            host.respond(&call, status);
        }
        assert_eq!(host.count("held.outcome.handed_over"), 0);
        assert!(host.retire(old));
    }
}

#[test]
fn an_event_that_fails_while_its_root_drains_goes_to_the_new_root() {
    let mut host = Host::with(&webhooks(1));
    let stream = host.collect(&track("a"));
    let call = host.call();
    replaced!(host, old, webhooks(1));
    assert!(!host.retire(old));
    host.break_off(&call);
    assert_eq!(host.status(stream), Some(503));
    host.advance(Duration::from_millis(10));
    assert_eq!(host.done_calls(old), 1);
    assert!(host.is_gone(old));
    host.turn();
    host.advance(Duration::from_secs(1));
    let again = host.call();
    assert_eq!(again.text(), payload("a"));
    host.respond(&again, 200);
    assert_eq!(host.count("held.outcome.delivered"), 1);
}

#[test]
fn an_sdk_that_sends_a_handed_over_event_again_meets_it_in_the_new_root() {
    let mut host = Host::with(&webhooks(1));
    host.collect(&track("a"));
    let call = host.call();
    host.respond(&call, 503);
    replaced!(host, old, webhooks(1));
    assert!(host.retire(old));
    host.turn();
    let stream = host.collect(&track("a"));
    let call = host.call();
    host.respond(&call, 200);
    assert_eq!(host.status(stream), Some(200));
    host.advance(Duration::from_secs(120));
    assert_eq!(host.calls(), [], "delivered once");
}

#[test]
fn another_plugin_of_the_vm_is_no_successor() {
    let mut host = Host::with(&webhooks(1));
    host.collect(&track("a"));
    let call = host.call();
    host.respond(&call, 503);
    host.set_plugin_name("another");
    replaced!(host, old, webhooks(2));
    assert!(!host.retire(old), "it has nobody to give its event to");
    host.advance(Duration::from_secs(2));
    let again = host.call();
    assert_eq!(again.cluster, "cluster_0");
    host.respond(&again, 200);
    assert_eq!(host.done_calls(old), 1);
    assert!(host.is_gone(old));
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
fn of_several_configurations_the_newest_takes_over() {
    let mut host = Host::with(&webhooks(1));
    host.collect(&track("a"));
    let call = host.call();
    host.respond(&call, 503);
    replaced!(host, first, webhooks(1));
    let path = with(webhooks(1), "collect", json!({"path_prefix": "/v3"}));
    replaced!(host, second, path);
    assert!(host.retire(second));
    assert!(host.retire(first));
    host.turn();
    host.advance(Duration::from_secs(1));
    let again = host.call();
    host.respond(&again, 200);
    assert_eq!(host.count("held.outcome.delivered"), 1);
}

/// One webhook with this `batch`.
fn batching(batch: Value) -> Value {
    let mut configuration = webhooks(1);
    configuration["webhooks"][0]["batch"] = batch;
    configuration
}

#[test]
fn an_event_that_waits_for_others_is_sent_before_its_configuration_ends() {
    let mut host = Host::with(&batching(json!({"max_wait": "0.2s"})));
    let stream = host.collect(&track("a"));
    assert_eq!(host.calls(), []);
    replaced!(host, old, webhooks(1));
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
fn kept_events_go_in_the_form_of_the_new_configuration() {
    let mut host = Host::with(&webhooks(1));
    host.collect(&batch(&["a", "b"]));
    for call in host.calls() {
        host.respond(&call, 503);
    }
    replaced!(host, old, batching(json!({"format": "ndjson"})));
    assert!(host.retire(old));
    host.turn();
    host.advance(Duration::from_secs(1));
    let call = host.call();
    let lines: Vec<_> = call.text().lines().collect();
    let (a, b) = (payload("a"), payload("b"));
    assert!(lines == [&*a, &*b] || lines == [&*b, &*a], "{lines:?}");
    assert_eq!(call.header("content-type"), "application/x-ndjson");
    host.respond(&call, 200);
    assert_eq!(host.count("held.outcome.delivered"), 2);
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
