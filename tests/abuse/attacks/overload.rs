//! A healthy webhook that is sent twice what it can take.

use crate::bed::Bed;
use crate::good_client::event;
use crate::http1::at_rate;
use crate::ledger::Ledger;
use crate::table::{millis, quantile, Case, Measures};
use crate::Plan;
use freshpaint_harness::receiver::status;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An SDK that is turned away is to hear so within this.
const MOST_WAIT: Duration = Duration::from_secs(1);
const LEAST_GOODPUT_PERCENT: f64 = 80.0;
/// What an event may take in all, and what it takes to be given back.
const PATIENCE: Duration = Duration::from_secs(28);
/// Until then the queue fills, and the rate is not known.
const WARM_UP: Duration = Duration::from_secs(6);

pub(crate) const SLOW: Case = Case {
    name: "twice what a webhook of 2.5 s takes",
    in_short: false,
    run: |plan| overload(plan, 64, |_, _| Duration::from_millis(2_500)),
};

pub(crate) const QUICK: Case = Case {
    name: "twice what a webhook of 50 ms takes",
    in_short: false,
    run: |plan| overload(plan, 5, |_, _| Duration::from_millis(50)),
};

pub(crate) const SLOWS_DOWN: Case = Case {
    name: "twice what a webhook takes whose speed halves midway",
    in_short: false,
    run: |plan| {
        overload(plan, 32, |at, all| {
            Duration::from_millis(if at < all / 2 { 800 } else { 1_600 })
        })
    },
};

/// `calls` at a time are what the webhook is allowed; how long each takes is told by `takes` from
/// the time that has passed and the time in all.
fn overload(plan: &Plan, calls: usize, takes: fn(Duration, Duration) -> Duration) -> Measures {
    let time = plan.either(plan.lasts(60), Duration::from_secs(20));
    let bed = Bed::configured(1, |plugin| {
        plugin["webhooks"].as_array_mut().unwrap().truncate(1);
        plugin["limits"] = json!({"max_in_flight_per_webhook": calls});
    });
    let ledger = Arc::new(Ledger::default());
    let (start, own) = (Instant::now(), Arc::clone(&ledger));
    bed.crm.decide(move |request, _| {
        own.receive(&request.body);
        status(200).after(takes(start.elapsed(), time))
    });
    // By the first half's speed, which is the most that is ever taken.
    let rate = calls as f64 / takes(Duration::ZERO, time).as_secs_f64();
    let count = (2.0 * rate * time.as_secs_f64()) as usize;
    let outcomes = at_rate(bed.address(), count, time, PATIENCE, |_| event().to_bytes());

    let mut measures = Measures::default();
    let step = Duration::from_millis(100);
    let steps = (time - WARM_UP).as_millis() / step.as_millis();
    let could: f64 = (0..steps)
        .map(|n| WARM_UP + step * u32::try_from(n).unwrap())
        .map(|at| calls as f64 * step.as_secs_f64() / takes(at, time).as_secs_f64())
        .sum();
    let did = ledger.first_calls(WARM_UP, time) as f64;
    measures.at_least("goodput", 100.0 * did / could, LEAST_GOODPUT_PERCENT, "%");
    measures.none("doubled", ledger.doubled());
    let mut turned_away: Vec<_> = outcomes
        .iter()
        .filter(|one| one.status == Some(503))
        .map(|one| one.took)
        .collect();
    let p99 = millis(quantile(&mut turned_away, 0.99));
    measures.at_most("503 p99", p99, bed.allowing(MOST_WAIT), "ms");
    let other = outcomes
        .iter()
        .filter(|one| !matches!(one.status, Some(200 | 503)));
    measures.none("neither 200 nor 503", other.count());
    bed.judge_envoy(&mut measures);
    measures
}
