//! A request that is not a collection request goes to the route's own upstream, untouched; a
//! collection request never does.

use crate::support::{assert_accepted, track, Setup, SOON};
use freshpaint_harness::receiver::status;
use freshpaint_harness::{H2Connection, Request};
use serde_json::json;

fn others() -> Vec<Request> {
    let event = track().1.body;
    vec![
        Request::get("/"),
        Request::get("/app?x=%20&y"),
        Request::post("/tracker", event.clone()),
        Request::post("/v1/track/more", event.clone()),
        Request::post("/Track", event.clone()),
        Request::post("/x/track", event.clone()),
        Request::get("/v1/projects/KEY/settings"),
        Request::get("/event-definitions/ENV"),
        Request::new("OPTIONS", "/other"),
        Request::new("DELETE", "/thing"),
        // Paths of SDKs, but no request that an SDK sends.
        Request::new("OPTIONS", "/track"),
        Request::new("PUT", "/track"),
        Request::new("PATCH", "/batch"),
        Request::new("DELETE", "/groups"),
        Request::new("HEAD", "/track"),
        Request::get("/track"),
        Request::get("/groups?page=2"),
        Request::get("/v1/batch"),
        Request::new("HEAD", "/thing"),
        Request::post("/upload", vec![0xff; 300_000]),
        Request::post("/upload", "in pieces")
            .chunked(2)
            .trailer("x-last", "1"),
        Request::get("/odd").header("x-odd", b"caf\xe9 \xff\xfe".to_vec()),
        Request::get("/odd").header("content-encoding", b"\xff\xfe".to_vec()),
    ]
}

#[test]
fn a_request_that_is_not_ours_passes_untouched() {
    let bed = Setup::new(&["crm"]).start();
    let reply = status(418)
        .header("x-odd", b"\xff\xfe".to_vec())
        .header("set-cookie", "a=1")
        .header("set-cookie", "b=2")
        .body(vec![0xfe; 200_000]);
    bed.upstream.set(reply);
    let h2 = H2Connection::open(bed.envoy.address()).unwrap();
    for request in others() {
        let name = format!("{} {}", request.method, request.target);
        for over_h2 in [false, true] {
            bed.upstream.take();
            let answer = if over_h2 {
                h2.request(&request).unwrap()
            } else {
                bed.send(&request)
            };
            assert_eq!(answer.status, 418, "{name}");
            let cookies = answer
                .headers
                .iter()
                .filter(|(name, _)| name == "set-cookie");
            assert_eq!(cookies.count(), 2, "{name}");
            if request.method != "HEAD" {
                assert_eq!(answer.body, vec![0xfe; 200_000], "{name}");
            }
            let seen = bed.upstream.requests();
            assert_eq!(seen.len(), 1, "{name}");
            let seen = &seen[0];
            assert_eq!(
                (&seen.method, &seen.target),
                (&request.method, &request.target)
            );
            assert_eq!(seen.body, request.body, "{name}");
            assert_eq!(seen.trailers, request.trailers, "{name}");
            for header in &request.headers {
                assert!(seen.headers.contains(header), "{name}: {header:?}");
            }
        }
    }
    let passed = 2 * others().len() as u64;
    bed.assert_metrics(&[("requests.outcome.passed", passed)]);
    assert_eq!(bed.hook("crm").count(), 0);
}

#[test]
fn the_upstream_sees_nothing_of_a_collection_request() {
    let bed = Setup::new(&["crm"]).start();
    let h2 = H2Connection::open(bed.envoy.address()).unwrap();
    let request = track().1.header("origin", "https://shop.example.com");
    for (method, target) in [
        ("POST", "/track"),
        ("POST", "/track/"),
        ("POST", "/track?ip=1"),
        ("OPTIONS", "/track"),
        ("GET", "/track?data=e30"),
        ("POST", "/v1/batch"),
        ("POST", "/react-native/"),
        ("POST", "/android"),
    ] {
        let request = Request {
            method: method.into(),
            target: target.into(),
            ..request.clone()
        };
        bed.send(&request);
        h2.request(&request).unwrap();
    }
    assert_eq!(bed.upstream.count(), 0, "{:?}", bed.upstream.requests());
}

#[test]
fn a_prefix_moves_every_path() {
    let bed = Setup::new(&["crm"])
        .with("collect", json!({"path_prefix": "/ingest"}))
        .start();
    let (id, mut request) = track();
    request.target = "/ingest/track".into();
    assert_accepted(&bed.send(&request));
    assert_eq!(bed.only("crm").message_id(), id);
    request.target = "/track".into();
    assert_eq!(bed.send(&request).text(), "from the upstream");
    assert_eq!(
        bed.upstream.wait_for(1, SOON).unwrap()[0].body,
        request.body
    );
    assert_eq!(bed.hook("crm").count(), 1);
}
