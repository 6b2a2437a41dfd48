//! One event in every shape that HTTP allows.

use crate::support::{assert_accepted, track, Bed, Setup, SOON};
use flate2::write::GzEncoder;
use flate2::Compression;
use freshpaint_harness::envoy::filter;
use freshpaint_harness::{Connection, H2Connection, Request};
use serde_json::json;
use std::io::Write;

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// Sends a changed event over HTTP/1.1 and one over HTTP/2; each must arrive.
fn assert_taken(bed: &Bed, case: &str, change: impl Fn(Request) -> Request) {
    let h2 = H2Connection::open(bed.envoy.address()).unwrap();
    for over_h2 in [false, true] {
        let (id, request) = track();
        let request = change(request);
        let answer = if over_h2 {
            h2.request(&request).unwrap()
        } else {
            bed.send(&request)
        };
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (200, "1"),
            "{case}, HTTP/2: {over_h2}"
        );
        bed.hook("crm")
            .wait_until(SOON, |all| all.iter().any(|seen| seen.message_id() == id))
            .unwrap_or_else(|error| panic!("{case}: {error:#}"));
    }
}

#[test]
fn a_request_split_at_every_byte() {
    let bed = Setup::new(&["crm"]).start();
    let (_, request) = track();
    let chunked = request.clone().chunked(30).trailer("x-t", "1");
    let mut client = Connection::open(bed.envoy.address()).unwrap();
    let mut sent = 0;
    for bytes in [request.to_bytes(), chunked.to_bytes()] {
        for at in 1..bytes.len() {
            let (begin, end) = bytes.split_at(at);
            client.send_pieces([begin, end]).unwrap();
            assert_accepted(&client.response().unwrap());
            sent += 1;
        }
        client.send_pieces(bytes.chunks(1)).unwrap();
        assert_accepted(&client.response().unwrap());
        sent += 1;
    }
    // It is one and the same event each time: accepted once, and recognised after that.
    bed.assert_metrics(&[
        ("requests.outcome.accepted", sent),
        ("events.type.track.outcome.accepted", 1),
        ("events.type.track.outcome.duplicate", sent - 1),
        ("deliveries.webhook.crm.outcome.delivered", 1),
        ("attempts.webhook.crm.outcome.delivered.status_class.2xx", 1),
    ]);
    assert_eq!(bed.upstream.count(), 0);
}

#[test]
fn every_framing_over_both_protocols() {
    let bed = Setup::new(&["crm"]).start();
    assert_taken(&bed, "as it is", |request| request);
    assert_taken(&bed, "chunks of one byte", |request| request.chunked(1));
    assert_taken(&bed, "one chunk", |request| request.chunked(1000));
    assert_taken(&bed, "trailers", |request| {
        request.chunked(7).trailer("x-t", "1")
    });
    assert_taken(&bed, "odd trailers", |request| {
        request.chunked(7).trailer("x-t", b"\xff".to_vec())
    });
    assert_taken(&bed, "expect", |request| {
        request.header("expect", "100-continue")
    });
    assert_taken(&bed, "trailing slash", |request| Request {
        target: "/track/".into(),
        ..request
    });
    assert_taken(&bed, "query", |request| Request {
        target: "/track?ip=1&_=2".into(),
        ..request
    });
    assert_taken(&bed, "gzip", |request| {
        Request {
            body: gzip(&request.body),
            ..request
        }
        .header("content-encoding", "gzip")
    });
    assert_taken(&bed, "undeclared gzip", |request| Request {
        body: gzip(&request.body),
        ..request
    });
    for kind in [
        "application/json",
        "text/plain;charset=UTF-8",
        "application/x-www-form-urlencoded",
        "image/png",
    ] {
        assert_taken(&bed, kind, |request| request.header("content-type", kind));
    }
    assert_eq!(bed.upstream.count(), 0);
}

/// After this filter the end of a body is never said with its last bytes, only by trailers.
#[test]
fn behind_envoys_decompressor() {
    let mut setup = Setup::new(&["crm"]);
    setup.config.filters_before.push(filter(
        "decompressor",
        "decompressor.v3.Decompressor",
        json!({"decompressor_library": {
            "name": "gzip",
            "typed_config": {"@type": "type.googleapis.com/envoy.extensions.compression.gzip.decompressor.v3.Gzip"},
        }}),
    ));
    let bed = setup.start();
    assert_taken(&bed, "gzip", |request| {
        Request {
            body: gzip(&request.body),
            ..request
        }
        .header("content-encoding", "gzip")
    });
    assert_taken(&bed, "plain", |request| request);
}

#[test]
fn no_header_value_hurts_the_worker() {
    let bed = Setup::new(&["crm"]).start();
    let machines = || {
        bed.envoy
            .stat("wasm.envoy.wasm.runtime.v8.created")
            .unwrap()
    };
    let at_start = machines();
    let odd: &[u8] = b"\xff\xfe\x80caf\xe9";
    for name in [
        "content-type",
        "origin",
        "user-agent",
        "authorization",
        "cookie",
        "x-write-key",
        "x-odd",
        "referer",
    ] {
        assert_taken(&bed, name, |request| request.header(name, odd.to_vec()));
    }
    assert_taken(&bed, "long", |request| {
        request.header("x-long", vec![b'x'; 30_000])
    });
    assert_taken(&bed, "origin twice", |request| {
        request
            .header("origin", "https://a.test")
            .header("origin", odd.to_vec())
    });
    assert_taken(&bed, "content-encoding", |request| {
        request.header("content-encoding", odd.to_vec())
    });
    let unreadable = Request::post("/track", "no event").header("content-encoding", odd.to_vec());
    assert_eq!(bed.send(&unreadable).status, 415);
    let preflight = Request::new("OPTIONS", "/track")
        .header("origin", odd.to_vec())
        .header("access-control-request-headers", odd.to_vec());
    assert_eq!(bed.send(&preflight).status, 200);
    assert_taken(&bed, "afterwards", |request| request);
    assert_eq!(machines(), at_start, "a VM was replaced");
}

#[test]
fn the_body_of_the_answer_is_as_verbose_as_it_was_asked_to_be() {
    let bed = Setup::new(&["crm"]).start();
    let (_, mut request) = track();
    request.target = "/track?verbose=1".into();
    let answer = bed.send(&request);
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (200, r#"{"status":1,"error":null}"#)
    );
}

#[test]
fn an_event_in_the_query() {
    let bed = Setup::new(&["crm"]).start();
    let (id, request) = track();
    let data: String = request
        .body
        .iter()
        .map(|byte| format!("%{byte:02x}"))
        .collect();
    assert_accepted(&bed.send(&Request::get(&format!("/track?data={data}&ip=1"))));
    assert_eq!(bed.only("crm").message_id(), id);
    assert_eq!(bed.upstream.count(), 0);
}
