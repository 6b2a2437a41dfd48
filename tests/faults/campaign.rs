//! Fault after fault on the same Envoy, under the same crowd of clients.

use crate::ledger::{Keeps, COLUMNS};
use crate::trial::{beside_others, webhook, Trial};
use crate::webhooks::{
    Way, FAILING, FLAPPING, HALF, HANGING, HEALTHY, LATE, LIMITING, REFUSING, RESETTING, SLOW,
    UNAUTHORISED,
};
use serde_json::json;
use std::env;
use std::thread;
use std::time::{Duration, Instant};

/// One way of breaking.
struct Fault {
    name: &'static str,
    ways: [Way; 2],
    keeps: Keeps,
}

const fn both(name: &'static str, way: Way) -> Fault {
    Fault {
        name,
        ways: [way, way],
        keeps: Keeps::WhatIsRead,
    }
}

const fn one(name: &'static str, way: Way) -> Fault {
    Fault {
        name,
        ways: [way, HEALTHY],
        keeps: Keeps::WhatIsRead,
    }
}

const FAULTS: [Fault; 16] = [
    both("none", HEALTHY),
    both("slow", SLOW),
    both("dead", Way::Dead),
    one("dead beside a live one", Way::Dead),
    both("hanging", HANGING),
    one("hanging beside a live one", HANGING),
    both("late", LATE),
    both("resetting", RESETTING),
    one("resetting beside a live one", RESETTING),
    both("half an answer", HALF),
    both("refusing (3xx, 4xx)", REFUSING),
    both("unauthorised (401)", UNAUTHORISED),
    both("failing (5xx)", FAILING),
    both("rate-limiting (429)", LIMITING),
    one("failing beside a live one", FAILING),
    both("flapping", FLAPPING),
];

/// Log lines for one webhook, one reason and one worker in ten seconds, and the two that say that
/// it was given up and that it answers again.
const LINES_PER_WEBHOOK: usize = 5 + 2;

/// One Envoy's share.
struct Campaign<'f> {
    workers: u32,
    /// Every webhook gets several events in one call, and not only the second.
    only_batches: bool,
    faults: &'f [Fault],
    /// For each fault, spread over this time.
    events: usize,
    phase: Duration,
    /// All faults again and again until this is over.
    total: Duration,
}

impl Campaign<'_> {
    /// Runs it, and gives what there is to print.
    fn run(&self) -> String {
        let start = Instant::now();
        let mut webhooks = ["crm", "cdp"].map(webhook);
        if self.only_batches {
            webhooks[0]["batch"] = json!({"max_wait": "0.02s"});
        }
        let trial = Trial::configured(self.workers, &json!({"webhooks": webhooks}));
        let mut resident = Vec::new();
        while resident.is_empty() || start.elapsed() < self.total {
            for (index, fault) in self.faults.iter().enumerate() {
                let prefix = format!("{index}.{}.", resident.len());
                trial.turn(fault.ways);
                trial.clients(&prefix).run(self.events, self.phase);
                trial.recover(&prefix, fault.keeps);
            }
            resident.push(trial.resident_mib());
        }
        trial.settle();

        let (workers, rounds, took) = (self.workers, resident.len(), start.elapsed());
        let mut text = format!(
            "\n{workers} workers, {rounds} rounds, {took:.1?}\n{:<28}{COLUMNS}\n",
            "fault"
        );
        for (index, fault) in self.faults.iter().enumerate() {
            let row = trial.ledger.row(&format!("{index}."));
            text += &format!("{:<28}{row}\n", fault.name);
        }
        text += &format!("{:<28}{}\n", "all", trial.assert_whole(""));
        text += &format!("memory of Envoy after each round, in MiB: {resident:?}\n");
        trial.assert_no_vm_died();
        // The first round fills the table of recognised events, and the pages of each VM that are
        // never given back.
        let growth = resident[rounds - 1].saturating_sub(resident[0]);
        assert!(growth < 64, "{resident:?} MiB");
        let lines = trial.envoy.log().lines().count();
        let periods = took.as_secs() as usize / 10 + 1;
        let most = 20 + LINES_PER_WEBHOOK * 2 * self.workers as usize * periods;
        assert!(lines <= most, "{lines} lines of log, at most {most}");
        text + &format!("{lines} lines of log, at most {most}")
    }
}

/// How long the long form goes on; `None` asks for the short one.
pub(crate) fn seconds() -> Option<Duration> {
    let seconds = env::var("FAULTS_SECONDS").ok()?;
    Some(Duration::from_secs(seconds.parse().unwrap()))
}

#[test]
fn nothing_is_lost_and_nothing_doubled_whatever_breaks() {
    let _turn = beside_others();
    let campaign = |workers, faults, events, phase, total| Campaign {
        workers,
        only_batches: workers == 1,
        faults,
        events,
        phase: Duration::from_millis(phase),
        total,
    };
    let Some(total) = seconds() else {
        // Most of the time goes into waiting: side by side they take no longer than the longest.
        return thread::scope(|scope| {
            let shares = FAULTS.chunks(3).map(|faults| (4, faults, 250, 700));
            let campaigns: Vec<_> = shares
                .chain([(1, &FAULTS[2..5], 100, 300)])
                .map(|(workers, faults, events, phase)| {
                    let campaign = campaign(workers, faults, events, phase, Duration::ZERO);
                    scope.spawn(move || campaign.run())
                })
                .collect();
            for campaign in campaigns {
                println!("{}", campaign.join().unwrap());
            }
        });
    };
    println!("{}", campaign(4, &FAULTS, 1_500, 4_000, total).run());
    println!("{}", campaign(1, &FAULTS, 500, 2_000, Duration::ZERO).run());
}
