//! Cross-origin headers on every answer.
use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::{config, config_with, Outcome, Request};
use freshpaint_core::delivery::Verdict;
use freshpaint_core::intake::{judge, Head, Judgement, Report};
use freshpaint_core::local_reply::LocalReply;
use freshpaint_core::observe::labels::RequestOutcome;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const EVENT: &str = r#"{"event":"a","properties":{}}"#;
const ORIGIN: &str = "https://shop.example";

fn answer(outcome: Outcome) -> LocalReply {
    match outcome {
        Outcome::Answered(answer, _) | Outcome::Refused(answer) | Outcome::Read(_, answer) => {
            answer
        }
        Outcome::Passed => panic!("passed"),
    }
}

fn cross_origin(answer: &LocalReply) -> BTreeMap<&'static str, &str> {
    answer
        .headers
        .iter()
        .filter(|(name, _)| name.starts_with("access-control-") || *name == "vary")
        .map(|(name, value)| (*name, &**value))
        .collect()
}

fn readable_by(origin: &str) -> BTreeMap<&'static str, &str> {
    BTreeMap::from([
        ("access-control-allow-origin", origin),
        ("access-control-allow-credentials", "true"),
        ("access-control-expose-headers", "Retry-After"),
        ("vary", "Origin"),
    ])
}

#[test]
fn success_and_every_refusal_can_be_read_by_the_page() {
    let max = config().limits.max_body_bytes + 1;
    for (status, request) in [
        (200, Request::post("/track", EVENT)),
        (400, Request::post("/track", "")),
        (400, Request::post("/track", "no event")),
        (400, Request::post("/track", "{}")),
        (400, Request::post("/track?data=1", "").method("GET")),
        (
            413,
            Request::post("/track", EVENT).header("content-length", max.to_string()),
        ),
        (
            413,
            Request::post("/track", format!("[{}]", "1,".repeat(2_500) + "1")),
        ),
        (
            415,
            Request::post("/track", "no event").header("content-encoding", "br"),
        ),
    ] {
        let answer = answer(request.header("origin", ORIGIN).run());
        assert_eq!(answer.status, status);
        assert_eq!(cross_origin(&answer), readable_by(ORIGIN), "{status}");
    }
}

#[test]
fn browsers_can_read_the_answers_that_say_to_send_again() {
    let request = Request::post("/track", EVENT).header("origin", ORIGIN);
    let config = config();
    let head = Head {
        method: b"POST",
        path: b"/track",
        headers: &request,
        end_of_stream: false,
    };
    let Judgement::Collect(collection) = judge(&head, &config) else {
        panic!("refused")
    };
    let report = Report::default();
    let after = Duration::from_millis(1_001);
    let retry = Verdict::Retry {
        after,
        held: false,
        failed: 1,
    };
    for verdict in [retry, Verdict::Overloaded { after }] {
        let answer = collection.answer(&verdict, &report);
        assert_eq!(answer.status, 503);
        assert_eq!(cross_origin(&answer), readable_by(ORIGIN));
        assert!(answer.headers.contains(&("retry-after", "2".into())));
    }
    assert_eq!(cross_origin(&collection.too_large()), readable_by(ORIGIN));
}

#[test]
fn without_an_origin_only_vary_is_said() {
    let answer = answer(Request::post("/track", EVENT).run());
    assert_eq!(cross_origin(&answer), BTreeMap::from([("vary", "Origin")]));
}

#[test]
fn a_preflight_allows_what_it_asks_for() {
    let preflight = Request::post("/v1/t", "")
        .method("OPTIONS")
        .header("origin", "null")
        .header(
            "access-control-request-headers",
            "authorization,x-retry-count",
        );
    let Outcome::Answered(answer, RequestOutcome::Preflight) = preflight.run() else {
        panic!("not a preflight")
    };
    let mut expected = readable_by("null");
    expected.extend([
        ("access-control-allow-methods", "POST, OPTIONS"),
        (
            "access-control-allow-headers",
            "authorization,x-retry-count",
        ),
        ("access-control-max-age", "7200"),
    ]);
    assert_eq!((answer.status, &*answer.body), (200, &b""[..]));
    assert_eq!(cross_origin(&answer), expected);
}

#[test]
fn bytes_that_cannot_stand_in_a_header_are_not_reflected() {
    let long = "a".repeat(2_000);
    for hostile in ["", "a\r\nset-cookie: x", "a\0", "\u{e9}", "a\tb", &long] {
        let request = Request::post("/track", EVENT).header("origin", hostile);
        assert_eq!(
            cross_origin(&answer(request.run())),
            BTreeMap::from([("vary", "Origin")]),
            "{hostile:?}"
        );
        let preflight = Request::post("/track", "")
            .method("OPTIONS")
            .header("origin", ORIGIN)
            .header("access-control-request-headers", hostile);
        assert_eq!(
            cross_origin(&answer(preflight.run()))["access-control-allow-headers"],
            "authorization, content-type",
            "{hostile:?}"
        );
    }
}

#[test]
fn an_origin_that_is_not_listed_sends_no_events_and_reads_no_answers() {
    let config = config_with(&format!(r#"{{"allowed_origins": ["{ORIGIN}"]}}"#));
    let sent_from = |origin: &str| {
        Request::post("/track", EVENT)
            .header("origin", origin)
            .run_with(&config)
    };

    let listed = answer(sent_from(ORIGIN));
    assert_eq!(
        (listed.status, cross_origin(&listed)),
        (200, readable_by(ORIGIN))
    );

    let other = answer(sent_from("https://evil.example"));
    assert_eq!(other.status, 403);
    assert_eq!(cross_origin(&other), BTreeMap::from([("vary", "Origin")]));

    let preflight = Request::post("/track", "")
        .method("OPTIONS")
        .header("origin", "https://evil.example");
    assert_eq!(
        cross_origin(&answer(preflight.run_with(&config))),
        BTreeMap::from([("vary", "Origin")])
    );

    let server = answer(Request::post("/track", EVENT).run_with(&config));
    assert_eq!(server.status, 200);

    // Neither can an origin be listed that is too long or no text.
    let long = format!("{ORIGIN}/{}", "a".repeat(300));
    for odd in ["", "\u{e9}", &long, &format!("{ORIGIN}, {ORIGIN}")] {
        assert_eq!(answer(sent_from(odd)).status, 403, "{odd:?}");
    }
    let bytes = Request::post("/track", EVENT).header("origin", b"\xff");
    assert_eq!(answer(bytes.run_with(&config)).status, 403);
}

/// The paths are generic: before a request that is no SDK's, a browser asks the application.
#[test]
fn a_preflight_of_another_method_is_the_applications() {
    let asks = |path: &str, method: &str| {
        let preflight = Request::post(path, "").method("OPTIONS");
        let preflight = preflight.header("origin", ORIGIN);
        preflight
            .header("access-control-request-method", method)
            .run()
    };
    for (path, method) in [("/batch", "POST"), ("/track", "POST"), ("/track", "GET")] {
        assert_eq!(answer(asks(path, method)).status, 200, "{path} {method}");
    }
    for (path, method) in [
        ("/batch", "GET"),
        ("/batch", "DELETE"),
        ("/track", "PUT"),
        ("/track", "PATCH"),
        ("/track", "post"),
        ("/track", ""),
    ] {
        assert_eq!(asks(path, method), Outcome::Passed, "{path} {method}");
    }
}
