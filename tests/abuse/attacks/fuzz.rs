//! Requests of real SDKs, changed at random, through every rule there is, in the VM that Envoy
//! ships.

use crate::bed::Bed;
use crate::corpus::{seeds, Seed};
use crate::mutate::Mutator;
use crate::rule_sets;
use crate::table::{millis, Case, Measures};
use freshpaint_harness::receiver::status;
use freshpaint_harness::{Answer, Connection, Request, Response};
use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

const CLIENTS: u64 = 3;
/// Longer than a request with 25 s may wait.
const PATIENCE: Duration = Duration::from_secs(30);
/// One request holds a worker for up to 100 ms with so many rules, and each of these clients may
/// have one before the good client's.
const MOST_P99: Duration = Duration::from_millis(500);
/// Requests a second that would be too few to find anything.
const FEWEST: f64 = 20.0;
/// The requests that are written down when they get no answer, or one that they may not.
const KEPT: usize = 5;

pub(crate) const RULES: Case = Case {
    name: "random changes to requests of SDKs, 32 rule sets, up to 1 MiB",
    in_short: true,
    run: |plan| {
        let bed = Bed::configured(1, rule_sets::configure);
        bed.warehouse.decide(|_, before| moods(before));
        let vms = bed.vms();
        let seed = seed();
        println!("seed {seed}: ABUSE_SEED={seed} makes the same requests");
        let seeds = seeds();
        let time = plan.lasts(40);
        let (tally, seen) = bed.beside(|| all_clients(bed.address(), &seeds, seed, time));
        let mut measures = Measures::default();
        let errors = seen.errors_percent();
        measures.at_most("good client's errors", errors, 1.0, "%");
        let most = bed.allowing(MOST_P99);
        measures.at_most("its p99", millis(seen.p99()), most, "ms");
        bed.judge_envoy(&mut measures);
        measures.none("other answers than the manual's", tally.wrong);
        measures.none("no answer", tally.unanswered);
        measures.none("VMs made anew", bed.vms().abs_diff(vms) as usize);
        let rate = tally.requests as f64 / time.as_secs_f64();
        measures.at_least("requests", rate, FEWEST, "/s");
        let taken = 100.0 * tally.taken as f64 / tally.requests.max(1) as f64;
        measures.at_least("taken", taken, 10.0, "%");
        measures
    },
};

/// `ABUSE_SEED`, or one that no run had before.
fn seed() -> u64 {
    env::var("ABUSE_SEED").map_or_else(
        |_| fastrand::u64(..),
        |text| text.parse().expect("ABUSE_SEED is a number"),
    )
}

/// A webhook in every mood, so that calls are repeated, halved, kept and dropped as well.
fn moods(before: usize) -> Answer {
    match before % 64 {
        0..8 => status(500),
        8 => status(422),
        9 => status(413),
        10 => status(302).header("location", "http://127.0.0.1/"),
        11 => status(429).header("retry-after", "1"),
        12 => status(200).after(Duration::from_millis(100)),
        13 => status(200).body(vec![b'a'; 100_000]),
        14 => status(200).header("x-odd", b"\xff\xfe".to_vec()),
        _ => status(200),
    }
}

/// The fate of the requests.
#[derive(Default)]
struct Tally {
    requests: usize,
    taken: usize,
    wrong: usize,
    unanswered: usize,
}

fn all_clients(to: SocketAddr, seeds: &[Seed], seed: u64, time: Duration) -> Tally {
    let until = Instant::now() + time;
    let mut all = Tally::default();
    thread::scope(|scope| {
        let clients = (0..CLIENTS).map(|n| {
            let mutator = Mutator::new(seeds, seed.wrapping_add(n));
            scope.spawn(move || client(to, mutator, until))
        });
        for client in clients.collect::<Vec<_>>() {
            let one = client.join().unwrap();
            all.requests += one.requests;
            all.taken += one.taken;
            all.wrong += one.wrong;
            all.unanswered += one.unanswered;
        }
    });
    all
}

fn client(to: SocketAddr, mut mutator: Mutator<'_>, until: Instant) -> Tally {
    let mut tally = Tally::default();
    let mut kept = None;
    while Instant::now() < until {
        let request = mutator.request();
        let answer = send(to, &mut kept, &request);
        tally.requests += 1;
        match answer {
            Some(answer) if answer.status == 200 => tally.taken += 1,
            Some(answer) if is_named(&answer) => {}
            Some(answer) => {
                tally.wrong += 1;
                keep(&request, &answer.status.to_string());
            }
            None => {
                tally.unanswered += 1;
                keep(&request, "none");
            }
        }
    }
    tally
}

/// Whether the manual has the answer. Envoy itself would say 503 without `Retry-After` for a VM
/// that failed.
fn is_named(answer: &Response) -> bool {
    match answer.status {
        200 | 400 | 413 | 415 => true,
        503 => answer.header("retry-after").is_some(),
        _ => false,
    }
}

/// On a connection that is kept, or on a new one when that one is over.
fn send(to: SocketAddr, kept: &mut Option<Connection>, request: &Request) -> Option<Response> {
    let bytes = request.to_bytes();
    let answer = |connection: &mut Connection| {
        // An answer may come before everything is sent.
        let _ = connection.send(&bytes);
        connection.response_within(PATIENCE).ok()
    };
    if let Some(mut connection) = kept.take() {
        if let Some(found) = answer(&mut connection) {
            *kept = Some(connection).filter(|_| found.header("connection") != Some("close"));
            return Some(found);
        }
    }
    let mut connection = Connection::open(to).ok()?;
    let found = answer(&mut connection);
    *kept = Some(connection).filter(|_| {
        let found = found.as_ref();
        found.is_some_and(|found| found.header("connection") != Some("close"))
    });
    found
}

/// Writes a request down for whoever looks into it.
fn keep(request: &Request, answer: &str) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = (0..KEPT).map(|n| folder.join(format!("fuzz-{answer}-{n}.http")));
    if let Some(file) = file.into_iter().find(|file| !file.exists()) {
        fs::write(&file, request.to_bytes()).unwrap();
        println!("answered {answer}: {}", file.display());
    }
}
