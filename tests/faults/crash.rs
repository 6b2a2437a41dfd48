//! A worker's VM dies: collection comes back, and clients that send again lose nothing.

use crate::clients::request;
use crate::ledger::{Answer, Keeps, COLUMNS};
use crate::trial::{beside_others, Trial, RECOVERY};
use crate::webhooks::{FAILING, HANGING, HEALTHY};
use freshpaint_harness::envoy::{faulty_module, FAULT_HEADER as HEADER};
use freshpaint_harness::prometheus::has_sample;
use freshpaint_harness::wait::poll;
use freshpaint_harness::{envoy, H2Connection, Plugin};
use serde_json::json;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// Envoy backs off for a second, jittered, before it makes the next VM; the first time it does not
/// wait.
const BACK_WITHIN: Duration = Duration::from_secs(2);

fn trial() -> Trial {
    Trial::start(4, |config| config.module = Some(faulty_module().into()))
}

fn contains(file: &Path, needle: &str) -> bool {
    let bytes = fs::read(file).unwrap();
    bytes
        .windows(needle.len())
        .any(|window| window == needle.as_bytes())
}

#[test]
fn the_shipped_module_cannot_be_made_to_panic() {
    assert!(contains(faulty_module(), HEADER));
    assert!(!contains(&envoy::module().unwrap(), HEADER));
}

/// An event on a connection of its own: when it was sent, when it had its answer or was given up,
/// and whether it was accepted.
#[derive(Clone, Copy)]
struct Probe {
    sent: Instant,
    ended: Instant,
    accepted: bool,
}

/// One event after the other.
fn probe(trial: &Trial, prefix: &str, time: Duration) -> Vec<Probe> {
    let start = Instant::now();
    let mut clients = trial.clients(prefix);
    clients.patience = BACK_WITHIN;
    let mut probes = Vec::new();
    while start.elapsed() < time {
        let sent = Instant::now();
        let answer = clients.send(&[format!("{prefix}{}", probes.len())]);
        probes.push(Probe {
            sent,
            ended: Instant::now(),
            accepted: answer == Answer::Success,
        });
        thread::sleep(Duration::from_millis(5));
    }
    probes
}

#[test]
fn a_worker_whose_vm_died_is_back_within_two_seconds() {
    let _turn = beside_others();
    println!();
    for victim in ["stream", "root"] {
        // Another program may have had the machine. A worker that stays away does so each time.
        let mut back = Duration::MAX;
        for _ in 0..3 {
            back = back.min(kill(victim));
            if back < BACK_WITHIN {
                break;
            }
        }
        assert!(back < BACK_WITHIN, "the {victim} panics: {back:?}");
    }
}

/// Kills a VM under load: how long after that the last event failed that was sent after it. Some
/// event is accepted after the last one that failed.
fn kill(victim: &str) -> Duration {
    let trial = trial();
    let (load, probes) = (format!("{victim}.load."), format!("{victim}.probe."));
    let mut clients = trial.clients(&load);
    clients.patience = Duration::from_secs(5);
    let time = Duration::from_secs(4);
    let (died, probes) = thread::scope(|scope| {
        scope.spawn(|| clients.run(600, time));
        let probes: Vec<_> = (0..4)
            .map(|n| {
                let prefix = format!("{probes}{n}.");
                let trial = &trial;
                scope.spawn(move || probe(trial, &prefix, time))
            })
            .collect();
        thread::sleep(Duration::from_secs(1));
        let died = Instant::now();
        let fatal = request(&[format!("{victim}.fatal")]).header(HEADER, victim);
        trial.ledger.sent(&[format!("{victim}.fatal")]);
        // Requests that a dead VM had paused wait for ever.
        let _ = freshpaint_harness::Connection::open(trial.envoy.address()).and_then(
            |mut connection| {
                connection.send(&fatal.to_bytes())?;
                connection.response_within(Duration::from_millis(300))
            },
        );
        // Nobody knows which answers the VM still saw in its last moments.
        trial.ledger.cut_all();
        let probes: Vec<_> = probes
            .into_iter()
            .flat_map(|probe| probe.join().unwrap())
            .collect();
        (died, probes)
    });
    let failed = probes
        .iter()
        .filter(|probe| probe.sent > died && !probe.accepted);
    let last = failed.clone().map(|probe| probe.ended).max();
    let last = last.unwrap_or(died);
    let is_back = |probe: &Probe| probe.sent > last && probe.accepted;
    let back = if probes.iter().any(is_back) {
        last.duration_since(died)
    } else {
        Duration::MAX
    };
    println!(
        "the {victim} panics: {} of {} probes failed, the last one after {back:.1?}",
        failed.count(),
        probes.len()
    );
    trial.recover(&format!("{victim}."), Keeps::Nothing);
    trial.settle();
    println!("{COLUMNS}\n{}", trial.assert_whole(""));
    let panics = trial.envoy.log().matches("a fault was injected").count();
    assert_eq!(panics, 1, "{}", trial.envoy.log());
    back
}

