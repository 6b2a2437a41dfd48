//! Little input that becomes much: compressed bodies, members without end, rules on each of them.

use crate::bed::Bed;
use crate::http1::{at_rate, Outcome};
use crate::table::{millis, quantile, Case, Measures};
use flate2::write::GzEncoder;
use flate2::Compression;
use freshpaint_harness::receiver::status;
use freshpaint_harness::{Receiver, Request};
use serde_json::{json, Value};
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
/// The longest that one request may hold a worker.
const MOST_STALL: Duration = Duration::from_millis(100);

pub(crate) const SMALL: Case = Case {
    name: "bomb: gzip in gzip, 20/s",
    in_short: true,
    run: |plan| {
        let bed = Bed::start(1);
        let request = gzipped(gzip(&gzip(&members(870_000)))).to_bytes();
        assert!(request.len() < 1_000, "{} bytes", request.len());
        strike(&bed, plan.lasts(15), 20, &request, 413)
    },
};

pub(crate) const IN_A_QUERY: Case = Case {
    name: "bomb: GET ?data=, 20/s",
    in_short: true,
    run: |plan| {
        let bed = Bed::start(1);
        let data = base64(&gzip(&gzip(&members(870_000))));
        let request = Request::get(&format!("/track?data={data}")).to_bytes();
        strike(&bed, plan.lasts(15), 20, &request, 413)
    },
};

pub(crate) const HASHED: Case = Case {
    name: "bomb: one layer, every member hashed, 5/s",
    in_short: true,
    run: |plan| {
        let bed = Bed::configured(1, |plugin| {
            plugin["properties"] = json!({
                "hash": ["properties.*"], "hash_key": "k".repeat(32),
                "allow": ["properties.*", "traits.*", "context.*"],
            });
        });
        let request = gzipped(gzip(&members(870_000))).to_bytes();
        strike(&bed, plan.lasts(15), 5, &request, 413)
    },
};

pub(crate) const SIXTEEN_RULE_SETS: Case = Case {
    name: "bomb: one request against 16 rule sets",
    in_short: true,
    run: |_| {
        let bed = Bed::configured(1, |plugin| rule_sets(plugin, 16));
        let request = gzipped(gzip(&members(870_000))).to_bytes();
        strike(&bed, Duration::from_secs(2), 1, &request, 413)
    },
};

pub(crate) const LARGEST_PLAIN: Case = Case {
    name: "1 MiB of plain members against 32 rule sets, 2/s",
    in_short: true,
    run: |plan| {
        let bed = Bed::configured(1, |plugin| rule_sets(plugin, 32));
        let request = Request::post("/track", members(170_000)).to_bytes();
        strike(&bed, plan.lasts(10), 2, &request, 413)
    },
};

/// Sends this again and again; each has to be answered `expected`, and nothing of it delivered.
fn strike(bed: &Bed, time: Duration, rate: u64, request: &[u8], expected: u16) -> Measures {
    let delivered = [large(&bed.crm), large(&bed.warehouse)];
    let count = (time.as_secs() * rate) as usize;
    let send = || at_rate(bed.address(), count, time, PATIENCE, |_| request.to_vec());
    let (outcomes, seen) = bed.beside(send);
    let mut measures = bed.judge(&seen);
    let other = |one: &&Outcome| one.status != Some(expected);
    measures.none(
        "answers other than 413",
        outcomes.iter().filter(other).count(),
    );
    let delivered = delivered
        .iter()
        .map(|all| all.load(Ordering::Relaxed))
        .sum();
    measures.none("delivered", delivered);
    // A request waits for its own stall, and at times for that of another one.
    let mut times: Vec<_> = outcomes.iter().map(|one| one.took).collect();
    let most = bed.allowing(MOST_STALL);
    measures.at_most(
        "a bomb's p50",
        millis(quantile(&mut times, 0.5)),
        most,
        "ms",
    );
    measures
}

/// Counts the calls that no good client's event explains.
fn large(receiver: &Receiver) -> Arc<AtomicUsize> {
    let count = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&count);
    receiver.decide(move |request, _| {
        counted.fetch_add(usize::from(request.body.len() > 10_000), Ordering::Relaxed);
        status(200)
    });
    count
}

/// An event with this many members of six bytes each.
fn members(count: usize) -> Vec<u8> {
    let mut json = br#"{"event":"a","properties":{"distinct_id":"d","$insert_id":"bomb""#.to_vec();
    json.extend(br#","":0"#.repeat(count));
    json.extend(b"}}");
    json
}

/// As many webhooks, each with rules that no other has and that look at everything.
fn rule_sets(plugin: &mut Value, count: usize) {
    let webhooks: Vec<_> = (0..count)
        .map(|n| {
            let cluster = ["crm", "warehouse"][n % 2];
            let key = format!("{n:032}");
            json!({
                "name": format!("w{n}"), "url": format!("http://{cluster}:8080/in"), "cluster": cluster,
                "properties": {
                    "hash": ["properties.*", "context.*"], "hash_key": key,
                    "mask": [format!("properties.*.*.{n}")],
                },
            })
        })
        .collect();
    plugin["webhooks"] = json!(webhooks);
}

fn gzipped(body: Vec<u8>) -> Request {
    Request::post("/track", body).header("content-encoding", "gzip")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE.encode(bytes)
}
