//! Arbitrary bytes from clients, webhooks and configurations: no panic, and one answer for each
//! request that is collected.

use std::cell::Cell;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use proxy_wasm::types::{Action, LogLevel, Status};
use serde_json::value::RawValue;
use serde_json::{json, Value};

use crate::fixtures::{batch, event, webhooks, with};
use crate::host::{Call, Host, Request};

const SECOND: Duration = Duration::from_secs(1);

fn run<S: Strategy>(
    cases: u32,
    strategy: &S,
    test: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config).run(strategy, test).unwrap();
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..120)
}

/// Bytes that are almost something: `seed` with a few of them put elsewhere.
fn mutated(seed: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4).prop_map(
        move |changes| {
            let mut bytes = seed.clone();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            bytes
        },
    )
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let one = event("a").to_string().into_bytes();
    let segment = json!({"batch": [
        {"type": "track", "event": "x", "messageId": "m", "anonymousId": "d"},
        {"type": "identify", "traits": {"a": [1, null, "\u{1F600}"]}, "userId": "u"},
    ]});
    prop_oneof![
        bytes(),
        Just(one.clone()),
        mutated(one.clone()),
        mutated(json!([event("a"), event("b"), 7]).to_string().into_bytes()),
        mutated(segment.to_string().into_bytes()),
        mutated([b"data=", &one[..]].concat()),
        bytes().prop_map(|bytes| [b"\x1f\x8b\x08", &bytes[..]].concat()),
        (0..400_usize).prop_map(|depth| vec![b'['; depth]),
    ]
}

fn path() -> impl Strategy<Value = Vec<u8>> {
    let known = [
        "/track",
        "/import",
        "/engage",
        "/groups",
        "/react-native",
        "/android",
        "/v1/batch",
        "/v1/track",
        "/v1/i",
        "/beacon/v1/batch",
        "/api/s/event",
        "/e",
        "/batch",
        "/capture",
    ];
    prop_oneof![
        8 => Just(b"/track".to_vec()),
        8 => prop::sample::select(known.to_vec()).prop_map(|path| path.as_bytes().to_vec()),
        2 => (prop::sample::select(known.to_vec()), bytes())
            .prop_map(|(path, query)| [path.as_bytes(), b"?", &query].concat()),
        1 => bytes(),
    ]
}

fn method() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        30 => Just(b"POST".to_vec()),
        2 => prop::sample::select(vec![&b"GET"[..], b"OPTIONS", b"PUT"]).prop_map(<[u8]>::to_vec),
        1 => bytes(),
    ]
}

/// A request in pieces that may be empty.
fn request() -> impl Strategy<Value = Request> {
    let names = vec![
        "origin",
        "content-type",
        "content-length",
        "content-encoding",
        "authorization",
        "cookie",
        "access-control-request-headers",
        "x-write-key",
        "dnt",
    ];
    let headers = prop::collection::vec((prop::sample::select(names), bytes()), 0..4);
    let cuts = prop::collection::vec(any::<prop::sample::Index>(), 0..6);
    (method(), path(), headers, body(), cuts, any::<bool>()).prop_map(
        |(method, path, headers, body, cuts, trailers)| {
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
            cuts.extend([0, body.len()]);
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|cut| body[cut[0]..cut[1]].to_vec());
            let request = headers
                .into_iter()
                .fold(Request::new(method, path), |request, (name, value)| {
                    request.header(name, value)
                })
                .pieces(pieces.collect());
            if trailers {
                request.with_trailers()
            } else {
                request
            }
        },
    )
}

