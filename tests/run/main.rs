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
use std::process::Command;
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
    for name in [
        "ENVOY_PORT",
        "ADMIN_PORT",
        "MONITOR_PORT",
        "CRM_PORT",
        "WAREHOUSE_PORT",
    ] {
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

/// The commands of the banner, run as a reader would.
fn banner_commands(program: &Program) -> Vec<String> {
    let said = program.said();
    let commands = said.lines().filter(|line| line.starts_with("  curl "));
    commands.map(|line| line.trim().to_owned()).collect()
}

fn shell(command: &str) -> String {
    let output = Command::new("bash").args(["-c", command]).output().unwrap();
    assert!(output.status.success(), "{command}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_command_of_the_banner_works_each_time_and_has_a_fate() {
    let program = Program::prepare(&[]).start();
    let [track, page, identify, group, pixel] = banner_commands(&program).try_into().unwrap();
    for round in 1..=2 {
        assert_eq!(shell(&track), "1");
        program.wait_for_times("crm  track  Signed Up", round);
        assert_eq!(shell(&page), r#"{"success":true}"#);
        program.wait_for_times("filtered: pageviews are off", round);
        assert_eq!(shell(&group), r#"{"success":true}"#);
        program.wait_for_times("crm  group  ", round);
        assert_eq!(shell(&pixel), "1");
        program.wait_for_times("crm  track  Opened", round);
    }
    assert_eq!(shell(&identify), r#"{"success":true}"#);
    program.wait_for(
        "module     filtered: identify is off; `options.enable_identify_events` switches it on",
    );
    program.stop();
}

#[test]
fn tells_why_nothing_is_delivered() {
    let program = Program::prepare(&[]).start();
    let post = |path: &str, body: &str| {
        let answer = Request::post(path, body).send(program.envoy());
        answer.unwrap().status
    };
    assert_eq!(send(&program), 200);
    program.wait_for("crm  track  Signed Up");
    assert_eq!(send(&program), 200);
    program.wait_for(
        "module     duplicate: this track event was delivered before and is not sent again",
    );
    assert_eq!(post("/v1/batch", r#"{"batch":[{"type":"track"}]}"#), 200);
    program.wait_for("module     invalid: the answer says what is wrong with the event");
    assert_eq!(post("/track", "not json"), 400);
    program.wait_for("module     refused: the answer says why");
    assert_eq!(post("/trak", "{}"), 404);
    program.wait_for("module     passed on: no SDK sends events to this path");
    program.stop();
}

#[test]
fn tells_that_a_webhook_refused_and_that_the_event_is_kept() {
    let receiver = Receiver::start().unwrap();
    receiver.set(freshpaint_harness::receiver::status(500));
    let url = format!("http://{}/in", receiver.address());
    let program = Program::prepare(&[("WEBHOOK_URL", &url), ("ALLOW_PRIVATE", "1")]).start();
    assert_eq!(send(&program), 503);
    program.wait_for("webhook    refused it: 500 in ");
    program.wait_for("module     failed: no webhook accepted the track event");
    program.wait_for("module     kept in memory and tried again for 15 minutes");
    program.stop();
}

#[test]
fn it_stops_once_a_kept_event_is_delivered_and_says_when_one_is_lost() {
    let kept = || {
        let receiver = Receiver::start().unwrap();
        receiver.set(freshpaint_harness::receiver::status(500));
        let url = format!("http://{}/in", receiver.address());
        let program = Program::prepare(&[("WEBHOOK_URL", &url), ("ALLOW_PRIVATE", "1")]).start();
        assert_eq!(send(&program), 503);
        program.wait_until_kept(1);
        (receiver, program)
    };
    let (receiver, program) = kept();
    let refused = receiver.count();
    receiver.set(freshpaint_harness::receiver::status(200));
    program.signal("INT");
    assert_eq!(program.wait_for_end(), Some(0));
    assert!(receiver.count() > refused, "{}", program.said());
    assert!(!program.said().contains("drain:"), "{}", program.said());

    let (_receiver, program) = kept();
    let said = "drain: after 5 s 0 requests are open and 1 events are kept, which are lost";
    program.signal("INT");
    program.wait_for(said);
    assert_eq!(program.wait_for_end(), Some(0));

    let (_receiver, program) = kept();
    program.signal("INT");
    // Two signals at once may be one.
    program.wait_until_it_drains();
    program.signal("INT");
    assert_eq!(program.wait_for_end(), Some(0));
    assert!(!program.said().contains("drain:"), "{}", program.said());
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
