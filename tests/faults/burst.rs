//! Far more at once than can be in flight.

use crate::campaign::seconds;
use crate::ledger::{Answer, Keeps, COLUMNS};
use crate::trial::{alone, plugin, Trial};
use crate::webhooks::{Way, FAILING, HEALTHY};
use freshpaint_harness::Plugin;
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const BATCHES: usize = 20;
const EVENTS: usize = 2_500;

/// RSS of the whole process: Envoy itself has some 60 MiB, and the bounds allow each worker 96 MiB
/// more.
const MOST_MIB: u64 = 512;

fn burst(way: Way, webhooks: usize) {
    let trial = Trial::start(4, |config| {
        let mut plugin = plugin();
        let all = plugin["webhooks"].as_array_mut().unwrap();
        all.truncate(webhooks);
        for webhook in all {
            webhook["timeout"] = json!("5s");
        }
        config.plugin = Plugin::Struct(plugin);
    });
    trial.turn([way, way]);
    let clients = trial.clients("");
    let (before, start) = (trial.resident_mib(), Instant::now());
    let is_over = AtomicBool::new(false);
    let (answers, peak) = thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut peak = 0;
            while !is_over.load(Ordering::Relaxed) {
                peak = peak.max(trial.resident_mib());
                thread::sleep(Duration::from_millis(20));
            }
            peak
        });
        let senders: Vec<_> = (0..BATCHES)
            .map(|batch| {
                let ids: Vec<_> = (0..EVENTS).map(|n| format!("{batch}-{n}")).collect();
                let clients = &clients;
                scope.spawn(move || clients.send(&ids))
            })
            .collect();
        let answers: Vec<_> = senders
            .into_iter()
            .map(|sender| sender.join().unwrap())
            .collect();
        is_over.store(true, Ordering::Relaxed);
        (answers, watcher.join().unwrap())
    });
    let answered = start.elapsed();
    trial.recover("", Keeps::WhatIsRead);
    trial.settle();

    let of = |wanted: Answer| answers.iter().filter(|answer| **answer == wanted).count();
    println!(
        "\n{webhooks} webhooks, {BATCHES} batches of {EVENTS} events at once: {} answered 200, {} kept, {} not kept, \
         all in {answered:.1?}, accounted for in {:.1?}; memory {before} MiB before, {peak} MiB at most, {} MiB after",
        of(Answer::Success), of(Answer::Kept), of(Answer::NotKept), start.elapsed(), trial.resident_mib(),
    );
    println!("{COLUMNS}\n{}", trial.ledger.row(""));
    assert_eq!(of(Answer::Broken), 0, "{answers:?}");
    let row = trial.assert_whole_but_for_late_calls();
    assert_eq!(row.sent, BATCHES * EVENTS);
    assert!(peak < MOST_MIB, "{peak} MiB");
}

#[test]
fn every_event_of_twenty_full_batches_at_once_is_accounted_for() {
    let _turn = alone();
    burst(HEALTHY, if seconds().is_some() { 2 } else { 1 });
}

#[test]
fn every_event_of_a_burst_that_all_webhooks_fail_is_accounted_for() {
    let _turn = alone();
    if seconds().is_some() {
        burst(FAILING, 2);
    }
}