/// How a call ends, if it does.
#[derive(Clone, Debug)]
enum End {
    Headers(Vec<(&'static str, Vec<u8>)>),
    Never,
}

fn end() -> impl Strategy<Value = End> {
    let names = vec![
        ":status",
        "x-envoy-upstream-service-time",
        "x-egress-flags",
        "retry-after",
        "server",
    ];
    let headers = prop::collection::vec((prop::sample::select(names), bytes()), 0..5);
    let status = (100..1_000_u16).prop_map(|status| status.to_string().into_bytes());
    prop_oneof![
        3 => status.prop_map(|status| End::Headers(vec![
            (":status", status),
            ("x-envoy-upstream-service-time", b"1".to_vec()),
        ])),
        3 => headers.prop_map(End::Headers),
        1 => Just(End::Never),
    ]
}

/// Two webhooks; if so asked they get several events in one call, each in another format.
fn configuration(has_batch: bool) -> Value {
    let options = json!({"enable_identify_events": true, "enable_pageview_events": true});
    let mut configuration = with(webhooks(2), "options", options);
    if has_batch {
        let hooks = &mut configuration["webhooks"];
        hooks[0]["batch"] = json!({"max_events": 3});
        hooks[1]["batch"] = json!({"format": "ndjson", "max_wait": "0.05s"});
    }
    configuration
}

/// Says whether each call of that configuration carries JSON in the format of its webhook.
fn is_well_formed(call: &Call, has_batch: bool) -> bool {
    let is_json = |text: &str| serde_json::from_str::<&RawValue>(text).is_ok();
    match (has_batch, call.authority()) {
        (true, "hook-1.test") => {
            let lines = call.text().strip_suffix('\n');
            lines.is_some_and(|lines| lines.split('\n').all(is_json))
        }
        (true, _) => serde_json::from_str::<Vec<&RawValue>>(call.text()).is_ok(),
        (false, _) => is_json(call.text()),
    }
}

#[test]
fn each_collected_request_is_answered_once_whatever_the_bytes() {
    let (collected, called) = (Cell::new(0), Cell::new(0));
    let strategy = (
        prop::collection::vec((request(), any::<bool>()), 1..6),
        prop::collection::vec(end(), 1..8),
        prop_oneof![
            4 => Just(None),
            1 => Just(Some(Status::BadArgument)),
            1 => Just(Some(Status::InternalFailure)),
        ],
        any::<bool>(),
    );
    run(250, &strategy, |(requests, ends, refusal, has_batch)| {
        let mut host = Host::with(&configuration(has_batch));
        host.note(format!("{requests:?}\n{ends:?}"));
        let root = host.root();
        if let Some(refusal) = refusal {
            host.refuse_calls("cluster_1", refusal);
        }
        let mut waiting = Vec::new();
        for (request, leaves) in &requests {
            let (stream, actions) = host.send(request);
            let is_ours = actions[0] == Action::Pause;
            prop_assert!(actions
                .iter()
                .all(|action| (*action == Action::Pause) == is_ours));
            if *leaves && host.is_open(stream) {
                host.leave(stream);
            } else if is_ours {
                collected.set(collected.get() + 1);
                waiting.push(stream);
            }
        }
        host.turn();
        for (call, end) in host.calls().iter().zip(ends.iter().cycle()) {
            called.set(called.get() + 1);
            prop_assert!(is_well_formed(call, has_batch), "{}", call.text());
            if let End::Headers(headers) = end {
                let headers: Vec<_> = headers
                    .iter()
                    .map(|(name, value)| (*name, &value[..]))
                    .collect();
                host.end(call, &headers);
            }
        }
        host.advance(25 * SECOND);
        for stream in waiting {
            // The host raises a violation at a second one.
            prop_assert!(host.answer(stream).is_some(), "no answer");
            prop_assert!(!host.is_open(stream));
        }
        // Kept events are delivered, and then nothing is left.
        for _ in 0..30 {
            for call in host.calls() {
                prop_assert!(is_well_formed(&call, has_batch), "{}", call.text());
                host.respond(&call, 200);
            }
            host.advance(61 * SECOND);
        }
        // The gauges of a worker with an open breaker are kept up to date.
        let is_open = |webhook| host.count(&format!("breaker_open.webhook.hook_{webhook}")) > 0;
        prop_assert!(!host.is_ticking(root) || is_open(0) || is_open(1));
        prop_assert!(host.retire(root));
        Ok(())
    });
    assert!(collected.get() > 100, "only {} requests", collected.get());
    assert!(called.get() > 50, "only {} calls", called.get());
}

#[test]
fn a_configuration_is_taken_or_refused_in_words_whatever_its_bytes() {
    let taken = Cell::new(0);
    let wanted = json!({
        "webhooks": [{"name": "crm", "url": "https://crm.test/in?k=v", "headers": {"x-a": "${KEY}"}, "timeout": "5s"}],
        "cluster": "egress",
        "collect": {"path_prefix": "/p"},
        "limits": {"max_events": 10},
    });
    // `webhooks: []`, as a Struct on the wire.
    let wire = b"\x0a\x10\x0a\x08webhooks\x12\x04\x32\x02\x0a\x00".to_vec();
    let strategy = prop_oneof![
        bytes(),
        mutated(wanted.to_string().into_bytes()),
        mutated(wire),
        (0..400_usize).prop_map(|depth| [&b"{\"webhooks\":"[..], &vec![b'['; depth]].concat()),
    ];
    run(500, &strategy, |configuration| {
        let mut host = Host::start();
        host.set_environment(&[("KEY", "s3cret")]);
        host.note(format!("{configuration:?}"));
        let accepted = host.configure(configuration);
        let logs = host.logs();
        let errors = logs.iter().filter(|(level, _)| *level == LogLevel::Error);
        prop_assert_eq!(accepted, errors.count() == 0);
        for (_, line) in &logs {
            prop_assert!(line.starts_with("configur"), "{}", line);
            prop_assert!(!line.contains(char::is_control), "{:?}", line);
            prop_assert!(!line.contains("s3cret"), "{}", line);
        }
        if accepted {
            taken.set(taken.get() + 1);
            host.collect(&Request::post("/p/track", event("a").to_string()));
        }
        Ok(())
    });
    assert!(taken.get() > 20, "only {} were taken", taken.get());
}

#[test]
fn the_log_holds_nothing_of_an_event_and_one_line_a_message() {
    let strategy = (body(), path());
    run(200, &strategy, |(body, path)| {
        let mut host = Host::with(&webhooks(1));
        let request = Request::new("POST", path).header("x-canary", "c4nary");
        host.collect(&request.pieces(vec![body]));
        host.collect(&batch(&["c4nary-1", "c4nary-2"]));
        for call in host.calls() {
            host.end(&call, &[(":status", b"500"), ("server", b"c4nary\r\n")]);
        }
        host.advance(2 * SECOND);
        for (_, line) in host.logs() {
            prop_assert!(!line.contains("c4nary"), "{}", line);
            prop_assert!(!line.contains(char::is_control), "{:?}", line);
        }
        Ok(())
    });
}
