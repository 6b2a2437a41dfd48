//! Signed webhooks in a real Envoy: what other people's libraries make of them, and that no secret
//! is seen anywhere.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing
)]

mod manual;
mod secrets;
mod verifier;

use freshpaint_harness::receiver::status;
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Cluster, Config, Envoy, Plugin, Receiver, Recorded, Request};
use serde_json::{json, Value};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use verifier::Verifiers;

const SOON: Duration = Duration::from_secs(30);

const OLD: &str = "whsec_b2xkIG9sZCBvbGQgb2xkIG9sZCBvbGQgb2xk";
const NEW: &str = "whsec_bmV3IG5ldyBuZXcgbmV3IG5ldyBuZXcgbmV3";

/// One webhook, signed like this, on two workers.
fn signed(signing: Value, receiver: &Receiver) -> Config {
    signed_to(signing, receiver.address())
}

/// As [`signed`], for a receiver at this address.
fn signed_to(signing: Value, receiver: SocketAddr) -> Config {
    configured(json!({"signing": signing}), receiver)
}

/// One webhook with these fields, on two workers.
fn configured(fields: Value, receiver: SocketAddr) -> Config {
    let mut webhook = json!({"name": "crm", "url": "http://crm.test/in", "cluster": "crm"});
    for (key, value) in fields.as_object().unwrap() {
        webhook[key] = value.clone();
    }
    let environment = [("OLD", OLD), ("NEW", NEW), ("SHARED", "a shared secret")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    Config {
        concurrency: 2,
        clusters: vec![Cluster::new("crm", receiver)],
        host_environment: environment.into(),
        plugin: Plugin::Struct(json!({
            "webhooks": [webhook],
            "retry": {"initial_backoff": "0.1s"},
        })),
        file_lds: true,
        ..Config::default()
    }
}

fn track(id: &str) -> Request {
    let body = json!({"event": "a", "properties": {
        "distinct_id": "d", "time": 1_672_262_210, "$insert_id": id, "name": "J\u{fc}rgen", "n": 1.50,
    }});
    Request::post("/track", body.to_string())
}

/// The text of a header that has to be there.
fn header<'r>(request: &'r Recorded, name: &str) -> &'r str {
    request
        .header(name)
        .unwrap_or_else(|| panic!("no {name}: {request:?}"))
}

#[test]
fn other_libraries_verify_what_arrives_and_nothing_else() {
    let receiver = Receiver::start().unwrap();
    let envoy = Envoy::start(&signed(json!({"secrets": ["${NEW}"]}), &receiver)).unwrap();
    assert_eq!(track("m-1").send(envoy.address()).unwrap().status, 200);
    let mut request = receiver.wait_for(1, SOON).unwrap().remove(0);

    let id = header(&request, "webhook-id");
    assert!(id.starts_with("msg_") && id.len() == 26, "{id}");
    let timestamp: u64 = header(&request, "webhook-timestamp").parse().unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    assert!(now.as_secs().abs_diff(timestamp) <= 60, "{timestamp}");

    let Some(verifiers) = Verifiers::get() else {
        return;
    };
    verifiers.assert_verified(&request, NEW);
    verifiers.assert_refused(&request, OLD);
    let at = request.body.len() / 2;
    request.body[at] ^= 1;
    verifiers.assert_refused(&request, NEW);
}

/// A receiver that drops the ids that it has must not drop another event of the same order, or the
/// first one of another user.
#[test]
fn events_that_share_a_message_id_have_ids_of_their_own() {
    let receiver = Receiver::start().unwrap();
    let envoy = Envoy::start(&signed(json!({"secrets": ["${NEW}"]}), &receiver)).unwrap();
    let events = [
        ("Placed", "u", "d"),
        ("Shipped", "u", "d"),
        ("Placed", "v", "d"),
        ("Placed", "u", "e"),
    ];
    for (name, user, device) in events {
        let event = json!({"type": "track", "event": name, "userId": user, "anonymousId": device,
            "messageId": "order-7"});
        let request = Request::post("/v1/track", event.to_string());
        assert_eq!(request.send(envoy.address()).unwrap().status, 200);
    }
    let all = receiver.wait_for(events.len(), SOON).unwrap();
    let ids: BTreeSet<_> = all.iter().map(|one| header(one, "webhook-id")).collect();
    assert_eq!(ids.len(), events.len(), "{ids:?}");
}

#[test]
fn the_id_lasts_over_retries_and_restarts_and_each_attempt_has_its_time() {
    let receiver = Receiver::start().unwrap();
    receiver.decide(|_, before| status(if before == 0 { 503 } else { 200 }));
    let config = signed(json!({"secrets": ["${NEW}"]}), &receiver);
    let envoy = Envoy::start(&config).unwrap();
    assert_eq!(track("m-1").send(envoy.address()).unwrap().status, 503);
    receiver.wait_for(2, SOON).unwrap();
    drop(envoy);
    let envoy = Envoy::start(&config).unwrap();
    for id in ["m-1", "m-2"] {
        assert_eq!(track(id).send(envoy.address()).unwrap().status, 200);
    }
    let all = receiver.wait_for(4, SOON).unwrap();
    let ids: Vec<_> = all.iter().map(|one| header(one, "webhook-id")).collect();
    assert_eq!(ids[..3], [ids[0]; 3]);
    assert_ne!(ids[3], ids[0]);
    if let Some(verifiers) = Verifiers::get() {
        for request in &all {
            verifiers.assert_verified(request, NEW);
        }
    }
}

