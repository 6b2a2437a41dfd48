//! How calls end, and what clients and counters say of it.

use std::time::Duration;

use proxy_wasm::types::Status;
use serde_json::json;

use crate::fixtures::{batch, payload, track, webhooks, with};
use crate::host::{Host, Request};

const FROM_WEBHOOK: (&str, &[u8]) = ("x-envoy-upstream-service-time", b"3");

/// A name, the headers that the call ends with, what the client gets, and the outcome that is
/// counted.
type End<'a> = (&'a str, &'a [(&'a str, &'a [u8])], u32, &'a str);

#[test]
fn every_end_of_a_call_has_its_status_and_its_counter() {
    let cases: &[End<'_>] = &[
        (
            "a success",
            &[(":status", b"200"), FROM_WEBHOOK],
            200,
            "delivered.status_class.2xx",
        ),
        (
            "no content",
            &[(":status", b"204"), FROM_WEBHOOK],
            200,
            "delivered.status_class.2xx",
        ),
        (
            "a redirect",
            &[(":status", b"302"), FROM_WEBHOOK],
            503,
            "rejected.status_class.3xx",
        ),
        (
            "a refusal",
            &[(":status", b"404"), FROM_WEBHOOK],
            503,
            "rejected.status_class.4xx",
        ),
        (
            "its own 504",
            &[(":status", b"504"), FROM_WEBHOOK],
            503,
            "rejected.status_class.5xx",
        ),
        (
            "a pause that is not UTF-8",
            &[
                (":status", b"429"),
                FROM_WEBHOOK,
                ("retry-after", b"\xff\xfe"),
            ],
            503,
            "rejected.status_class.4xx",
        ),
        (
            "Envoy's timeout",
            &[(":status", b"504")],
            503,
            "timeout.status_class.none",
        ),
        (
            "Envoy's 503",
            &[(":status", b"503")],
            503,
            "unreachable.status_class.none",
        ),
        ("broken off", &[], 503, "unreachable.status_class.none"),
        (
            "headers without a status",
            &[("server", b"x")],
            503,
            "unreachable.status_class.none",
        ),
        (
            "an empty status",
            &[(":status", b"")],
            503,
            "unreachable.status_class.none",
        ),
        (
            "a status that is not UTF-8",
            &[(":status", b"\xff\xfe"), FROM_WEBHOOK],
            503,
            "unreachable.status_class.none",
        ),
        (
            "a status out of range",
            &[(":status", b"70000"), FROM_WEBHOOK],
            503,
            "unreachable.status_class.none",
        ),
        (
            "the egress listener's timeout",
            &[(":status", b"504"), FROM_WEBHOOK, ("x-egress-flags", b"UT")],
            503,
            "timeout.status_class.none",
        ),
        (
            "flags that are not UTF-8",
            &[
                (":status", b"503"),
                FROM_WEBHOOK,
                ("x-egress-flags", b"\xff\xfe"),
            ],
            503,
            "unreachable.status_class.none",
        ),
    ];
    for (name, headers, status, outcome) in cases {
        let mut host = Host::with(&webhooks(1));
        let stream = host.collect(&track("a"));
        let call = host.call();
        host.end(&call, headers);
        assert_eq!(host.status(stream), Some(*status), "{name}");
        let counter = format!("attempts.webhook.hook_0.outcome.{outcome}");
        assert_eq!(host.count(&counter), 1, "{name}: {:?}", host.counts());
    }
}

#[test]
fn a_success_is_read_with_one_host_call() {
    let mut host = Host::with(&webhooks(1));
    host.collect(&track("a"));
    let call = host.call();
    host.host_calls();
    host.respond(&call, 200);
    let reads = host.host_calls();
    let reads: Vec<_> = reads
        .keys()
        .filter(|name| name.starts_with("proxy_get_header"))
        .collect();
    assert_eq!(reads, ["proxy_get_header_map_value :status"]);
}

#[test]
fn a_call_carries_what_is_configured() {
    let mut host = Host::with(&json!({"webhooks": [{
        "url": "http://hook.test:8080/in?k=v",
        "cluster": "crm",
        "headers": {"X-Api-Key": "k"},
        "timeout": "1.5s",
    }]}));
    host.collect(&track("a"));
    let call = host.call();
    assert_eq!(call.cluster, "crm");
    assert_eq!(call.timeout, Duration::from_millis(1_500));
    assert_eq!(call.text(), payload("a"));
    let agent = format!("freshpaint-webhooks/{}", env!("CARGO_PKG_VERSION"));
    let mut headers: Vec<_> = call
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), std::str::from_utf8(value).unwrap()))
        .collect();
    headers.sort_unstable();
    assert_eq!(
        headers,
        [
            (":authority", "hook.test:8080"),
            (":method", "POST"),
            (":path", "/in?k=v"),
            (":scheme", "http"),
            ("content-type", "application/json"),
            ("user-agent", &agent),
            ("x-api-key", "k"),
        ]
    );
}

