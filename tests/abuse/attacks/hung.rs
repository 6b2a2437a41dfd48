//! A webhook that takes calls and never answers.

use super::fan_out::{stalls, MOST_STALL};
use crate::bed::Bed;
use crate::good_client::event;
use crate::http1::at_rate;
use crate::table::{millis, quantile, Case, Measures};
use crate::Plan;
use freshpaint_harness::Reply;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(28);
/// How many events a second come beside the good client's.
const RATE: u64 = 1_000;
/// Until then the first calls have timed out and the breaker is open.
const UNTIL_KNOWN: Duration = Duration::from_secs(8);

pub(crate) const ALONE: Case = Case {
    name: "a hung webhook, 1,000 events/s",
    in_short: false,
    run: |plan| {
        let bed = Bed::configured(1, |plugin| {
            plugin["webhooks"].as_array_mut().unwrap().truncate(1);
        });
        bed.crm.set(Reply::silence());
        let rate = plan.either(RATE, 100);
        let time = plan.either(plan.lasts(60), Duration::from_secs(12));
        let known = (rate * UNTIL_KNOWN.as_secs()) as usize;
        let count = (rate * time.as_secs()) as usize;
        let is_over = AtomicBool::new(false);
        let (outcomes, mut turns, seen) = thread::scope(|scope| {
            let watch = scope.spawn(|| stalls(&bed, &is_over));
            let send = || at_rate(bed.address(), count, time, PATIENCE, |_| event().to_bytes());
            let (outcomes, seen) = bed.beside(send);
            is_over.store(true, Ordering::Relaxed);
            (outcomes, watch.join().unwrap(), seen)
        });

        let mut measures = Measures::default();
        let longest = millis(quantile(&mut turns, 1.0));
        measures.at_most("longest turn", longest, millis(MOST_STALL), "ms");
        measures.at_most("pages' errors", seen.page_errors_percent(), 1.0, "%");
        let most = twice(&bed, bed.alone.page_quantile(0.99));
        measures.at_most("pages' p99", millis(seen.page_quantile(0.99)), most, "ms");
        let mut later: Vec<_> = outcomes
            .iter()
            .filter(|one| one.index >= known)
            .map(|one| one.took)
            .collect();
        // Those that the webhook is tried with take its 5 s: 51 a second.
        let p90 = millis(quantile(&mut later, 0.9));
        measures.at_most(
            "events answered, p90",
            p90,
            bed.allowing(Duration::from_secs(1)),
            "ms",
        );
        let other = outcomes
            .iter()
            .filter(|one| one.status != Some(503))
            .count();
        measures.none("answers other than 503", other);
        bed.judge_envoy(&mut measures);
        measures
    },
};

pub(crate) const BESIDE_A_LIVE_ONE: Case = Case {
    name: "a hung webhook beside a live one, 300 events/s",
    in_short: false,
    run: |plan: &Plan| {
        let bed = Bed::start(1);
        bed.crm.set(Reply::silence());
        let time = plan.lasts(30);
        let count = (plan.either(300, 100) * time.as_secs()) as usize;
        let send = || at_rate(bed.address(), count, time, PATIENCE, |_| event().to_bytes());
        let (outcomes, seen) = bed.beside(send);
        let mut measures = bed.judge(&seen);
        let other = outcomes
            .iter()
            .filter(|one| one.status != Some(200))
            .count();
        measures.none("answers other than 200", other);
        measures
    },
};

/// Twice what it was alone; a few milliseconds are nobody's loss.
fn twice(bed: &Bed, alone: Duration) -> f64 {
    2.0 * millis(alone).max(15.0 * bed.slower)
}
