//! Every body up to the module's own limit is taken, whatever Envoy's limits on buffers are.

use std::collections::BTreeSet;
use std::io::Write;

use crate::support::{fresh_id, Bed, Setup, SOON};
use flate2::write::GzEncoder;
use flate2::Compression;
use freshpaint_harness::envoy::filter;
use freshpaint_harness::{H2Connection, Request};
use serde_json::json;

/// `limits.max_body_bytes` unless it is configured.
const MAX_BODY: usize = 1 << 20;

/// The limits of a listener: on the buffer of a connection, and on the window of an HTTP/2 stream.
const LISTENERS: [(u32, u32); 4] = [
    (4 << 10, 64 << 10),
    (32 << 10, 64 << 10),
    (1 << 20, 256 << 10),
    (8 << 20, 16 << 20),
];

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn setup((buffer_limit, stream_window): (u32, u32)) -> Setup {
    let mut setup = Setup::new(&["crm"]);
    setup.config.per_connection_buffer_limit = Some(buffer_limit);
    setup.config.stream_window = Some(stream_window);
    setup
}

fn decompressor() -> serde_json::Value {
    let library = "type.googleapis.com/envoy.extensions.compression.gzip.decompressor.v3.Gzip";
    filter(
        "decompressor",
        "decompressor.v3.Decompressor",
        json!({"decompressor_library": {"name": "gzip", "typed_config": {"@type": library}}}),
    )
}

/// A batch of exactly this many bytes, and the ids of its events.
fn batch(size: usize) -> (BTreeSet<String>, Request) {
    let mut ids = BTreeSet::new();
    let mut body = String::from(r#"{"batch": ["#);
    while ids.is_empty() || body.len() + 12_000 < size {
        let id = fresh_id();
        // No run that a compressor could shorten to nothing.
        let text: String = (0..1_000_u32)
            .map(|at| format!("{:08x}", at.wrapping_mul(2_654_435_761) ^ ids.len() as u32))
            .collect();
        let separator = if ids.is_empty() { "" } else { "," };
        body += &format!(
            r#"{separator}{{"type": "track", "event": "a", "messageId": "{id}", "anonymousId": "d",
            "timestamp": "2026-01-02T03:04:05Z", "properties": {{"text": "{text}"}}}}"#
        );
        ids.insert(id);
    }
    body += "]}";
    body += &" ".repeat(size - body.len());
    (ids, Request::post("/v1/batch", body))
}

/// Sends a batch of this size as it is, chunked and over HTTP/2; each has to be delivered whole.
fn assert_taken(bed: &Bed, size: usize, change: impl Fn(Request) -> Request) {
    let h2 = H2Connection::open(bed.envoy.address()).unwrap();
    for way in ["a length", "chunks", "small chunks", "HTTP/2"] {
        let (ids, request) = batch(size);
        let request = change(request);
        let reply = match way {
            "a length" => bed.send(&request),
            "chunks" => bed.send(&request.chunked(50_000)),
            "small chunks" => bed.send(&request.chunked(1_000)),
            _ => h2.request(&request).unwrap(),
        };
        assert_eq!(reply.status, 200, "{size} bytes, {way}: {}", reply.text());
        bed.hook("crm")
            .wait_until(SOON, |all| {
                let seen: BTreeSet<_> = all.iter().map(|one| one.message_id()).collect();
                seen.is_superset(&ids)
            })
            .unwrap_or_else(|error| panic!("{size} bytes, {way}: {error:#}"));
    }
}

#[test]
fn every_size_under_every_limit_of_the_listener() {
    for limits in LISTENERS {
        let bed = setup(limits).start();
        for size in [12_100, 38_281, 67_297, 193_374, 483_874, MAX_BODY] {
            assert_taken(&bed, size, |request| request);
        }
        assert_eq!(bed.upstream.count(), 0);
    }
}

#[test]
fn every_size_behind_a_decompressor() {
    for limits in LISTENERS {
        let mut setup = setup(limits);
        setup.config.filters_before.push(decompressor());
        let bed = setup.start();
        for size in [38_281, 193_374, MAX_BODY] {
            assert_taken(&bed, size, |request| {
                Request {
                    body: gzip(&request.body),
                    ..request
                }
                .header("content-encoding", "gzip")
            });
        }
        assert_taken(&bed, 193_374, |request| request);
    }
}

#[test]
fn a_body_over_the_limit_delivers_nothing() {
    for limits in LISTENERS {
        let bed = setup(limits).start();
        let h2 = H2Connection::open(bed.envoy.address()).unwrap();
        let (_, request) = batch(MAX_BODY + 1);
        for reply in [
            bed.send(&request),
            bed.send(&request.clone().chunked(50_000)),
            h2.request(&request).unwrap(),
        ] {
            assert_eq!(reply.status, 413);
            assert!(reply.text().contains("1048576"), "{}", reply.text());
        }
        bed.assert_metrics(&[("requests.outcome.refused", 3)]);
        assert_eq!(bed.hook("crm").count(), 0);
    }
}
