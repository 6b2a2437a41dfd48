//! The manual's receiver of several events in one call.

use freshpaint_harness::markdown::fences;
use freshpaint_harness::process::{spawn, Owned};
use freshpaint_harness::shipped::repository;
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Cluster, Config, Envoy, Plugin, Port, Request};
use serde_json::json;
use std::fs::{self, File};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);

/// The manual's program, on a port of its own.
struct Receiver {
    port: Port,
    said: PathBuf,
    _process: Owned,
}

impl Receiver {
    fn start(program: &str, said: PathBuf) -> Self {
        let port = Port::reserve().unwrap();
        let here = program.replace("9001", &port.address().port().to_string());
        let mut command = Command::new("python3");
        command
            .args(["-u", "-c", &here])
            .stdout(File::create(&said).unwrap())
            .stderr(Stdio::null());
        let process = Owned(spawn(command).unwrap());
        let listens = poll(SOON, || TcpStream::connect(port.address()).ok());
        assert!(listens.is_some(), "the receiver does not listen");
        Self {
            port,
            said,
            _process: process,
        }
    }
}

#[test]
fn the_receiver_takes_both_formats() {
    let page = fs::read_to_string(repository().join("docs/receiving.md")).unwrap();
    let mut programs = fences(&page).filter(|fence| fence.language == "python");
    let program = programs.find(|program| program.text.contains("ndjson"));
    let program = program.expect("a receiver in Python").text;
    let folder = tempfile::tempdir().unwrap();
    let formats = ["json_array", "ndjson"];
    // One each: `print` writes a line in pieces, and those of two calls at once would mix.
    let receivers = formats.map(|format| Receiver::start(program, folder.path().join(format)));

    let webhook = |name: &str| {
        json!({
            "name": name, "url": "http://receiver.test/in", "cluster": name,
            "batch": {"format": name},
        })
    };
    let clusters = formats.iter().zip(&receivers);
    let config = Config {
        clusters: clusters
            .map(|(name, receiver)| Cluster::new(name, receiver.port.address()))
            .collect(),
        plugin: Plugin::Struct(json!({
            "webhooks": formats.map(webhook), "acknowledge": "settled",
        })),
        ..Config::default()
    };
    let envoy = Envoy::start(&config).unwrap();
    let events = ["m-1", "m-2", "m-3"]
        .map(|id| json!({"type": "track", "event": "a", "messageId": id, "userId": "u"}));
    let request = Request::post("/v1/batch", json!({"batch": events}).to_string());
    assert_eq!(request.send(envoy.address()).unwrap().status, 200);
    let counted = poll(SOON, || {
        let metrics = envoy.metrics().ok()?;
        let delivered = formats.map(|format| {
            let name = format!("deliveries.webhook.{format}.outcome.delivered");
            metrics.get(&name).copied()
        });
        (delivered == [Some(3); 2]).then_some(())
    });
    assert!(counted.is_some(), "{:?}", envoy.metrics());
    for receiver in &receivers {
        let said = fs::read_to_string(&receiver.said).unwrap();
        assert_eq!(said, "m-1 track\nm-2 track\nm-3 track\n");
    }
}
