//! The egress recipe: any URL from the module's configuration alone.

use crate::{payload, start, track};
use freshpaint_harness::receiver::{Protocol, Reply};
use freshpaint_harness::shipped::{trust_store, Shipped};
use freshpaint_harness::tls::Certificate;
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Envoy, Receiver, Recorded};
use serde_json::json;
use std::fs;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// `*.localhost` is loopback for Envoy's resolver (RFC 6761), so no host has to be configured.
fn url(scheme: &str, host: &str, receiver: &Receiver) -> String {
    format!("{scheme}://{host}:{}/in?k=v", receiver.address().port())
}

/// The shipped file with one webhook that names no cluster.
fn egress_to(url: &str) -> Shipped {
    let mut shipped = Shipped::load().unwrap();
    shipped.trust(&trust_store().unwrap()).unwrap();
    let configuration = shipped.configuration().unwrap();
    configuration["webhooks"] = json!([{"name": "hook", "url": url}]);
    // Nothing is kept, so that what is counted is one attempt.
    configuration["retry"] = json!({"window": "0s"});
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

/// A webhook of the egress sees our headers, and none of Envoy's.
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
    assert_failed(&envoy, &receiver, "unreachable.status_class.none");
}

#[test]
fn sends_nothing_to_a_host_whose_certificate_no_authority_vouches_for() {
    let (receiver, _) = secure(&["hook.localhost"], true);
    let mut shipped = egress_to(&url("https", "hook.localhost", &receiver));
    shipped.allow_private().unwrap();
    assert_failed(&start(shipped), &receiver, "unreachable.status_class.none");
}

#[test]
fn refuses_private_addresses_by_name_and_by_number() {
    let receiver = Receiver::start().unwrap();
    for host in [
        "hook.localhost",
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[fd00::1]",
    ] {
        let envoy = start(egress_to(&url("http", host, &receiver)));
        assert_failed(&envoy, &receiver, "unreachable.status_class.none");
        let said = "refuses the webhook's private address (address_denied); give";
        let is_said = poll(PATIENCE, || envoy.log().contains(said).then_some(()));
        assert!(is_said.is_some(), "{host}: {}", envoy.log());
        let filtered = "dns_cache.egress.dns_address_filter_out";
        assert!(envoy.stat(filtered).unwrap() > 0, "{host}");
    }
}

/// Checks the list itself and sends nothing; other tests show that Envoy obeys it.
#[test]
fn the_list_of_private_addresses_holds_them_and_no_public_one() {
    let mut shipped = Shipped::load().unwrap();
    let cache = &shipped.filters("egress").unwrap()[0]["typed_config"]["dns_cache_config"];
    let ranges: Vec<(IpAddr, u32)> = cache["resolved_address_filter"]["ranges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|range| {
            let prefix = range["address_prefix"].as_str().unwrap().parse().unwrap();
            (
                prefix,
                range["prefix_len"].as_u64().unwrap().try_into().unwrap(),
            )
        })
        .collect();
    let is_listed = |address: &str| {
        let address: IpAddr = address.parse().unwrap();
        ranges
            .iter()
            .any(|&(prefix, length)| is_within(address, prefix, length))
    };
    let private = [
        "0.0.0.0",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.170",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "2001::1",
        "2002:a00:1::",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "ff02::1",
    ];
    let public = [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.1",
        "100.63.255.255",
        "100.128.0.1",
        "126.0.0.1",
        "128.0.0.1",
        "168.63.129.17",
        "172.15.255.255",
        "172.32.0.1",
        "192.0.1.1",
        "192.169.0.1",
        "198.20.0.1",
        "223.255.255.255",
        "2001:4860::8888",
        "2606:4700::1111",
        "2a00:1450::1",
        "3fff:1000::1",
    ];
    assert_eq!(
        private.map(|address| (address, is_listed(address))),
        private.map(|address| (address, true))
    );
    assert_eq!(
        public.map(|address| (address, is_listed(address))),
        public.map(|address| (address, false))
    );
}

fn is_within(address: IpAddr, prefix: IpAddr, length: u32) -> bool {
    match (address, prefix) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros() >= length,
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros() >= length,
        _ => false,
    }
}

#[test]
fn tells_a_webhook_that_refuses_from_one_that_broke() {
    let cases = [
        (
            Reply::from(freshpaint_harness::receiver::status(503)),
            "rejected.status_class.5xx",
        ),
        (
            Reply::reset_before_headers(),
            "unreachable.status_class.none",
        ),
        (Reply::garbage(), "unreachable.status_class.none"),
        // Headers that only Envoy may set are removed from a webhook's answer.
        (
            Reply::from(freshpaint_harness::receiver::status(503).header("x-egress-flags", "UF")),
            "rejected.status_class.5xx",
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
    let name = format!("wasmcustom.freshpaint_webhooks.attempts.webhook.hook.outcome.{outcome}");
    envoy.wait_for_stat(&name, 1, PATIENCE).unwrap();
}
