//! Everything that a worker may hold, at the same time.

use super::connections::large;
use crate::bed::Bed;
use crate::http1::{at_rate, open};
use crate::table::{Case, Measures};
use crate::wasm_memory;
use flate2::write::GzEncoder;
use flate2::Compression;
use freshpaint_harness::receiver::status;
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Reply, Request};
use serde_json::{json, Value};
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

const MIB: u64 = 1 << 20;
/// As docs/operations.md has it: for the process, for its one worker, and the VM's part of this.
const PROCESS_MIB: f64 = 150.0;
const WORKER_MIB: f64 = 210.0;
const VM_MIB: f64 = 64.0 + 32.0 + 48.0;
/// How long everything is asked for at once.
const LASTS: Duration = Duration::from_secs(6);
/// Their clients give up, which changes nothing.
const GIVES_UP: Duration = Duration::from_secs(3);
/// Longer than the 25 s of a request.
const PATIENCE: Duration = Duration::from_secs(28);
/// `retry.max_held_bytes`, but for the room that the next event does not fit in.
const KEPT_MIB: f64 = 28.0;

pub(crate) const EVERYTHING: Case = Case {
    name: "all that a worker may hold: bodies, events, kept ones, calls",
    in_short: false,
    run: |_| {
        let bed = Bed::configured(1, eight_payloads);
        let (kept, mut measures) = watched(&bed, || fill(&bed));
        measures.at_least("kept", kept as f64 / MIB as f64, KEPT_MIB, "MiB");
        measures
    },
};

pub(crate) const SMALL_EVENTS: Case = Case {
    name: "150,000 small events to 32 hung webhooks",
    in_short: false,
    run: |_| {
        let bed = Bed::configured(1, |plugin| {
            let webhook = |n: usize| {
                let cluster = ["crm", "warehouse"][n % 2];
                let url = format!("http://{cluster}:8080/in");
                json!({"name": format!("w{n}"), "url": url, "cluster": cluster})
            };
            plugin["webhooks"] = (0..32).map(webhook).collect();
        });
        bed.crm.set(Reply::silence());
        bed.warehouse.set(Reply::silence());
        let (other, mut measures) = watched(&bed, || {
            let time = Duration::from_secs(3);
            let answers = at_rate(bed.address(), 60, time, PATIENCE, batch);
            answers.iter().filter(|one| one.status != Some(503)).count()
        });
        measures.none("answers other than 503", other);
        measures
    },
};

/// Does `attack`, and looks meanwhile what the VMs and Envoy take.
fn watched<T>(bed: &Bed, attack: impl FnOnce() -> T) -> (T, Measures) {
    let (peak, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let done = thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                peak.fetch_max(wasm_memory::resident(bed.envoy.pid()), Ordering::Relaxed);
                thread::sleep(Duration::from_millis(50));
            }
        });
        let done = attack();
        is_over.store(true, Ordering::Relaxed);
        done
    });
    let mut measures = Measures::default();
    let memory = peak.load(Ordering::Relaxed) / MIB;
    measures.at_most("memory of the VMs", memory as f64, VM_MIB, "MiB");
    let rss = bed.envoy.peak_resident_bytes().unwrap() / MIB;
    let most = PROCESS_MIB + WORKER_MIB;
    measures.at_most("worst case in the manual", rss as f64, most, "MiB");
    bed.judge_envoy(&mut measures);
    (done, measures)
}

/// Fills all that there is, and gives the bytes of events that were kept.
fn fill(bed: &Bed) -> u64 {
    let webhooks = [&bed.crm, &bed.warehouse];
    for webhook in webhooks {
        webhook.set(status(503));
    }
    let send = |count, time, request: fn(usize) -> Vec<u8>| {
        at_rate(bed.address(), count, time, GIVES_UP, request);
    };
    send(150, Duration::from_secs(2), |n| event(n, 10_000 + n * 700));
    let mut kept = 0;
    let _ = poll(GIVES_UP, || {
        let gauge = "wasmcustom.freshpaint_webhooks.held_bytes";
        kept = bed.envoy.stat(gauge).unwrap();
        (kept > KEPT_MIB as u64 * MIB).then_some(())
    });
    for webhook in webhooks {
        webhook.set(Reply::silence());
    }
    thread::scope(|scope| {
        scope.spawn(|| {
            let coming = open(bed.address(), 60, large());
            thread::sleep(LASTS);
            drop(coming);
        });
        scope.spawn(|| send(30, LASTS, |n| unpacked(n, 4_900_000)));
        send(240, LASTS, |n| {
            event(1_000 + n, 1_000 + n * n * 7_919 % 900_000)
        });
    });
    kept
}

/// Webhooks of which each gets a payload of its own.
fn eight_payloads(plugin: &mut Value) {
    let webhook = |n: usize| {
        let cluster = ["crm", "warehouse"][n % 2];
        json!({
            "name": format!("w{n}"), "url": format!("http://{cluster}:8080/in"), "cluster": cluster,
            "properties": {"mask": [format!("properties.n{n}")]},
        })
    };
    plugin["webhooks"] = (0..8).map(webhook).collect();
}

/// As many events as a request may have, and as small as they come.
fn batch(n: usize) -> Vec<u8> {
    let event = |event: usize| {
        let id = format!("{n}-{event}");
        json!({"type": "track", "event": "a", "anonymousId": "d", "messageId": id})
    };
    let events: Vec<_> = (0..2_500).map(event).collect();
    Request::post("/v1/batch", json!({"batch": events}).to_string()).to_bytes()
}

fn json(n: usize, size: usize) -> Vec<u8> {
    let filling = "x".repeat(size);
    let event = json!({"event": "a", "properties": {
        "distinct_id": "d", "$insert_id": n.to_string(), "x": filling,
    }});
    event.to_string().into_bytes()
}

fn event(n: usize, size: usize) -> Vec<u8> {
    Request::post("/track", json(n, size)).to_bytes()
}

/// As [`event`], compressed.
fn unpacked(n: usize, size: usize) -> Vec<u8> {
    let mut text = json(n, size);
    // Not so even that the ratio is refused.
    for (at, byte) in text.iter_mut().enumerate() {
        if *byte == b'x' && at % 17 == 0 {
            *byte = b'a' + (at * at / 31 % 26) as u8;
        }
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&text).unwrap();
    let request = Request::post("/track", encoder.finish().unwrap());
    request.header("content-encoding", "gzip").to_bytes()
}
