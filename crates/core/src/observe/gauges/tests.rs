use std::collections::BTreeMap;

use super::*;
use crate::delivery::levels::WebhookLevel;
use crate::observe::{self, Change};
use crate::test_util::SharedMemory;
use crate::testing;

/// Workers of one process, with Envoy's gauges.
#[derive(Default)]
struct Process {
    board: SharedMemory,
    gauges: BTreeMap<String, u64>,
    owners: u32,
}

struct Worker {
    gauges: Gauges,
    observe: Observe,
    names: Vec<String>,
    levels: Levels,
}

impl Process {
    fn worker(&mut self, webhooks: &[&str], now: SteadyMillis) -> Worker {
        self.owners += 1;
        let config = testing::config(webhooks);
        let metrics = observe::metrics(&config.webhooks).into_iter();
        Worker {
            gauges: Gauges::new(&config, Owner(self.owners), now),
            observe: Observe::new(&config.webhooks),
            names: metrics.map(|metric| metric.name).collect(),
            levels: Levels {
                webhooks: vec![WebhookLevel::default(); webhooks.len()],
                ..Levels::default()
            },
        }
    }

    /// The work of the worker when it is told of something at this time.
    fn look(&mut self, worker: &mut Worker, now: SteadyMillis) {
        let look = Look {
            now,
            unix: UnixSeconds(1_000_000 + i64::try_from(now / 1_000).unwrap()),
            board: &mut self.board,
            observe: &mut worker.observe,
        };
        worker.gauges.serve();
        worker.gauges.touch();
        worker.gauges.look(&worker.levels, look);
        worker.observe.take_changes(|id, change| {
            let name = worker.names[id.index()].replace("freshpaint_webhooks.", "");
            let gauge = self.gauges.entry(name).or_default();
            match change {
                Change::Record(value) => *gauge = value,
                Change::Raise(value) => *gauge = value.max(*gauge),
                Change::Add(_) => panic!("a gauge that is added to"),
            }
        });
    }

    /// The gauges that are not zero, without those that never change.
    fn seen(&self) -> Vec<(&str, u64)> {
        let constant = ["build_info", "retry_window"];
        let gauges = self.gauges.iter().map(|(name, value)| (&**name, *value));
        gauges
            .filter(|(name, value)| {
                *value > 0 && !constant.iter().any(|prefix| name.starts_with(prefix))
            })
            .collect()
    }
}

fn held(worker: &mut Worker, events: usize, since: SteadyMillis, percent: u32) {
    worker.levels.held_events = events;
    worker.levels.held_bytes = events * 100;
    worker.levels.held_used_percent = percent;
    worker.levels.held_since = (events > 0).then_some(since);
}

#[test]
fn the_gauges_are_the_sum_of_all_workers() {
    let mut process = Process::default();
    let mut one = process.worker(&["crm", "cdp"], 0);
    let mut two = process.worker(&["crm", "cdp"], 0);
    held(&mut one, 3, 20_000, 10);
    one.levels.webhooks[0].in_flight = 2;
    one.levels.webhooks[0].breaker_is_open = true;
    held(&mut two, 4, 10_000, 81);
    two.levels.webhooks[0].in_flight = 5;
    two.levels.webhooks[1].in_flight = 1;
    process.look(&mut one, 25_000);
    process.look(&mut two, 26_000);
    assert_eq!(
        process.seen(),
        [
            ("breaker_open.webhook.crm", 1),
            ("held_bytes", 700),
            ("held_events", 7),
            ("held_oldest_seconds", 16),
            ("held_used_percent", 81),
            ("in_flight.webhook.cdp", 1),
            ("in_flight.webhook.crm", 7),
        ]
    );
    assert_eq!(process.gauges["retry_window_seconds"], 900);
    let version = concat!("build_info.version.", env!("CARGO_PKG_VERSION"));
    assert_eq!(process.gauges[version], 1);
    held(&mut two, 0, 0, 0);
    two.levels.webhooks = vec![WebhookLevel::default(); 2];
    process.look(&mut two, 27_000);
    assert_eq!(
        process.seen(),
        [
            ("breaker_open.webhook.crm", 1),
            ("held_bytes", 300),
            ("held_events", 3),
            ("held_oldest_seconds", 7),
            ("held_used_percent", 10),
            ("in_flight.webhook.crm", 2),
        ]
    );
}

