//! Recipes for what stands in front of the module.

use crate::bed::{track, Setup};
use crate::{piece, text};
use freshpaint_harness::receiver::status;
use freshpaint_harness::tls::{self, Certificate};
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Connection, Receiver, Request};
use serde_json::json;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn the_collector_speaks_tls_and_takes_a_new_certificate_over_without_a_restart() {
    let heading = "TLS for the collector";
    let crm = Receiver::start().unwrap();
    let [old, new] = [(); 2].map(|()| Certificate::for_names(&["collect.test"]).unwrap());
    let mut setup = Setup::new(&crm);
    let socket = piece(heading, 0)["transport_socket"].clone();
    setup.listener(|it| it["filter_chains"][0]["transport_socket"] = socket);
    setup.write("collector.pem", &old.pem());
    setup.write("collector.key", &old.key_pem());
    setup.write("collector.yaml", text(heading, 1));
    let bed = setup.start();

    let ask = |certificate: &Certificate| {
        let request = track().header("connection", "close").to_bytes();
        let reply = tls::ask(bed.address(), "collect.test", certificate, &request).ok()?;
        reply.starts_with(b"HTTP/1.1 200 OK").then_some(())
    };
    assert!(ask(&old).is_some(), "{}", bed.envoy.log());
    assert!(ask(&new).is_none());
    bed.write("collector.key", &new.key_pem());
    bed.write("collector.pem", &new.pem());
    poll(PATIENCE, || ask(&new)).expect("the new certificate");
    assert!(ask(&old).is_none());
}

#[test]
fn a_client_without_an_api_key_is_refused() {
    let crm = Receiver::start().unwrap();
    let mut setup = Setup::new(&crm);
    setup.filter_requests(piece("API key", 0));
    let bed = setup.start();
    assert_eq!(bed.track(), 401);
    let wrong = track().header("x-api-key", "a-key-of-nobody");
    assert_eq!(bed.send(&wrong).status, 401);
    let right = track().header("x-api-key", "a-key-of-the-shop");
    assert_eq!(bed.send(&right).status, 200);
    assert_eq!(crm.count(), 1);
}

#[test]
fn a_client_without_a_token_of_the_issuer_is_refused() {
    // HS256, of the issuer on the page, for the key below, and good until 2100.
    let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InQifQ.\
                 eyJpc3MiOiJodHRwczovL2FjY291bnRzLmV4YW1wbGUuY29tIiwic3ViIjoic2hvcCIsImV4cCI6NDEwMjQ0NDgwMH0.\
                 pCJRLY5S3bo8pNJDDD6ziweyMZMlXX2mIHtoH57aZwg";
    let key = "YSBrZXkgb2YgdGhlIHRlc3RzLCBhbmQgb2Ygbm90aGluZyBlbHNl";
    let crm = Receiver::start().unwrap();
    let mut setup = Setup::new(&crm);
    setup.filter_requests(piece("JWT", 0));
    let keys = json!({"keys": [{"kty": "oct", "alg": "HS256", "kid": "t", "k": key}]});
    setup.write("jwks.json", &keys.to_string());
    let bed = setup.start();
    assert_eq!(bed.track(), 401);
    let forged = track().header("authorization", format!("Bearer {token}A"));
    assert_eq!(bed.send(&forged).status, 401);
    let right = track().header("authorization", format!("Bearer {token}"));
    assert_eq!(bed.send(&right).status, 200);
    assert_eq!(crm.count(), 1);
}

#[test]
fn a_service_decides_and_while_it_fails_sdks_are_told_to_send_again() {
    let [crm, service] = [(); 2].map(|()| Receiver::start().unwrap());
    service.decide(|asked, _| match asked.header("x-api-key") {
        Some("a-key-of-the-shop") => status(200),
        _ => status(403),
    });
    let mut setup = Setup::new(&crm);
    setup.filter_requests(piece("A service that decides", 0));
    setup
        .shipped
        .add_cluster("authz", service.address())
        .unwrap();
    let bed = setup.start();
    assert_eq!(bed.track(), 403);
    let right = track().header("x-api-key", "a-key-of-the-shop");
    assert_eq!(bed.send(&right).status, 200);
    let asked = service.requests();
    let target = (asked[0].method.as_str(), asked[0].target.as_str());
    assert_eq!(target, ("POST", "/check/track"));
    assert!(asked.iter().all(|asked| asked.body.is_empty()));
    service.close();
    assert_eq!(bed.send(&right).status, 503);
    assert_eq!(crm.count(), 1);
}

#[test]
fn each_client_has_a_limit_of_its_own() {
    let crm = Receiver::start().unwrap();
    let mut setup = Setup::new(&crm);
    setup.filter_requests(piece("Rate limit by client", 0));
    // So that one machine can be two clients.
    for (key, value) in piece("Behind a load balancer", 0).as_object().unwrap() {
        setup.shipped.manager("collect").unwrap()[key] = value.clone();
    }
    let bed = setup.start();
    let from = |client: &str| bed.send(&track().header("x-forwarded-for", client));
    // The bucket is full at first, and gets one more each 0.6 s.
    let begun = Instant::now();
    let mut taken = 0;
    let refused = loop {
        let answer = from("192.0.2.1");
        let more = begun.elapsed().as_millis() / 600 + 1;
        if answer.status != 200 || taken > 100 + more {
            break answer;
        }
        taken += 1;
    };
    assert!(taken >= 100, "{taken}");
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (429, Some("60"))
    );
    assert_eq!(from("192.0.2.2").status, 200);
    assert_eq!(crm.count() as u128, taken + 1);
}

/// The `context.ip` that the webhook is sent.
fn address_of_the_client(crm: &Receiver) -> String {
    let payload = crm.wait_for(1, PATIENCE).unwrap().remove(0).json();
    payload["context"]["ip"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn behind_a_balancer_the_clients_address_is_the_one_that_it_added() {
    let crm = Receiver::start().unwrap();
    let mut setup = Setup::new(&crm);
    for (key, value) in piece("Behind a load balancer", 0).as_object().unwrap() {
        setup.shipped.manager("collect").unwrap()[key] = value.clone();
    }
    setup.shipped.configuration().unwrap()["context"] = json!({"ip": true});
    let bed = setup.start();
    // The first is what the client claims, the last what the balancer saw.
    let request = track().header("x-forwarded-for", "203.0.113.9, 198.51.100.7");
    assert_eq!(bed.send(&request).status, 200);
    assert_eq!(address_of_the_client(&crm), "198.51.100.7");
}

#[test]
fn behind_a_balancer_with_the_proxy_protocol_the_clients_address_is_the_one_in_its_line() {
    let crm = Receiver::start().unwrap();
    let mut setup = Setup::new(&crm);
    let filter = piece("Behind a load balancer", 1);
    setup.listener(|it| it["listener_filters"] = json!([filter]));
    setup.shipped.configuration().unwrap()["context"] = json!({"ip": true});
    let bed = setup.start();
    let mut client = Connection::open(bed.address()).unwrap();
    client
        .send(b"PROXY TCP4 198.51.100.7 192.0.2.1 4711 443\r\n")
        .unwrap();
    client.send(&track().to_bytes()).unwrap();
    assert_eq!(client.response().unwrap().status, 200);
    assert_eq!(address_of_the_client(&crm), "198.51.100.7");

    let mut without = Connection::open(bed.address()).unwrap();
    without.send(&Request::get("/").to_bytes()).unwrap();
    assert!(without.response_within(Duration::from_secs(5)).is_err());
}
