//! How long an SDK waits when one webhook is dead and another one is alive.

use crate::clients::request;
use crate::trial::{alone, Trial};
use crate::webhooks::{Way, HANGING, HEALTHY};
use freshpaint_harness::Connection;
use std::thread;
use std::time::{Duration, Instant};

const TRIALS: usize = 4;
const ROUNDS: usize = 4;
const REQUESTS: usize = 100;
const PAUSE: Duration = Duration::from_millis(3);
/// The first ones of a block pay for what the change of the webhook has broken.
const WARM_UP: usize = 20;

/// Sends one event after the other on one connection, and gives the times to the answers.
fn measure(trial: &Trial, prefix: &str) -> Vec<Duration> {
    let mut connection = Connection::open(trial.envoy.address()).unwrap();
    let mut times = Vec::new();
    for n in 0..WARM_UP + REQUESTS {
        let ids = [format!("{prefix}{n}")];
        trial.ledger.sent(&ids);
        let request = request(&ids);
        // The client's own pace: what Envoy still does for the last event does not hold up the
        // next.
        thread::sleep(PAUSE);
        let start = Instant::now();
        let status = connection.request(&request).unwrap().status;
        times.push(start.elapsed());
        assert_eq!(status, 200, "{ids:?}");
        trial.ledger.answered(&ids, crate::ledger::Answer::Success);
    }
    times.split_off(WARM_UP)
}

/// In ms.
fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort();
    times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1e3
}

#[test]
fn a_dead_webhook_beside_a_live_one_costs_the_sdk_nothing() {
    let _turn = alone();
    // Another program may have had the machine. Work that costs time does so in each trial.
    let is_free = (0..TRIALS).any(|_| costs_nothing());
    assert!(is_free, "in {TRIALS} trials");
}

/// Prints a table, and gives whether each case is as quick as if both webhooks were alive.
fn costs_nothing() -> bool {
    let trial = Trial::start(4, |_| {});
    let mut cases = [
        ("both alive", HEALTHY, Vec::new()),
        ("one refuses connections", Way::Dead, Vec::new()),
        ("one hangs", HANGING, Vec::new()),
    ];
    for round in 0..ROUNDS {
        for (index, (_, way, times)) in cases.iter_mut().enumerate() {
            trial.webhooks[0].turn(*way);
            times.extend(measure(&trial, &format!("{index}.{round}.")));
        }
    }
    trial.recover("", crate::ledger::Keeps::WhatIsRead);
    trial.assert_whole("");

    println!(
        "\n{:<28}{:>10}{:>10}{:>8}{:>8}",
        "webhooks", "p50 ms", "p99 ms", "ratio", "ratio"
    );
    let mut alive = None;
    let mut is_free = true;
    for (name, _, times) in &mut cases {
        let (p50, p99) = (percentile(times, 50), percentile(times, 99));
        let (alive50, alive99) = *alive.get_or_insert((p50, p99));
        let (ratio50, ratio99) = (p50 / alive50, p99 / alive99);
        println!("{name:<28}{p50:>10.2}{p99:>10.2}{ratio50:>8.2}{ratio99:>8.2}");
        // Generous, for machines that do other things too: a delivery that is waited for would cost
        // the webhook's timeout.
        is_free &= p50 < 2.0 * alive50 + 2.0 && p99 < 3.0 * alive99 + 50.0;
    }
    is_free
}