#[test]
fn a_claim_dies_with_its_worker() {
    let _turn = beside_others();
    let trial = trial();
    trial.turn([HANGING, HANGING]);
    let event = ["claimed".to_owned()];
    trial.ledger.sent(&event);
    // Two streams of one connection are on one worker.
    let connection = Arc::new(H2Connection::open(trial.envoy.address()).unwrap());
    let (waiting, held) = (Arc::clone(&connection), request(&event));
    // It gets no answer; its connection ends with Envoy.
    thread::spawn(move || waiting.request(&held));
    let both = |count: usize| {
        let called = || {
            trial
                .webhooks
                .iter()
                .all(|hook| hook.receiver.count() >= count)
        };
        poll(RECOVERY, || called().then_some(())).unwrap();
    };
    both(1);
    let fatal = request(&["fatal".into()]).header(HEADER, "stream");
    assert_eq!(connection.request(&fatal).unwrap().status, 503);
    trial.turn([HEALTHY, HEALTHY]);
    let start = Instant::now();
    let clients = trial.clients("");
    // Wherever it is sent again, the other workers wait for the one that died no longer than its
    // pulse is good.
    let mut answers = Vec::new();
    thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| clients.send(&event)))
            .collect();
        answers.extend(clients.into_iter().map(|client| client.join().unwrap()));
    });
    let waited = start.elapsed();
    println!("\nsent again after its worker died: {answers:?} in {waited:.1?}");
    assert!(answers.contains(&Answer::Success), "{answers:?}");
    assert!(waited < Duration::from_secs(5), "{waited:?}");
    trial.settle();
    let row = trial.assert_whole("claimed");
    assert_eq!((row.received, row.unknown), (1, 2));
}

/// Nothing happens after the worker's death: no request, no tick of another worker that keeps
/// something.
#[test]
fn events_that_a_dead_worker_kept_leave_the_gauges() {
    let _turn = beside_others();
    let trial = Trial::start(2, |config| {
        config.module = Some(faulty_module().into());
        let mut plugin = crate::trial::plugin();
        plugin["retry"] = json!({"initial_backoff": "60s", "max_backoff": "60s"});
        config.plugin = Plugin::Struct(plugin);
    });
    trial.turn([FAILING, FAILING]);
    let connection = H2Connection::open(trial.envoy.address()).unwrap();
    let kept = connection.request(&request(&["kept".to_owned()])).unwrap();
    assert_eq!(kept.status, 503);
    let held = |events: u64| {
        let text = trial.envoy.ask_admin("/stats/prometheus").ok()?;
        let wanted = format!("freshpaint_webhooks_held_events{{}} {events}");
        has_sample(&text, &wanted).then_some(())
    };
    poll(RECOVERY, || held(1)).expect("the event is kept");
    let fatal = request(&["fatal".into()]).header(HEADER, "stream");
    assert_eq!(connection.request(&fatal).unwrap().status, 503);
    let died = Instant::now();
    poll(Duration::from_secs(15), || held(0)).expect("nothing is kept any more");
    assert!(
        died.elapsed() < Duration::from_secs(12),
        "{:?}",
        died.elapsed()
    );
}
