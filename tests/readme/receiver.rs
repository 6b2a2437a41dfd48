//! The manual's receiver of several events in one call.

use freshpaint_harness::markdown::fences;
use freshpaint_harness::process::{spawn, Owned};
use freshpaint_harness::shipped::repository;
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Cluster, Config, Envoy, Plugin, Port, Request};
use serde_json::json;
use std::fs::{self, File};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

#[test]
fn the_receiver_takes_both_formats() {
    let page = fs::read_to_string(repository().join("docs/receiving.md")).unwrap();
    let mut programs = fences(&page).filter(|fence| fence.language == "python");
    let program = programs.find(|program| program.text.contains("ndjson"));
    let program = program.expect("a receiver in Python").text;
    let port = Port::reserve().unwrap();
    let here = program.replace("9001", &port.address().port().to_string());
    let folder = tempfile::tempdir().unwrap();
    let said = folder.path().join("said");
    let mut command = Command::new("python3");
    command
        .args(["-u", "-c", &here])
        .stdout(File::create(&said).unwrap())
        .stderr(Stdio::null());
    let _receiver = Owned(spawn(command).unwrap());
    let listens = poll(SOON, || TcpStream::connect(port.address()).ok());
    assert!(listens.is_some(), "the receiver does not listen");

    let webhook = |format: &str| {
        json!({
            "name": format, "url": "http://receiver.test/in", "cluster": "receiver",
            "batch": {"format": format},
        })
    };
    let webhooks = ["json_array", "ndjson"].map(webhook);
    let config = Config {
        clusters: vec![Cluster::new("receiver", port.address())],
        plugin: Plugin::Struct(json!({"webhooks": webhooks, "acknowledge": "settled"})),
        ..Config::default()
    };
    let envoy = Envoy::start(&config).unwrap();
    let events = ["m-1", "m-2", "m-3"]
        .map(|id| json!({"type": "track", "event": "a", "messageId": id, "userId": "u"}));
    let request = Request::post("/v1/batch", json!({"batch": events}).to_string());
    assert_eq!(request.send(envoy.address()).unwrap().status, 200);
    let counted = poll(SOON, || {
        let metrics = envoy.metrics().ok()?;
        let delivered = ["json_array", "ndjson"].map(|format| {
            let name = format!("deliveries.webhook.{format}.outcome.delivered");
            metrics.get(&name).copied()
        });
        (delivered == [Some(3); 2]).then_some(())
    });
    assert!(counted.is_some(), "{:?}", envoy.metrics());
    let mut lines: Vec<_> = fs::read_to_string(&said)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            "m-1 track",
            "m-1 track",
            "m-2 track",
            "m-2 track",
            "m-3 track",
            "m-3 track"
        ]
    );
}
