//! Recipes for calls of webhooks.

use crate::bed::Setup;
use crate::{piece, text};
use flate2::read::GzDecoder;
use freshpaint_harness::receiver::{status, Protocol};
use freshpaint_harness::tls::Certificate;
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Receiver, Recorded};
use serde_json::json;
use std::io::Read;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_client_certificate_is_shown_and_a_new_one_is_taken_over_without_a_restart() {
    let heading = "Client certificate";
    let server = Arc::new(Certificate::for_names(&["crm"]).unwrap());
    let [old, new] = [(); 2].map(|()| Arc::new(Certificate::for_names(&["client"]).unwrap()));
    let lets_in = |client: &Arc<Certificate>| {
        Receiver::with(Protocol::MutualTls {
            certificate: Arc::clone(&server),
            client: Arc::clone(client),
        })
        .unwrap()
    };
    let (first, second) = (lets_in(&old), lets_in(&new));

    let mut setup = Setup::new(&first);
    let mut socket = piece(heading, 0)["transport_socket"].clone();
    let authorities = setup.folder().join("authorities.pem");
    setup.write("authorities.pem", &server.pem());
    socket["typed_config"]["common_tls_context"]["validation_context"]["trusted_ca"]["filename"] =
        json!(authorities);
    let webhooks = &mut setup.shipped.configuration().unwrap()["webhooks"];
    webhooks[0]["url"] = json!("https://crm/freshpaint");
    webhooks[0]["timeout"] = json!("2s");
    webhooks
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "second", "url": "https://crm/freshpaint", "cluster": "second"}));
    for cluster in ["crm", "second"] {
        if cluster == "second" {
            setup
                .shipped
                .add_cluster(cluster, second.address())
                .unwrap();
        }
        setup.shipped.cluster(cluster).unwrap()["transport_socket"] = socket.clone();
    }
    setup.write("crm_client.pem", &old.pem());
    setup.write("crm_client.key", &old.key_pem());
    setup.write("crm_client.yaml", text(heading, 1));
    let bed = setup.start();

    assert_eq!(bed.track(), 200, "{}", bed.envoy.log());
    assert_eq!((first.count(), second.count()), (1, 0));

    bed.write("crm_client.key", &new.key_pem());
    bed.write("crm_client.pem", &new.pem());
    poll(PATIENCE, || {
        bed.track();
        (second.count() > 0).then_some(())
    })
    .expect("the new certificate is shown");
}

/// Calls until the webhook has seen this.
fn until(receiver: &Receiver, header: &str, value: &str, mut call: impl FnMut()) {
    let seen = poll(PATIENCE, || {
        call();
        let requests = receiver.take();
        requests
            .iter()
            .any(|it| it.header(header) == Some(value))
            .then_some(())
    });
    assert!(seen.is_some(), "{header}: {value} never came");
}

#[test]
fn a_token_is_added_and_a_new_one_is_taken_over_without_a_restart() {
    let heading = "A token that rotates";
    let crm = Receiver::start().unwrap();
    let mut setup = Setup::new(&crm);
    setup.filter_calls(piece(heading, 0));
    setup.write("crm_token.yaml", text(heading, 1));
    let bed = setup.start();
    assert_eq!(bed.track(), 200);
    let [request]: [Recorded; 1] = crm.take().try_into().unwrap();
    assert_eq!(request.header("authorization"), Some("Bearer first-token"));

    bed.write(
        "crm_token.yaml",
        &text(heading, 1).replace("first-token", "second-token"),
    );
    until(&crm, "authorization", "Bearer second-token", || {
        bed.track();
    });
}

/// RECIPES_SECONDS makes it longer.
#[test]
fn tokens_of_oauth2_that_live_for_four_seconds_never_cost_a_401() {
    let heading = "OAuth2 client credentials";
    // Every token is good for 4 s from when it was given out, and not for a moment longer. Envoy
    // has half of that for the next one, also on a machine that does much else.
    let given: Arc<Mutex<Vec<(String, Instant)>>> = Arc::default();
    let server = Receiver::start().unwrap();
    let tokens = Arc::clone(&given);
    server.decide(move |request, before| {
        let form = String::from_utf8_lossy(&request.body);
        if !form.contains("grant_type=client_credentials") {
            return status(400);
        }
        let token = format!("token-{before}");
        tokens.lock().unwrap().push((token.clone(), Instant::now()));
        let answer = json!({"access_token": token, "token_type": "Bearer", "expires_in": 4});
        status(200)
            .header("content-type", "application/json")
            .body(answer.to_string())
    });
    let crm = Receiver::start().unwrap();
    let tokens = Arc::clone(&given);
    crm.decide(move |request, _| {
        let tokens = tokens.lock().unwrap();
        let good = tokens.iter().any(|(token, at)| {
            at.elapsed() <= Duration::from_secs(4)
                && request.header("authorization") == Some(&format!("Bearer {token}"))
        });
        status(if good { 200 } else { 401 })
    });

    let mut setup = Setup::new(&crm);
    setup.filter_calls(piece(heading, 0));
    setup.write("crm_client_secret.yaml", text(heading, 1));
    setup
        .shipped
        .add_cluster("token_server", server.address())
        .unwrap();
    let bed = setup.start();
    server.wait_for(1, PATIENCE).unwrap();
    let form = server.requests()[0].body.clone();
    assert!(String::from_utf8_lossy(&form).contains("client_id=freshpaint"));
    poll(PATIENCE, || (bed.track() == 200).then_some(())).expect("the first token");

    let seconds = std::env::var("RECIPES_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let begun = Instant::now();
    let least = Duration::from_secs(seconds.unwrap_or(9));
    let given = || given.lock().unwrap().len();
    let mut sent = 0;
    while begun.elapsed() < least || given() < 8 {
        assert!(begun.elapsed() < least + PATIENCE, "{} tokens", given());
        assert_eq!(bed.track(), 200, "after {sent}: {}", bed.envoy.log());
        sent += 1;
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn basic_and_bearer_come_from_the_environment() {
    let heading = "Basic and bearer";
    let (crm, warehouse) = (Receiver::start().unwrap(), Receiver::start().unwrap());
    let mut setup = Setup::new(&crm);
    setup
        .shipped
        .lead("warehouse", warehouse.address())
        .unwrap();
    setup.shipped.configuration().unwrap()["webhooks"] = piece(heading, 0)["webhooks"].clone();
    let bed = setup.start_with("YWRhOmxvdmVsYWNl");
    assert_eq!(bed.track(), 200);
    for (receiver, expected) in [
        (&crm, "Basic YWRhOmxvdmVsYWNl"),
        (&warehouse, "Bearer YWRhOmxvdmVsYWNl"),
    ] {
        let request = receiver.wait_for(1, PATIENCE).unwrap().remove(0);
        assert_eq!(request.header("authorization"), Some(expected));
    }
}

#[test]
fn events_are_sent_as_gzip() {
    let crm = Receiver::start().unwrap();
    let mut setup = Setup::new(&crm);
    setup.filter_calls(piece("Gzip", 0));
    let bed = setup.start();
    assert_eq!(bed.track(), 200);
    let request = crm.wait_for(1, PATIENCE).unwrap().remove(0);
    assert_eq!(request.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    GzDecoder::new(request.body.as_slice())
        .read_to_string(&mut text)
        .unwrap();
    assert!(text.starts_with(r#"{"event":"Signed Up""#) && request.body.len() < text.len());
}