#[test]
fn a_call_that_cannot_be_made_is_a_failure_at_once() {
    for refusal in [Status::BadArgument, Status::InternalFailure] {
        let mut host = Host::with(&webhooks(1));
        host.refuse_calls("cluster_0", refusal);
        let stream = host.collect(&track("a"));
        let answer = host.answer(stream).unwrap();
        assert_eq!(answer.status, 503);
        assert_ne!(answer.header("retry-after"), "");
        let not_sent = "attempts.webhook.hook_0.outcome.not_sent.status_class.none";
        assert_eq!(host.count(not_sent), 1);
        assert_eq!(host.count("events.type.track.outcome.failed"), 1);
    }
}

#[test]
fn one_webhook_that_cannot_be_called_does_not_keep_the_other_from_it() {
    let mut host = Host::with(&webhooks(2));
    host.refuse_calls("cluster_0", Status::BadArgument);
    let stream = host.collect(&track("a"));
    let call = host.call();
    assert_eq!(call.cluster, "cluster_1");
    host.respond(&call, 200);
    assert_eq!(host.status(stream), Some(200));
    // One looks whether bodies come, one sets the gauges.
    assert_eq!(host.advance(Duration::from_secs(60)), 2);
    assert_eq!(host.calls(), [], "a partial success is not sent again");
}

#[test]
fn all_webhooks_are_called_at_once_and_the_first_success_answers() {
    let mut host = Host::with(&webhooks(2));
    let stream = host.collect(&track("a"));
    let calls = host.calls();
    let clusters: Vec<_> = calls.iter().map(|call| call.cluster.as_str()).collect();
    assert_eq!(clusters, ["cluster_0", "cluster_1"]);
    assert!(calls.iter().all(|call| call.text() == payload("a")));
    host.respond(&calls[1], 200);
    assert_eq!(host.status(stream), Some(200));
    host.time_out(&calls[0]);
    assert_eq!(
        host.counts(),
        [
            (
                "attempts.webhook.hook_0.outcome.timeout.status_class.none",
                1
            ),
            ("deliveries.webhook.hook_0.outcome.timeout", 1),
            ("deliveries.webhook.hook_1.outcome.delivered", 1),
            (
                "attempts.webhook.hook_1.outcome.delivered.status_class.2xx",
                1
            ),
            ("events.type.track.outcome.accepted", 1),
            ("requests.outcome.accepted", 1),
        ]
        .map(|(name, count)| (name.to_owned(), count))
        .into()
    );
}

#[test]
fn thirty_two_webhooks_are_called_in_one_turn() {
    let mut host = Host::with(&webhooks(32));
    let stream = host.collect(&track("a"));
    let calls = host.calls();
    assert_eq!(calls.len(), 32);
    for call in &calls[..31] {
        host.respond(call, 400);
        assert_eq!(host.answer(stream), None);
    }
    host.respond(&calls[31], 200);
    assert_eq!(host.status(stream), Some(200));

    let stream = host.collect(&track("b"));
    for call in host.calls() {
        assert_eq!(host.answer(stream), None);
        host.respond(&call, 400);
    }
    assert_eq!(host.status(stream), Some(503));
}

#[test]
fn the_client_learns_nothing_of_the_webhooks() {
    let mut host = Host::with(&webhooks(2));
    let stream = host.collect(&track("a"));
    for call in host.calls() {
        host.break_off(&call);
    }
    let answer = host.answer(stream).unwrap();
    assert_eq!(answer.status, 503);
    assert_eq!(
        answer.text(),
        "No webhook accepted 1 of 1 events. They are kept and tried again."
    );
    let names: Vec<_> = answer
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["content-type", "retry-after", "vary"]);
}

#[test]
fn the_access_log_is_told_once_a_request_and_only_when_it_is_wanted() {
    let names = ["a", "b"];
    let told = |wanted: bool| {
        let observe = json!({"access_log": wanted});
        let mut host = Host::with(&with(webhooks(1), "observe", observe));
        let delivered = host.collect(&batch(&names));
        for call in host.calls() {
            host.respond(&call, 200);
        }
        let failed = host.collect(&track("c"));
        let call = host.call();
        host.respond(&call, 500);
        let refused = host.collect(&Request::post("/track", "{}"));
        [delivered, failed, refused].map(|stream| host.filter_state(stream))
    };
    assert_eq!(told(false), [const { Vec::new() }; 3]);
    let texts = [
        "verdict=accepted events=2 accepted=2 failed=0 filtered=0 invalid=0 refused=0",
        "verdict=retry events=1 accepted=0 failed=1 filtered=0 invalid=0 refused=0",
        "verdict=refused",
    ];
    assert_eq!(
        told(true),
        texts.map(|text| vec![("freshpaint".to_owned(), text.to_owned())])
    );
}
