//! A fleet under load, of which one collector is killed and another joins.
//!
//! `make fleet` makes it longer (FLEET_SECONDS) and shows the numbers.

use crate::fleet::collector;
use crate::fleet_keys::gzip;
use crate::start;
use freshpaint_harness::shipped::Shipped;
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Envoy, Receiver, Request};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);
const CLIENTS: usize = 8;
/// Events that are sent at least before the next change.
const FEWEST: usize = 170;

/// The shipped front over what the file of endpoints says.
fn front(endpoints: &Path) -> Envoy {
    let mut shipped = Shipped::fleet().unwrap();
    let cluster = shipped.cluster("collectors").unwrap();
    cluster["type"] = json!("EDS");
    cluster.as_object_mut().unwrap().remove("load_assignment");
    cluster["eds_cluster_config"] = json!({"eds_config": {
        "path_config_source": {"path": endpoints},
        "resource_api_version": "V3",
    }});
    let mut bootstrap = shipped.bootstrap().clone();
    bootstrap["node"] = json!({"id": "front", "cluster": "fleet"});
    start(Shipped::of(bootstrap))
}

/// As a name server would after a deployment: these are the collectors now.
fn announce(file: &Path, collectors: &[SocketAddr]) {
    let endpoints: Vec<_> = collectors
        .iter()
        .map(|at| {
            let socket = json!({"address": at.ip(), "port_value": at.port()});
            json!({"endpoint": {"address": {"socket_address": socket}}})
        })
        .collect();
    let response = json!({"resources": [{
        "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
        "cluster_name": "collectors",
        "endpoints": [{"lb_endpoints": endpoints}],
    }]});
    let written = file.with_extension("new");
    fs::write(&written, response.to_string()).unwrap();
    fs::rename(written, file).unwrap();
}

/// How often an event was sent, and whether it was answered with success.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    attempts: usize,
    accepted: bool,
}

/// Sends events of one user after another, each until it is accepted, as an SDK does.
fn client(
    number: usize,
    front: SocketAddr,
    stop: &AtomicBool,
    log: &Mutex<BTreeMap<String, Sent>>,
) {
    for n in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let id = format!("m-{number}-{n}");
        let body = json!({
            "event": "a", "anonymousId": format!("user-{number}-{}", n % 50),
            "messageId": id, "timestamp": "2022-12-28T21:16:50Z",
        });
        let body = body.to_string();
        let plain = Request::post("/v1/track", body.as_str());
        let packed = Request::post("/v1/track", gzip(&body));
        // As apps do; an event that is sent again is plain.
        let request = if n % 2 == 0 { &packed } else { &plain };
        for _ in 0..20 {
            let accepted = request.send(front).is_ok_and(|answer| answer.status == 200);
            let mut log = log.lock().unwrap();
            let sent = log.entry(id.clone()).or_default();
            sent.attempts += 1;
            sent.accepted |= accepted;
            drop(log);
            if accepted {
                break;
            }
            thread::sleep(Duration::from_millis(100));
        }
        // Some are sent again though they were accepted, as when an answer was lost.
        if n % 10 == 0 {
            let _ = plain.send(front);
            log.lock().unwrap().entry(id).or_default().attempts += 1;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn nothing_accepted_is_lost_when_a_collector_dies_and_another_joins() {
    let seconds = std::env::var("FLEET_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let third = Duration::from_secs(seconds.unwrap_or(9)) / 3;
    let webhook = Receiver::start().unwrap();
    let mut collectors: Vec<_> = (0..3).map(|_| collector(&webhook, &webhook)).collect();
    let folder = tempfile::tempdir().unwrap();
    let endpoints = folder.path().join("endpoints.json");
    let addresses = |all: &[Envoy]| -> Vec<_> { all.iter().map(Envoy::address).collect() };
    announce(&endpoints, &addresses(&collectors));
    let front = front(&endpoints);

    let (stop, log) = (AtomicBool::new(false), Mutex::default());
    let joined = thread::scope(|scope| {
        let (stop, log) = (&stop, &log);
        for number in 0..CLIENTS {
            let front = front.address();
            scope.spawn(move || client(number, front, stop, log));
        }
        // So many on each side of a change, also on a slow machine.
        let some_are_sent = || {
            let before = log.lock().unwrap().len();
            thread::sleep(third);
            let more = || log.lock().unwrap().len() > before + FEWEST;
            poll(PATIENCE, || more().then_some(()));
        };
        some_are_sent();
        // Killed, not drained: its events in flight are gone.
        drop(collectors.remove(0));
        some_are_sent();
        let new = collector(&webhook, &webhook);
        let mut all = addresses(&collectors);
        all.push(new.address());
        announce(&endpoints, &all);
        some_are_sent();
        stop.store(true, Ordering::Relaxed);
        new
    });

    let log = log.into_inner().unwrap();
    let deadline = Instant::now() + PATIENCE;
    let mut delivered: BTreeMap<String, usize>;
    loop {
        delivered = BTreeMap::new();
        for request in webhook.requests() {
            *delivered.entry(request.message_id()).or_default() += 1;
        }
        let complete = log
            .iter()
            .all(|(id, it)| !it.accepted || delivered.contains_key(id));
        if complete || Instant::now() > deadline {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    let count = |wanted: &dyn Fn(&Sent) -> bool| log.values().filter(|it| wanted(it)).count();
    let lost: Vec<_> = log
        .iter()
        .filter(|(id, it)| it.accepted && !delivered.contains_key(*id))
        .collect();
    let twice: Vec<_> = delivered.iter().filter(|(_, times)| **times > 1).collect();
    println!(
        "{} events of {CLIENTS} clients: {} accepted, {} sent more than once; {} lost, {} delivered twice",
        log.len(),
        count(&|it| it.accepted),
        count(&|it| it.attempts > 1),
        lost.len(),
        twice.len(),
    );
    assert!(count(&|it| it.accepted) > 100);
    assert!(lost.is_empty(), "{lost:?}");
    // Only what was sent more than once, and only where its collector changed in between.
    for (id, times) in &twice {
        let attempts = log[*id].attempts;
        assert!(
            **times <= attempts,
            "{id} was sent {attempts} times and delivered {times} times"
        );
    }
    assert!(
        twice.len() * 20 < log.len(),
        "{} of {}",
        twice.len(),
        log.len()
    );
    // Each client has one event under way, and one that it sends again, when a collector dies; and
    // one when another joins.
    assert!(twice.len() <= 3 * CLIENTS, "{}", twice.len());
    let share = "wasmcustom.freshpaint_webhooks.events.type.track.outcome.accepted";
    poll(PATIENCE, || (joined.stat(share).ok()? > 0).then_some(()))
        .expect("the one that joined has its share");
}
