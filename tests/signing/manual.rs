//! The manual's receiver of signed calls.

use crate::verifier::Verifiers;
use crate::{signed_to, track, NEW, OLD, SOON};
use freshpaint_harness::markdown::fences;
use freshpaint_harness::process::{spawn, Owned};
use freshpaint_harness::shipped::repository;
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Envoy, Port};
use serde_json::json;
use std::fs::{self, File};
use std::net::TcpStream;
use std::process::Stdio;

#[test]
fn the_manuals_receiver_takes_signed_calls_and_refuses_those_of_another_secret() {
    let Some(verifiers) = Verifiers::get() else {
        return;
    };
    let page = fs::read_to_string(repository().join("docs/receiving.md")).unwrap();
    let mut programs = fences(&page).filter(|fence| fence.language == "python");
    let program = programs.find(|program| program.text.contains("standardwebhooks"));
    let program = program.expect("a receiver in Python").text;
    let folder = tempfile::tempdir().unwrap();
    for (secret, status, said) in [(NEW, 200, "m-1 track\n"), (OLD, 503, "refused: ")] {
        let port = Port::reserve().unwrap();
        let here = program.replace("9001", &port.address().port().to_string());
        let printed = folder.path().join(format!("{status}"));
        let mut command = verifiers.python();
        command
            .args(["-u", "-c", &here])
            .env("CRM_SIGNING_KEY", secret)
            .stdout(File::create(&printed).unwrap())
            .stderr(Stdio::null());
        let _receiver = Owned(spawn(command).unwrap());
        let listens = poll(SOON, || TcpStream::connect(port.address()).ok());
        assert!(listens.is_some(), "the receiver does not listen");
        let signing = json!({"secrets": ["${NEW}"]});
        let envoy = Envoy::start(&signed_to(signing, port.address())).unwrap();
        let answer = track("m-1").send(envoy.address()).unwrap();
        assert_eq!(answer.status, status);
        let printed = fs::read_to_string(&printed).unwrap();
        assert!(printed.starts_with(said), "{printed}");
    }
}
