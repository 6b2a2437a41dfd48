//! Preflights, and requests that are refused: at once, with a plain sentence, and with CORS headers
//! so that a page can read it.

use crate::support::{assert_accepted, assert_retry, track, Bed, Setup};
use freshpaint_harness::receiver::status;
use freshpaint_harness::{Connection, H2Connection, Request, Response};
use serde_json::json;

const ORIGIN: &str = "https://shop.example.com";
const MIB: usize = 1 << 20;

/// As the shipped configuration has it: Envoy's own limit, whose 413 no page can read, above the
/// module's.
fn bed() -> Bed {
    let mut setup = Setup::new(&["crm"]);
    setup.config.per_connection_buffer_limit = Some(8 << 20);
    setup.start()
}

#[track_caller]
fn assert_cors(answer: &Response) {
    let cors = [
        ("access-control-allow-origin", ORIGIN),
        ("access-control-allow-credentials", "true"),
        ("vary", "Origin"),
    ];
    for (name, value) in cors {
        assert_eq!(answer.header(name), Some(value), "{name}: {answer:?}");
    }
}

#[test]
fn a_preflight_is_answered_and_every_answer_can_be_read() {
    let bed = bed();
    let preflight = Request::new("OPTIONS", "/track")
        .header("origin", ORIGIN)
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "content-type,x-retry-count",
        );
    let h2 = H2Connection::open(bed.envoy.address()).unwrap();
    for answer in [bed.send(&preflight), h2.request(&preflight).unwrap()] {
        assert_eq!((answer.status, answer.body.len()), (200, 0));
        assert_cors(&answer);
        assert_eq!(
            answer.header("access-control-allow-headers"),
            Some("content-type,x-retry-count")
        );
        assert!(answer
            .header("access-control-allow-methods")
            .unwrap()
            .contains("POST"));
    }
    let from_page = |request: Request| bed.send(&request.header("origin", ORIGIN));
    let accepted = from_page(track().1);
    assert_accepted(&accepted);
    assert_cors(&accepted);
    bed.hook("crm").set(status(500));
    let retry = from_page(track().1);
    assert_retry(&retry);
    assert_cors(&retry);
    assert_eq!(
        retry.header("access-control-expose-headers"),
        Some("Retry-After")
    );
    for (request, code) in [
        (Request::post("/track", "{"), 400),
        (Request::post("/track", vec![b' '; MIB + 1]), 413),
        (
            Request::post("/track", vec![b' '; MIB + 1]).chunked(60_000),
            413,
        ),
    ] {
        let answer = from_page(request);
        assert_eq!(answer.status, code);
        assert_cors(&answer);
    }
    bed.assert_metrics(&[
        ("requests.outcome.preflight", 2),
        ("requests.outcome.accepted", 1),
        ("requests.outcome.retry", 1),
        ("requests.outcome.refused", 3),
        ("events.type.track.outcome.accepted", 1),
        ("events.type.track.outcome.failed", 1),
        ("deliveries.webhook.crm.outcome.delivered", 1),
        ("attempts.webhook.crm.outcome.delivered.status_class.2xx", 1),
        ("attempts.webhook.crm.outcome.rejected.status_class.5xx", 1),
        ("deliveries.webhook.crm.outcome.rejected", 1),
    ]);
}

#[test]
fn a_body_that_is_not_an_event_is_refused_with_what_and_where() {
    let bed = bed();
    let cases: [(&[u8], &str); 9] = [
        (b"", "The request has no body."),
        (b"{\"event\":", "The body is not JSON: "),
        (b"hello", "The body is not JSON: "),
        (b"\xff\xfe", "The body is not JSON: byte 0 is not UTF-8."),
        (
            b"7",
            "The body is not an event: it is neither an object nor an array.",
        ),
        (b"{}", "The body is not an event: event is missing."),
        (
            b"{\"event\":7}",
            "The body is not an event: event is not a string.",
        ),
        (
            b"{\"event\":\"a\",\"properties\":[1]}",
            "The body is not an event: properties is not an object.",
        ),
        (
            b"\x1f\x8b\x08 broken",
            "The body is damaged: it begins as gzip and does not decode.",
        ),
    ];
    for (body, sentence) in cases {
        let answer = bed.send(&Request::post("/track", body));
        assert_eq!(answer.status, 400, "{sentence}");
        assert!(answer.text().starts_with(sentence), "{}", answer.text());
        assert_eq!(
            answer.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
    }
    assert_eq!((bed.hook("crm").count(), bed.upstream.count()), (0, 0));
}

#[test]
fn a_body_over_the_limit_is_refused_however_it_comes() {
    let bed = bed();
    let (_, mut request) = track();
    request.body.resize(MIB, b' ');
    assert_accepted(&bed.send(&request));
    let h2 = H2Connection::open(bed.envoy.address()).unwrap();

    request.body.push(b' ');
    let chunked = request.clone().chunked(50_000);
    let with_length = request
        .clone()
        .header("content-length", request.body.len().to_string());
    let mut answers = vec![bed.send(&request), bed.send(&chunked)];
    answers.push(h2.request(&request).unwrap());
    answers.push(h2.request(&with_length).unwrap());
    // Declared and not sent: refused without waiting for it.
    let mut client = Connection::open(bed.envoy.address()).unwrap();
    client
        .send(b"POST /track HTTP/1.1\r\nhost: h\r\ncontent-length: 99999999999\r\n\r\n")
        .unwrap();
    answers.push(client.response().unwrap());
    for answer in answers {
        assert_eq!(answer.status, 413);
        assert!(answer.text().contains("1048576"), "{}", answer.text());
    }
    assert_eq!((bed.hook("crm").count(), bed.upstream.count()), (1, 0));
}

#[test]
fn under_envoys_own_limit_a_large_body_is_refused_by_envoy() {
    let bed = Setup::new(&["crm"]).start();
    let (_, mut request) = track();
    request.body.resize(2 * MIB, b' ');
    assert_eq!(bed.send(&request.clone().chunked(50_000)).status, 413);
    assert_eq!(bed.send(&request).status, 413);
    // The worker is none the worse for it.
    assert_accepted(&bed.track().1);
}

#[test]
fn a_limit_can_be_set() {
    let bed = Setup::new(&["crm"])
        .with("limits", json!({"max_body_bytes": 1000}))
        .start();
    let (_, mut request) = track();
    request.body.resize(1000, b' ');
    assert_accepted(&bed.send(&request));
    request.body.push(b' ');
    assert_eq!(bed.send(&request).status, 413);
}