/// A signed webhook with `batch`: each call is verified, the id is the same over the attempts of a
/// call, and a call of one event has the event's own id.
#[test]
fn other_libraries_verify_calls_with_several_events() {
    for format in ["json_array", "ndjson"] {
        let receiver = Receiver::start().unwrap();
        receiver.decide(|_, before| status(if before == 0 { 503 } else { 200 }));
        let signing = json!({"secrets": ["${NEW}"]});
        let fields = json!({"signing": signing, "batch": {"format": format}});
        let envoy = Envoy::start(&configured(fields, receiver.address())).unwrap();
        let events = ["m-1", "m-2", "m-3"]
            .map(|id| json!({"type": "track", "event": "a", "messageId": id, "userId": "u"}));
        let three = Request::post("/v1/batch", json!({"batch": events}).to_string());
        assert_eq!(three.send(envoy.address()).unwrap().status, 503);
        receiver.wait_for(2, SOON).unwrap();
        assert_eq!(track("m-4").send(envoy.address()).unwrap().status, 200);
        let all = receiver.wait_for(3, SOON).unwrap();
        let ids: Vec<_> = all.iter().map(|one| header(one, "webhook-id")).collect();
        assert_eq!(ids[0], ids[1], "{format}");
        assert_ne!(ids[0], ids[2], "{format}");
        for id in &ids {
            assert!(id.starts_with("msg_") && id.len() == 26, "{id}");
        }
        for request in &all[..2] {
            let events = String::from_utf8_lossy(&request.body)
                .matches("messageId")
                .count();
            assert_eq!(events, 3, "{format}");
        }

        let plain = Receiver::start().unwrap();
        let fields = json!({"signing": signing});
        let single = Envoy::start(&configured(fields, plain.address())).unwrap();
        assert_eq!(track("m-4").send(single.address()).unwrap().status, 200);
        let alone = plain.wait_for(1, SOON).unwrap();
        assert_eq!(header(&alone[0], "webhook-id"), ids[2], "{format}");
        if let Some(verifiers) = Verifiers::get() {
            for request in &all {
                verifiers.assert_verified(request, NEW);
                verifiers.assert_refused(request, OLD);
            }
        }
    }
}

#[test]
fn secrets_are_rotated_while_events_come_in() {
    let receiver = Receiver::start().unwrap();
    let config = |secrets: Value| signed(json!({"secrets": secrets}), &receiver);
    let envoy = Envoy::start(&config(json!(["${OLD}"]))).unwrap();
    let mut sent = 0;
    let mut arrived_with = |signatures: usize| {
        let arrived = poll(SOON, || {
            sent += 1;
            let answer = track(&format!("m-{sent}")).send(envoy.address()).unwrap();
            assert_eq!(answer.status, 200);
            let last = receiver.wait_for(sent, SOON).unwrap().pop()?;
            let found = header(&last, "webhook-signature").split(' ').count();
            (found == signatures).then_some(last)
        });
        arrived.unwrap()
    };
    let before = arrived_with(1);
    envoy.update(&config(json!(["${NEW}", "${OLD}"]))).unwrap();
    let during = arrived_with(2);
    // Each worker takes it over by itself. Once nothing of the old one drains, all have.
    let draining = "listener_manager.total_filter_chains_draining";
    envoy.wait_for_stat(draining, 0, SOON).unwrap();
    envoy
        .update(&config(json!([
            "${NEW}",
            {"secret": "${OLD}", "not_after": "2024-01-31T00:00:00Z"},
        ])))
        .unwrap();
    let after = arrived_with(1);
    let Some(verifiers) = Verifiers::get() else {
        return;
    };
    verifiers.assert_verified(&before, OLD);
    verifiers.assert_verified(&during, OLD);
    verifiers.assert_verified(&during, NEW);
    verifiers.assert_verified(&after, NEW);
    verifiers.assert_refused(&after, OLD);
}

/// Verifies as receivers do that were written for Segment.
#[test]
fn x_signature_is_the_hmac_of_the_body() {
    let receiver = Receiver::start().unwrap();
    let signing = json!({"scheme": "x_signature_sha1", "secrets": ["${SHARED}"]});
    let envoy = Envoy::start(&signed(signing, &receiver)).unwrap();
    assert_eq!(track("m-1").send(envoy.address()).unwrap().status, 200);
    let request = receiver.wait_for(1, SOON).unwrap().remove(0);
    assert_eq!(request.header("webhook-signature"), None);

    let body = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(body.path(), &request.body).unwrap();
    let script = "import hashlib, hmac, sys\n\
        print(hmac.new(b'a shared secret', open(sys.argv[1], 'rb').read(), hashlib.sha1).hexdigest())";
    let output = Command::new("python3")
        .args(["-c", script])
        .arg(body.path())
        .output()
        .unwrap();
    let expected = String::from_utf8(output.stdout).unwrap();
    assert_eq!(header(&request, "x-signature"), expected.trim());
}
