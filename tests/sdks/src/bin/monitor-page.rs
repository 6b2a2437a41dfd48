//! Drives the live page of a real Envoy in Chromium: with two workers, with four, and under
//! `profile: hipaa`. The statements that have to hold are in `browser/monitor.mjs`.

use std::env;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{ensure, Context, Result};
use freshpaint_harness::receiver::{status, Answer};
use freshpaint_harness::shipped::repository;
use freshpaint_harness::{Cluster, Config, Envoy, Plugin, Receiver};
use serde_json::{json, Value};

fn main() -> ExitCode {
    let plain = |name: &str| json!({"name": name, "url": format!("http://{name}.test/in"), "cluster": name});
    let mut picky = plain("cdp");
    picky["events"] = json!({"deny": ["secret*"]});
    let open = json!({"webhooks": [plain("crm"), picky]});
    let secure = |name: &str| {
        json!({
            "name": name, "url": format!("https://{name}.test/in"), "cluster": name,
            "events": {"allow": ["Visit *"]},
        })
    };
    let hipaa = json!({
        "webhooks": [secure("crm"), secure("cdp")],
        "profile": "hipaa",
        "allow_unsigned": ["crm", "cdp"],
        "collect": {"id_key": "${ID_KEY}"},
    });
    for (workers, scene, configuration) in
        [(2, "day", &open), (4, "day", &open), (2, "hipaa", &hipaa)]
    {
        if let Err(error) = drive(workers, scene, configuration) {
            eprintln!("error: {scene} with {workers} workers: {error:#}");
            return ExitCode::FAILURE;
        }
        println!("{scene} with {workers} workers: ok");
    }
    ExitCode::SUCCESS
}

fn drive(workers: u32, scene: &str, configuration: &Value) -> Result<()> {
    let mut configuration = configuration.clone();
    configuration["retry"] = json!({"window": "600s"});
    configuration["observe"] = json!({"recent": 1_000});
    let hooks = [("crm", receiver()?), ("cdp", receiver()?)];
    let clusters = hooks
        .iter()
        .map(|(name, hook)| Cluster::new(name, hook.address()));
    let envoy = Envoy::start(&Config {
        concurrency: workers,
        plugin: Plugin::Struct(configuration),
        monitor: Some(json!({"of": "freshpaint_webhooks", "hosts": ["monitor.test"]})),
        clusters: clusters.collect(),
        environment: [("ID_KEY".to_owned(), "k".repeat(32))].into(),
        ..Config::default()
    })?;
    // Written only when they are asked for, or each run would change them.
    let takes_images = workers == 4 && env::var_os("TAKE_IMAGES").is_some();
    let images = takes_images.then(|| repository().join("docs/images"));
    let script = repository().join("tests/sdks/browser/monitor.mjs");
    let ended = Command::new("node")
        .arg(script)
        .arg(scene)
        .env("COLLECT_URL", format!("http://{}", envoy.address()))
        .env("MONITOR_URL", format!("http://{}", envoy.monitor()))
        .env("IMAGES", images.unwrap_or_default())
        .status()
        .context("node does not run")?;
    ensure!(ended.success(), "see above\n{}", envoy.log());
    Ok(())
}

/// Fails the first order.
fn receiver() -> Result<Receiver> {
    let receiver = Receiver::start()?;
    let orders = AtomicUsize::new(0);
    receiver.decide(move |request, _| -> Answer {
        let is_order = request.body.starts_with(br#"{"event":"Order Completed""#);
        if is_order && orders.fetch_add(1, Ordering::Relaxed) == 0 {
            return status(429).header("retry-after", "300");
        }
        status(200)
    });
    Ok(receiver)
}
