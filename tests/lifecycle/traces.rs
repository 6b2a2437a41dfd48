//! `observe.trace`: the trace of a collection request goes on to the webhooks.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{json, Value};

use crate::fixtures::{batch, track, webhooks, with};
use crate::host::{Call, Host, Request};
use crate::host_calls::deliver;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CLIENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn traced(configuration: Value) -> Value {
    with(configuration, "observe", json!({"trace": true}))
}

/// The request with this `traceparent`, and with a `tracestate`.
fn in_trace(request: Request, traceparent: &str) -> Request {
    request
        .header("traceparent", traceparent)
        .header("tracestate", "congo=t61rcWkgMzE")
}

/// Checks that the call belongs to [`TRACE`], and gives its span id.
#[track_caller]
fn span_id(call: &Call) -> String {
    let header = call.header("traceparent");
    let fields: Vec<_> = header.split('-').collect();
    let [version, trace, span, flags] = fields[..] else {
        panic!("{header:?}")
    };
    assert_eq!((version, trace, flags), ("00", TRACE, "01"));
    assert!(u64::from_str_radix(span, 16).unwrap() > 0, "{header}");
    assert!(!CLIENT.contains(span), "the client's own span: {header}");
    span.to_owned()
}

#[track_caller]
fn assert_untraced(call: &Call) {
    let mut names = call.headers.iter().map(|(name, _)| name.as_str());
    assert!(!names.any(|name| name.starts_with("trace")), "{call:?}");
}

/// The call of the next round.
fn next_round(host: &mut Host) -> Call {
    for _ in 0..20 {
        host.advance(Duration::from_secs(1));
        if let Some(call) = host.calls().pop() {
            return call;
        }
    }
    panic!("no call");
}

#[test]
fn every_call_has_a_span_of_its_own_in_the_clients_trace() {
    let mut host = Host::with(&traced(webhooks(3)));
    host.collect(&in_trace(batch(&["a", "b"]), CLIENT));
    let calls = host.calls();
    assert_eq!(calls.len(), 6);
    let spans: BTreeSet<_> = calls.iter().map(span_id).collect();
    assert_eq!(spans.len(), 6);
    for call in &calls {
        assert_eq!(call.header("tracestate"), "");
    }
}

#[test]
fn a_retry_is_a_new_span_of_the_same_trace() {
    let mut host = Host::with(&traced(webhooks(1)));
    host.collect(&in_trace(track("a"), CLIENT));
    let mut call = host.call();
    let mut spans = BTreeSet::from([span_id(&call)]);
    for _ in 0..2 {
        host.respond(&call, 503);
        call = next_round(&mut host);
        spans.insert(span_id(&call));
    }
    assert_eq!(spans.len(), 3);
}

#[test]
fn a_trace_that_is_not_valid_goes_nowhere() {
    for traceparent in [
        "",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
    ] {
        let mut host = Host::with(&traced(webhooks(1)));
        let stream = host.collect(&in_trace(track("a"), traceparent));
        let call = host.call();
        assert_untraced(&call);
        host.respond(&call, 200);
        assert_eq!(host.status(stream), Some(200), "{traceparent}");
    }
    let mut host = Host::with(&traced(webhooks(1)));
    host.collect(&in_trace(track("a"), CLIENT).header("traceparent", CLIENT));
    assert_untraced(&host.call());
}

#[test]
fn without_the_option_no_trace_goes_on() {
    let mut host = Host::with(&webhooks(1));
    host.collect(&in_trace(track("a"), CLIENT));
    assert_untraced(&host.call());
}

#[test]
fn a_trace_costs_no_call_of_the_host() {
    let cost = |configuration: &Value| {
        let mut host = Host::with(configuration);
        deliver(&mut host, &track("before"));
        host.host_calls();
        deliver(&mut host, &in_trace(batch(&["a", "b"]), CLIENT));
        host.host_calls()
    };
    assert_eq!(cost(&traced(webhooks(2))), cost(&webhooks(2)));
}

#[test]
fn a_call_of_several_events_has_a_trace_where_all_of_them_have_the_same() {
    let mut configuration = traced(webhooks(1));
    configuration["webhooks"][0]["batch"] = json!({});
    let mut host = Host::with(&configuration);
    host.collect(&in_trace(batch(&["a", "b"]), CLIENT));
    let call = host.call();
    let first = span_id(&call);
    // These wait for the call to end, and share the next one.
    host.collect(&in_trace(track("c"), CLIENT));
    host.collect(&in_trace(track("d"), CLIENT));
    host.respond(&call, 200);
    let call = host.call();
    assert_ne!(span_id(&call), first);
    host.collect(&in_trace(track("e"), CLIENT));
    host.collect(&in_trace(track("f"), &CLIENT.replace("0af7", "0af8")));
    host.respond(&call, 200);
    let call = host.call();
    assert_untraced(&call);
    host.collect(&in_trace(track("g"), CLIENT));
    host.collect(&track("h"));
    host.respond(&call, 200);
    assert_untraced(&host.call());
}

#[test]
fn a_new_configuration_keeps_the_trace_of_what_is_kept_where_it_wants_traces() {
    for wants_traces in [true, false] {
        let mut host = Host::with(&traced(webhooks(1)));
        host.collect(&in_trace(track("a"), CLIENT));
        let call = host.call();
        let before = span_id(&call);
        host.respond(&call, 503);
        let old = host.root();
        let next = if wants_traces {
            traced(webhooks(1))
        } else {
            webhooks(1)
        };
        assert!(host.configure(next.to_string()));
        assert!(host.retire(old));
        host.turn();
        let call = next_round(&mut host);
        if wants_traces {
            assert_ne!(span_id(&call), before);
        } else {
            assert_untraced(&call);
        }
    }
}
