//! The drain before an Envoy is stopped, on the Envoy of `deploy/kubernetes`.

use crate::bed::routes;
use crate::render::path;
use freshpaint_harness::envoy::{address, Whole};
use freshpaint_harness::receiver::status;
use freshpaint_harness::shipped::{documents, trust_store};
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Connection, Envoy, Gate, Port, Receiver, Request};
use serde_json::{json, Value};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// The Envoy of a pod, with one webhook, and the port of its probes.
fn pod(crm: &Receiver) -> (Envoy, Port) {
    let probes = Port::reserve().unwrap();
    let envoy = Envoy::start_whole(|place| {
        let text = documents(&path("kubernetes/base/envoy.yaml"))?[0].to_string();
        let text = text
            .replace(
                "/var/lib/freshpaint/plugin.wasm",
                &place.module.display().to_string(),
            )
            .replace(
                "/etc/ssl/certs/ca-certificates.crt",
                &trust_store()?.display().to_string(),
            );
        let mut bootstrap: Value = serde_json::from_str(&text)?;
        bootstrap["admin"]["address"] = address(place.admin);
        let resources = &mut bootstrap["static_resources"];
        for listener in resources["listeners"].as_array_mut().unwrap() {
            match listener["name"].as_str().unwrap() {
                "collect" => {
                    listener["address"] = address(place.listener);
                    let manager = &mut listener["filter_chains"][0]["filters"][0]["typed_config"];
                    manager["route_config"]["virtual_hosts"][0]["routes"] = routes();
                }
                "probes" => listener["address"] = address(probes.address()),
                _ => {}
            }
        }
        for cluster in resources["clusters"].as_array_mut().unwrap() {
            let to = match cluster["name"].as_str().unwrap() {
                "crm" | "warehouse" => crm.address(),
                "admin" => place.admin,
                _ => continue,
            };
            cluster["type"] = json!("STATIC");
            cluster["load_assignment"]["endpoints"] =
                json!([{"lb_endpoints": [{"endpoint": {"address": address(to)}}]}]);
        }
        Ok(Whole {
            bootstrap,
            environment: [("CRM_KEY".to_owned(), "key".to_owned())].into(),
            ..Whole::default()
        })
    });
    (envoy.unwrap_or_else(|error| panic!("{error:#}")), probes)
}

fn track() -> Request {
    Request::post(
        "/track",
        r#"{"event":"a","properties":{"distinct_id":"d","time":1672262210}}"#,
    )
}

#[test]
fn a_pod_that_drains_fails_its_probe_answers_what_is_open_and_then_lets_go() {
    let crm = Receiver::start().unwrap();
    let gate = Gate::closed();
    crm.set(status(200).behind(&gate));
    let (envoy, probes) = pod(&crm);
    let probe = || {
        Request::get("/ready")
            .send(probes.address())
            .unwrap()
            .status
    };
    assert_eq!(probe(), 200);

    let mut client = Connection::open(envoy.address()).unwrap();
    client.send(&track().to_bytes()).unwrap();
    crm.wait_for(1, PATIENCE).unwrap();

    let started = Instant::now();
    let mut drain = Command::new("bash")
        .arg(path("kubernetes/base/drain"))
        .args(["127.0.0.1", &envoy.admin().port().to_string(), "60"])
        .env("DRAIN_AT_LEAST", "0")
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    poll(PATIENCE, || (probe() == 503).then_some(())).expect("the probe fails");
    assert!(drain.try_wait().unwrap().is_none(), "a request is open");

    gate.open();
    let answer = client.response().unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (200, "1"));
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(drain.wait().unwrap().success());
    assert!(started.elapsed() < Duration::from_secs(30));
    // It serves until it is stopped, for whoever has not heard yet.
    crm.set(status(200));
    assert_eq!(
        Request::get("/x").send(envoy.address()).unwrap().status,
        404
    );
}

#[test]
fn a_drain_waits_for_events_that_are_kept_and_tells_of_those_that_remain() {
    let crm = Receiver::start().unwrap();
    crm.set(status(500));
    let (envoy, _probes) = pod(&crm);
    let drain = |seconds: &str| {
        Command::new("bash")
            .arg(path("kubernetes/base/drain"))
            .args(["127.0.0.1", &envoy.admin().port().to_string(), seconds])
            .env("DRAIN_AT_LEAST", "0")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    assert_eq!(track().send(envoy.address()).unwrap().status, 503);
    poll(PATIENCE, || {
        let kept = envoy.stat("wasmcustom.freshpaint_webhooks.held_events");
        (kept.ok()? == 1).then_some(())
    })
    .expect("the event is kept");

    let given_up = drain("1").wait_with_output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&given_up.stderr),
        "drain: after 1 s 0 requests are open and 1 events are kept, which are lost\n"
    );
    let mut patient = drain("60");
    crm.set(status(200));
    assert!(patient.wait().unwrap().success());
    let delivered = "wasmcustom.freshpaint_webhooks.held.outcome.delivered";
    envoy.wait_for_stat(delivered, 1, PATIENCE).unwrap();
}

#[test]
fn a_scrape_sees_the_metrics_and_nothing_else_of_the_admin_interface() {
    let crm = Receiver::start().unwrap();
    let (envoy, probes) = pod(&crm);
    assert_eq!(track().send(envoy.address()).unwrap().status, 200);
    poll(PATIENCE, || {
        let text = Request::get("/stats/prometheus")
            .send(probes.address())
            .ok()?
            .text();
        text.contains(r#"freshpaint_webhooks_requests{outcome="accepted"} 1"#)
            .then_some(())
    })
    .expect("the metrics");
    for hidden in [
        "/stats",
        "/config_dump",
        "/quitquitquit",
        "/stats/prometheus/../../clusters",
    ] {
        let answer = Request::get(hidden).send(probes.address()).unwrap();
        assert_eq!(answer.status, 404, "{hidden}");
    }
}