#[test]
fn the_values_of_a_dead_worker_are_gone_after_ten_seconds_though_nothing_happens() {
    let mut process = Process::default();
    let mut main_thread = process.worker(&["crm"], 0);
    let mut dies = process.worker(&["crm"], 0);
    held(&mut dies, 3, 0, 1);
    process.look(&mut dies, 4_900);
    let mut now = 0;
    while !process.seen().is_empty() {
        now = main_thread.gauges.poll_timeout().unwrap();
        let look = Look {
            now,
            unix: UnixSeconds(0),
            board: &mut process.board,
            observe: &mut main_thread.observe,
        };
        main_thread.gauges.look(&main_thread.levels, look);
        main_thread.observe.take_changes(|id, change| {
            if let Change::Record(value) = change {
                let name = main_thread.names[id.index()].replace("freshpaint_webhooks.", "");
                process.gauges.insert(name, value);
            }
        });
    }
    assert_eq!(now, 10_000);
}

#[test]
fn a_worker_that_holds_something_looks_each_second_and_one_without_anything_does_not() {
    let mut process = Process::default();
    let mut worker = process.worker(&["crm"], 0);
    held(&mut worker, 1, 0, 0);
    process.look(&mut worker, 7_000);
    assert_eq!(worker.gauges.poll_timeout(), Some(8_000));
    held(&mut worker, 0, 0, 0);
    process.look(&mut worker, 8_000);
    assert_eq!(worker.gauges.poll_timeout(), None);
    worker.gauges.touch();
    assert_eq!(worker.gauges.poll_timeout(), Some(9_000));
}

#[test]
fn configurations_with_other_webhooks_are_told_apart_by_name() {
    let mut process = Process::default();
    let mut old = process.worker(&["crm", "gone"], 0);
    let mut new = process.worker(&["cdp", "crm"], 0);
    old.levels.webhooks[0].in_flight = 1;
    old.levels.webhooks[1].in_flight = 1;
    process.look(&mut old, 1_000);
    new.levels.webhooks[1].in_flight = 2;
    process.look(&mut new, 1_000);
    assert_eq!(
        process.seen(),
        [("in_flight.webhook.crm", 3), ("in_flight.webhook.gone", 1)]
    );
    old.levels.webhooks = vec![WebhookLevel::default(); 2];
    process.look(&mut old, 1_500);
    assert_eq!(process.seen(), [("in_flight.webhook.crm", 2)]);
}

#[test]
fn the_last_success_is_the_latest_of_all_workers_and_outlives_them() {
    let mut process = Process::default();
    let mut one = process.worker(&["crm"], 0);
    let mut two = process.worker(&["crm"], 0);
    one.levels.webhooks[0].last_success = Some(9_400);
    process.look(&mut one, 10_000);
    assert_eq!(
        process.seen(),
        [("last_success_seconds.webhook.crm", 1_000_009)]
    );
    two.levels.webhooks[0].last_success = Some(5_000);
    process.look(&mut two, 11_000);
    assert_eq!(
        process.seen(),
        [("last_success_seconds.webhook.crm", 1_000_009)]
    );
    two.levels.webhooks[0].last_success = Some(11_000);
    process.look(&mut two, 12_000);
    process.look(&mut one, 100_000);
    assert_eq!(
        process.seen(),
        [("last_success_seconds.webhook.crm", 1_000_011)]
    );
}

#[test]
fn values_that_no_worker_wrote_are_left_out() {
    let mut sums = Sums::new(1);
    for broken in [&b""[..], b"short", &[0xff; 31]] {
        sums.add(broken, &[7]);
    }
    assert_eq!(sums.held_events, 0);
    for broken in [[0xff; 55], [0xff; 55]] {
        sums.add(&broken, &[u64::MAX]);
    }
    assert_eq!(
        (sums.held_events, &*sums.webhooks),
        (u64::MAX, &[[0; 2]][..])
    );
}
