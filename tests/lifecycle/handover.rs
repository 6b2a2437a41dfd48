//! Kept events go from the root of an old configuration to that of a new one.

use std::time::Duration;

use serde_json::{json, Value};

use crate::fixtures::{batch, batching, payload, track, webhooks, with};
use crate::host::Host;

/// A host whose one webhook has failed the event `a`, which is kept.
fn keeping(configuration: &Value) -> Host {
    let mut host = Host::with(configuration);
    host.collect(&track("a"));
    let call = host.call();
    host.respond(&call, 503);
    host
}

#[test]
fn kept_events_go_to_the_new_root() {
    let mut host = keeping(&webhooks(1));
    let old = host.replace(&webhooks(2));
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
    let mut host = keeping(&at("https://hook.tset/in"));
    let old = host.replace(&at("https://hook.test/in"));
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
    let mut host = keeping(&webhooks(1));
    let old = host.replace(&at("https://hook.test/in"));
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
        let mut host = keeping(&then);
        let old = host.replace(&new);
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
    let old = host.replace(&webhooks(1));
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
    let mut host = keeping(&webhooks(1));
    let old = host.replace(&webhooks(1));
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
    let mut host = keeping(&webhooks(1));
    host.set_plugin_name("another");
    let old = host.replace(&webhooks(2));
    assert!(!host.retire(old), "it has nobody to give its event to");
    host.advance(Duration::from_secs(2));
    let again = host.call();
    assert_eq!(again.cluster, "cluster_0");
    host.respond(&again, 200);
    assert_eq!(host.done_calls(old), 1);
    assert!(host.is_gone(old));
}

#[test]
fn of_several_configurations_the_newest_takes_over() {
    let mut host = keeping(&webhooks(1));
    let first = host.replace(&webhooks(1));
    let path = with(webhooks(1), "collect", json!({"path_prefix": "/v3"}));
    let second = host.replace(&path);
    assert!(host.retire(second));
    assert!(host.retire(first));
    host.turn();
    host.advance(Duration::from_secs(1));
    let again = host.call();
    host.respond(&again, 200);
    assert_eq!(host.count("held.outcome.delivered"), 1);
}

#[test]
fn kept_events_go_in_the_form_of_the_new_configuration() {
    let mut host = Host::with(&webhooks(1));
    host.collect(&batch(&["a", "b"]));
    for call in host.calls() {
        host.respond(&call, 503);
    }
    let old = host.replace(&batching(json!({"format": "ndjson"})));
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
