//! A healthy webhook that is sent twice what it can take.

use crate::bed::Bed;
use crate::good_client::event;
use crate::http1::at_rate;
use crate::ledger::Ledger;
use crate::table::{millis, quantile, Case, Measures};
use crate::Plan;
use freshpaint_harness::receiver::status;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// An SDK that is turned away is to hear so within this.
const MOST_WAIT: Duration = Duration::from_secs(1);
const LEAST_GOODPUT_PERCENT: f64 = 80.0;
/// The time that an event may take in all, and the time to give it back.
const PATIENCE: Duration = Duration::from_secs(28);
/// Until then the queue fills, and the rate is not known.
const WARM_UP: Duration = Duration::from_secs(6);

pub(crate) const SLOW: Case = Case {
    name: "twice what a webhook of 2.5 s takes",
    in_short: false,
    run: |plan| overload(plan, 256, |_, _| Duration::from_millis(2_500)),
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
        overload(plan, 128, |at, all| {
            Duration::from_millis(if at < all / 2 { 800 } else { 1_600 })
        })
    },
};

/// A webhook that works on so many calls at a time; the others wait in it.
struct Servers(Mutex<Vec<Instant>>);

impl Servers {
    fn new(count: usize) -> Self {
        Self(Mutex::new(vec![Instant::now(); count]))
    }

    /// When a call that takes so long, and comes now, has its answer.
    fn serve(&self, takes: Duration) -> Duration {
        let mut free_at = self.0.lock().unwrap();
        let (now, first) = (Instant::now(), free_at.iter_mut().min().unwrap());
        *first = now.max(*first) + takes;
        *first - now
    }
}

/// The webhook works on `servers` calls at a time; how long each takes is told by `takes` from the
/// time that has passed and the time in all.
fn overload(plan: &Plan, servers: usize, takes: fn(Duration, Duration) -> Duration) -> Measures {
    let time = plan.either(plan.lasts(60), Duration::from_secs(20));
    let bed = Bed::configured(1, |plugin| {
        plugin["webhooks"].as_array_mut().unwrap().truncate(1);
    });
    let ledger = Arc::new(Ledger::default());
    let (start, own, working) = (Instant::now(), Arc::clone(&ledger), Servers::new(servers));
    bed.crm.decide(move |request, _| {
        own.receive(&request.body);
        status(200).after(working.serve(takes(start.elapsed(), time)))
    });
    // By the first half's speed, which is the most that is ever taken.
    let rate = servers as f64 / takes(Duration::ZERO, time).as_secs_f64();
    let count = (2.0 * rate * time.as_secs_f64()) as usize;
    let outcomes = at_rate(bed.address(), count, time, PATIENCE, |_| event().to_bytes());

    let mut measures = Measures::default();
    let step = Duration::from_millis(100);
    let steps = (time - WARM_UP).as_millis() / step.as_millis();
    let could: f64 = (0..steps)
        .map(|n| WARM_UP + step * u32::try_from(n).unwrap())
        .map(|at| servers as f64 * step.as_secs_f64() / takes(at, time).as_secs_f64())
        .sum();
    let did = ledger.first_calls(WARM_UP, time) as f64;
    measures.at_least("goodput", 100.0 * did / could, LEAST_GOODPUT_PERCENT, "%");
    measures.none("doubled", ledger.doubled());
    let of = |status| {
        let with_status = outcomes.iter().filter(move |one| one.status == status);
        with_status.map(|one| one.took).collect::<Vec<_>>()
    };
    let p99 = millis(quantile(&mut of(Some(503)), 0.99));
    measures.at_most("503 p99", p99, bed.allowing(MOST_WAIT), "ms");
    let other = outcomes.len() - of(Some(200)).len() - of(Some(503)).len();
    measures.none("neither 200 nor 503", other);
    bed.judge_envoy(&mut measures);
    measures
}
