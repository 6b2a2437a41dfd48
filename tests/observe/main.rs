//! Alerts and dashboard, held against a live Prometheus that scrapes a real Envoy.
//!
//! Prometheus is that of `scripts/prometheus`. Grafana is not run: what it asks of Prometheus is.
//! `cargo test` plays one fault for each alert; `make faults` sets `FAULTS_SECONDS`, and every
//! fault is played.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::string_slice
)]

mod bed;
mod dashboard;
mod prometheus;
mod rules;
mod scenes;

use bed::Bed;
use freshpaint_harness::shipped::repository;
use freshpaint_harness::wait::poll;
use prometheus::{tools, Prometheus};
use scenes::{Scene, LONG, SHORT};
use std::collections::BTreeSet;
use std::env;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Many windows of the shortened rules: many Envoys and many Prometheus run side by side.
const PATIENCE: Duration = Duration::from_secs(90);

#[test]
fn each_alert_is_raised_by_the_samples_that_it_is_for() {
    let Some(tools) = tools() else { return };
    for command in [
        ["test", "rules", "alerts.test.yaml"],
        ["check", "config", "prometheus.yaml"],
    ] {
        let output = Command::new(tools.join("promtool"))
            .args(command)
            .current_dir(repository().join("envoy/observe"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{command:?}: {output:?}");
    }
}

#[test]
fn every_expression_finds_series_while_all_is_well() {
    let Some(tools) = tools() else { return };
    let bed = Bed::start(|_, _| {});
    let prometheus = Prometheus::start(tools, bed.envoy.admin());
    let goes_on = AtomicBool::new(true);
    thread::scope(|scope| {
        let _ends = Ends(&goes_on);
        scope.spawn(|| bed.keep_sending(&goes_on));
        let expressions = dashboard::expressions();
        assert!(expressions.len() > 15, "{expressions:?}");
        let mut empty = Vec::new();
        let all_found = poll(PATIENCE, || {
            empty = expressions
                .iter()
                .filter(|expression| prometheus.query(expression).is_empty())
                .collect();
            empty.is_empty().then_some(())
        });
        assert!(all_found.is_some(), "nothing for {empty:#?}");
        for rule in prometheus.rules() {
            assert_eq!(rule.error, "", "{}", rule.name);
            for selector in prometheus::selectors(&rule.expression) {
                let found = prometheus.query(&selector);
                assert!(!found.is_empty(), "{}: nothing for {selector}", rule.name);
            }
        }
        assert_eq!(prometheus.fired(), [""; 0], "all is well");
    });
}

#[test]
fn each_fault_raises_its_alerts_alone() {
    let Some(tools) = tools() else { return };
    let is_long = env::var_os("FAULTS_SECONDS").is_some();
    let scenes: Vec<_> = match is_long {
        true => SHORT.iter().chain(LONG).collect(),
        false => SHORT.iter().collect(),
    };
    let raised = scenes.iter().flat_map(|scene| scene.raises);
    let raised: BTreeSet<_> = raised.filter_map(|it| it.split(' ').next()).collect();
    let shipped = rules::shipped();
    let known = shipped
        .lines()
        .filter_map(|it| it.trim().strip_prefix("- alert: "));
    assert_eq!(raised, known.collect(), "an alert that no fault raises");
    // Most of the time goes into waiting.
    let mut wrong = Vec::new();
    for scenes in scenes.chunks(SHORT.len()) {
        thread::scope(|scope| {
            let playing: Vec<_> = scenes
                .iter()
                .map(|scene| (scene, scope.spawn(|| play(scene, tools))))
                .collect();
            for (scene, play) in playing {
                let (took, fired, after) = play.join().unwrap();
                println!("{:<40} {took:>5.1?} {fired:?}", scene.name);
                if fired != scene.raises || !after.is_empty() {
                    let expected = scene.raises;
                    wrong.push(format!(
                        "{}: {fired:?} and not {expected:?}; left in the end: {after:?}",
                        scene.name
                    ));
                }
            }
        });
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Lets all be well, breaks something, and mends it: how long it took, every alert that has fired,
/// and those that still fire.
fn play(scene: &Scene, tools: &Path) -> (Duration, Vec<String>, Vec<String>) {
    let start = Instant::now();
    let bed = Bed::start(scene.setup);
    let prometheus = Prometheus::start(tools, bed.envoy.admin());
    let goes_on = AtomicBool::new(true);
    thread::scope(|scope| {
        let _ends = Ends(&goes_on);
        scope.spawn(|| bed.keep_sending(&goes_on));
        // Rates need two samples.
        poll(PATIENCE, || (prometheus.scrapes() >= 3).then_some(())).expect("samples");
        (scene.fault)(&bed);
        let broken = Instant::now();
        let expected =
            |fired: &[String]| scene.raises.iter().all(|it| fired.iter().any(|f| f == it));
        // As long as any alert may take to come, so that one too many is seen.
        while broken.elapsed() < rules::slowest_alert() || !expected(&prometheus.fired()) {
            if broken.elapsed() > PATIENCE {
                break;
            }
            thread::sleep(Duration::from_secs(1));
            (scene.again)(&bed);
        }
        bed.mend();
        poll(PATIENCE, || prometheus.firing().is_empty().then_some(()));
        (start.elapsed(), prometheus.fired(), prometheus.firing())
    })
}

/// Ends the sending, also when a test fails.
struct Ends<'f>(&'f AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
