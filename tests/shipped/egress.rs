//! The egress recipe: any URL from the module's configuration alone.

use crate::{payload, start, track};
use freshpaint_harness::receiver::{Protocol, Reply};
use freshpaint_harness::shipped::{trust_store, Shipped};
use freshpaint_harness::tls::Certificate;
use freshpaint_harness::{Envoy, Receiver, Recorded};
use serde_json::json;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// `*.localhost` is loopback for Envoy's resolver (RFC 6761), so no host has to be configured.
fn url(scheme: &str, host: &str, receiver: &Receiver) -> String {
    format!("{scheme}://{host}:{}/in?k=v", receiver.address().port())
}

/// The shipped file with one webhook that names no cluster.
fn egress_to(url: &str) -> Shipped {
    let mut shipped = Shipped::load().unwrap();
    shipped.trust(&trust_store().unwrap()).unwrap();
    shipped.configuration().unwrap()["webhooks"] = json!([{"name": "hook", "url": url}]);
    shipped
}

fn secure(names: &[&str], http2: bool) -> (Receiver, Arc<Certificate>) {
    let certificate = Arc::new(Certificate::for_names(names).unwrap());
    let protocol = Protocol::Tls {
        certificate: Arc::clone(&certificate),
        http2,
    };
    (Receiver::with(protocol).unwrap(), certificate)
}

/// Starts Envoy with a webhook that only `certificate` vouches for.
fn start_trusting(certificate: &Certificate, url: &str) -> Envoy {
    let folder = tempfile::tempdir().unwrap();
    let authorities = folder.path().join("authorities.pem");
    fs::write(&authorities, certificate.pem()).unwrap();
    let mut shipped = egress_to(url);
    shipped.allow_private().unwrap();
    shipped.trust(&authorities).unwrap();
    start(shipped)
}

/// What a webhook of the egress sees of a first delivery: our headers, and not one of Envoy's.
fn assert_first_delivery(request: &Recorded, authority: &str) {
    assert_eq!(
        (request.method.as_str(), request.target.as_str()),
        ("POST", "/in?k=v")
    );
    let mut names: Vec<_> = request
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["content-length", "content-type", "host", "user-agent"]
    );
    assert_eq!(request.header("host"), Some(authority));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.json(), payload("Signed Up"));
}

#[test]
fn delivers_the_first_event_to_a_host_never_resolved_before() {
    let receiver = Receiver::start().unwrap();
    let mut shipped = egress_to(&url("http", "cold.localhost", &receiver));
    shipped.allow_private().unwrap();
    let envoy = start(shipped);

    assert_eq!(track(&envoy, "Signed Up").status, 200);
    let [request] = receiver.wait_for(1, PATIENCE).unwrap().try_into().unwrap();
    assert_eq!(request.http, 1);
    assert_first_delivery(
        &request,
        &format!("cold.localhost:{}", receiver.address().port()),
    );
}

#[test]
fn delivers_over_verified_tls_with_the_protocol_that_the_webhook_offers() {
    for (http2, version) in [(false, 1), (true, 2)] {
        let (receiver, certificate) = secure(&["cold.localhost"], http2);
        let envoy = start_trusting(&certificate, &url("https", "cold.localhost", &receiver));

        assert_eq!(track(&envoy, "Signed Up").status, 200);
        let [request] = receiver.wait_for(1, PATIENCE).unwrap().try_into().unwrap();
        assert_eq!(request.http, version);
        assert_first_delivery(
            &request,
            &format!("cold.localhost:{}", receiver.address().port()),
        );
    }
}

#[test]
fn sends_nothing_to_a_host_whose_certificate_is_for_another() {
    let (receiver, certificate) = secure(&["other.localhost"], true);
    let envoy = start_trusting(&certificate, &url("https", "hook.localhost", &receiver));
    assert_failed(&envoy, &receiver, "unreachable");
}

#[test]
fn sends_nothing_to_a_host_whose_certificate_no_authority_vouches_for() {
    let (receiver, _) = secure(&["hook.localhost"], true);
    let mut shipped = egress_to(&url("https", "hook.localhost", &receiver));
    shipped.allow_private().unwrap();
    assert_failed(&start(shipped), &receiver, "unreachable");
}

#[test]
fn refuses_private_addresses_by_name_and_by_number() {
    let receiver = Receiver::start().unwrap();
    for host in ["hook.localhost", "127.0.0.1", "[::ffff:127.0.0.1]"] {
        let envoy = start(egress_to(&url("http", host, &receiver)));
        assert_failed(&envoy, &receiver, "unreachable");
        let filtered = "dns_cache.egress.dns_address_filter_out";
        assert!(envoy.stat(filtered).unwrap() > 0, "{host}");
    }
}

#[test]
fn tells_a_webhook_that_refuses_from_one_that_broke() {
    let cases = [
        (
            Reply::from(freshpaint_harness::receiver::status(503)),
            "rejected",
        ),
        (Reply::reset_before_headers(), "unreachable"),
        (Reply::garbage(), "unreachable"),
        // What only Envoy may say is taken off a webhook's answer.
        (
            Reply::from(freshpaint_harness::receiver::status(503).header("x-egress-flags", "UF")),
            "rejected",
        ),
    ];
    for (reply, outcome) in cases {
        let receiver = Receiver::start().unwrap();
        receiver.set(reply);
        let mut shipped = egress_to(&url("http", "hook.localhost", &receiver));
        shipped.allow_private().unwrap();
        let envoy = start(shipped);
        assert_eq!(track(&envoy, "Signed Up").status, 503);
        assert_counted(&envoy, outcome);
    }
}

fn assert_failed(envoy: &Envoy, receiver: &Receiver, outcome: &str) {
    let answer = track(envoy, "Signed Up");
    assert_eq!(answer.status, 503, "{}", envoy.log());
    assert!(answer.header("retry-after").is_some());
    assert_counted(envoy, outcome);
    assert_eq!(receiver.count(), 0);
}

fn assert_counted(envoy: &Envoy, outcome: &str) {
    let name = format!("wasmcustom.freshpaint_webhooks.deliveries.webhook.hook.outcome.{outcome}");
    envoy.wait_for_stat(&name, 1, PATIENCE).unwrap();
}
