//! The program behind `make run`, from its first line to its last process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod program;

use freshpaint_harness::receiver::Protocol;
use freshpaint_harness::tls::Certificate;
use freshpaint_harness::{Receiver, Request};
use program::Program;
use serde_json::json;
use std::fs;
use std::net::TcpListener;
use std::sync::Arc;

fn signed_up() -> String {
    let properties =
        json!({"distinct_id": "ada@example.com", "$insert_id": "m-1", "time": 1672262210});
    json!({"event": "Signed Up", "properties": properties}).to_string()
}

/// Sends [`signed_up`] and gives the status.
fn send(program: &Program) -> u16 {
    Request::post("/track", signed_up())
        .send(program.envoy())
        .unwrap()
        .status
}

#[test]
fn says_which_port_is_taken_and_which_variable_moves_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for name in ["ENVOY_PORT", "ADMIN_PORT", "CRM_PORT", "WAREHOUSE_PORT"] {
        let (code, said) = Program::prepare(&[(name, &port)]).end();
        assert_eq!(
            said,
            format!("error: port {port} is taken; `make run {name}=...` uses another\n")
        );
        assert_eq!(code, Some(1));
    }
}

#[test]
fn says_what_is_wrong_with_a_variable() {
    let cases = [
        ("ENVOY_PORT", "ten", "error: ENVOY_PORT is \"ten\"; write a port from 1 to 65535\n"),
        ("CRM_PORT", "0", "error: CRM_PORT is \"0\"; write a port from 1 to 65535\n"),
        (
            "WEBHOOK_URL",
            "hooks.example.com",
            "error: WEBHOOK_URL is \"hooks.example.com\"; write an absolute URL such as https://hooks.example.com/in\n",
        ),
        ("ENVOY_BIN", "/no/envoy", "error: ENVOY_BIN names /no/envoy, which is not a file\n"),
    ];
    for (name, value, sentence) in cases {
        let (code, said) = Program::prepare(&[(name, value)]).end();
        assert_eq!((code, said.as_str()), (Some(1), sentence));
    }
}

#[test]
fn a_configuration_that_the_module_refuses_ends_it_with_the_modules_own_words() {
    let (code, said) =
        Program::prepare(&[("WEBHOOK_URL", "https://user:word@hooks.example.com/")]).end();
    assert!(said.contains("webhooks[0].url"), "{said}");
    assert!(
        said.ends_with("error: Envoy could not start; what it said is above\n"),
        "{said}"
    );
    assert_eq!(code, Some(1));
}

#[test]
fn each_signal_that_asks_it_to_stop_stops_all_of_it() {
    for signal in ["INT", "TERM", "HUP"] {
        let program = Program::prepare(&[]).start();
        assert_eq!(send(&program), 200);
        program.wait_for("crm  track  Signed Up");
        program.wait_for("warehouse  track  Signed Up");
        program.signal(signal);
        assert_eq!(program.wait_for_end(), Some(0), "{signal}");
        assert!(!program.still_listens(), "{signal}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn killed_outright_it_leaves_no_envoy_either() {
    let program = Program::prepare(&[]).start();
    program.signal("KILL");
    assert_eq!(program.wait_for_end(), None);
    program.wait_until_nothing_listens();
}

#[test]
fn delivers_to_a_webhook_of_the_users_own_over_verified_tls() {
    let certificate = Arc::new(Certificate::for_names(&["hook.localhost"]).unwrap());
    let protocol = Protocol::Tls {
        certificate: Arc::clone(&certificate),
        http2: true,
    };
    let receiver = Receiver::with(protocol).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let authorities = folder.path().join("authorities.pem");
    fs::write(&authorities, certificate.pem()).unwrap();
    let url = format!("https://hook.localhost:{}/in", receiver.address().port());
    let own = [("WEBHOOK_URL", url.as_str()), ("ALLOW_PRIVATE", "1")];

    // The system's authorities do not vouch for it.
    let program = Program::prepare(&own).start();
    assert_eq!(send(&program), 503);
    program.wait_for("webhook    was not reached (UF): ");
    program.wait_for("CERTIFICATE_VERIFY_FAILED");
    assert_eq!(receiver.count(), 0);
    program.stop();

    let trusted = [
        own[0],
        own[1],
        ("SSL_CERT_FILE", authorities.to_str().unwrap()),
    ];
    let program = Program::prepare(&trusted).start();
    program.wait_for(&format!("Delivering to {url}"));
    assert_eq!(send(&program), 200);
    program.wait_for("webhook  track  Signed Up");
    program.wait_for("webhook    accepted it: 200 in ");
    assert_eq!(receiver.requests()[0].json()["messageId"], "m-1");
    program.stop();
}

#[test]
fn says_why_a_webhook_on_a_private_address_gets_nothing() {
    let receiver = Receiver::start().unwrap();
    let url = format!("http://{}/in", receiver.address());
    let program = Program::prepare(&[("WEBHOOK_URL", &url)]).start();
    assert_eq!(send(&program), 503);
    program.wait_for("a private address; `make run ALLOW_PRIVATE=1` allows it for a trial");
    assert_eq!(receiver.count(), 0);
    program.stop();
}
