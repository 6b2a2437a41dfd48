//! How many calls to one webhook are under way at a time.
//!
//! Each call that is under way has a connection of its own over HTTP/1.1. Quick webhooks need few,
//! and hundreds cost a busy worker a tenth of its time. Slow webhooks need as many as the
//! configuration allows. The time that calls take does not tell the two apart, because a busy
//! worker makes a quick webhook look slow. So the limit is tried out: while deliveries wait for it,
//! it is raised, and stays up only if more calls end in a second than before.

use crate::clock::SteadyMillis;

/// Quick webhooks of one worker share about this many calls. With fewer the worker wakes up for
/// each of them, which costs more than their connections.
const TOGETHER: usize = 128;
/// Calls that each of them may have in any case.
const LEAST: usize = 32;
/// A limit is raised by this factor. Two raises lead from the least to the usual most.
const STEP: usize = 4;
/// A limit is not raised while calls take less than this in the mean, in milliseconds: the least
/// limit is then more than a worker can make use of.
const QUICK: u64 = 4;
/// No measurement is shorter, in milliseconds.
const MEASURED: u64 = 16;
/// How long to wait after a higher limit was of no use.
const AFTER_RAISE: u64 = 1_000;
/// The same after a lower one, in which deliveries may have waited without need.
const AFTER_CUT: u64 = 10_000;

/// Calls that ended while more deliveries waited than the limit allows.
#[derive(Clone, Copy, Debug)]
struct Measurement {
    since: SteadyMillis,
    ended: usize,
}

/// Another limit that is tried out.
#[derive(Clone, Copy, Debug)]
struct Trial {
    /// The limit before it.
    before: usize,
    /// How many calls ended in 1,000 s then.
    rate: u64,
}

/// The limit for one webhook.
#[derive(Debug)]
pub(super) struct ConcurrencyLimit {
    limit: usize,
    least: usize,
    most: usize,
    measurement: Option<Measurement>,
    trial: Option<Trial>,
    next_trial: SteadyMillis,
}

impl ConcurrencyLimit {
    /// The limit for one of so many webhooks, which is never more than `most`.
    pub(super) fn new(webhooks: usize, most: usize) -> Self {
        let least = (TOGETHER / webhooks.max(1)).max(LEAST).min(most);
        Self {
            limit: least,
            least,
            most,
            measurement: None,
            trial: None,
            next_trial: 0,
        }
    }

    /// Calls that may be under way now.
    pub(super) fn get(&self) -> usize {
        self.limit
    }

    /// The limit before a higher one that is tried out. Waiting times are planned with it, because
    /// calls take longer only once the trial has gone on for a while.
    pub(super) fn on_trial_from(&self) -> Option<usize> {
        let before = self.trial?.before;
        (before < self.limit).then_some(before)
    }

    /// A call begins, and is one of so many under way.
    pub(super) fn on_begin(&mut self, in_flight: usize, now: SteadyMillis) {
        if in_flight >= self.limit && self.measurement.is_none() {
            self.measurement = Some(Measurement {
                since: now,
                ended: 0,
            });
        }
    }

    /// A call has ended, and others wait or do not.
    pub(super) fn on_end(&mut self, others_wait: bool, now: SteadyMillis) {
        if !others_wait {
            self.measurement = None;
            return;
        }
        let Some(measurement) = &mut self.measurement else {
            return;
        };
        measurement.ended += 1;
        let Measurement { since, ended } = *measurement;
        let took = now.saturating_sub(since);
        if ended < self.limit || took < MEASURED {
            return;
        }
        *measurement = Measurement {
            since: now,
            ended: 0,
        };
        self.judge(ended as u64 * 1_000_000 / took, now);
    }

    /// So many calls ended in 1,000 s with the limit of now.
    fn judge(&mut self, rate: u64, now: SteadyMillis) {
        let Some(trial) = self.trial.take() else {
            return self.try_another(rate, now);
        };
        let (before, was) = (trial.before, trial.rate);
        let (is_better, pause) = if self.limit > before {
            (rate >= was + was / 5, AFTER_RAISE)
        } else {
            (rate >= was - was / 10, AFTER_CUT)
        };
        if !is_better {
            self.limit = before;
            self.next_trial = now.saturating_add(pause);
        }
    }

    /// Tries a higher limit where calls take long, and a lower one where very many end.
    fn try_another(&mut self, rate: u64, now: SteadyMillis) {
        if now < self.next_trial {
            return;
        }
        let mean_millis = self.limit as u64 * 1_000_000 / rate.max(1);
        let next = if mean_millis >= QUICK && self.limit < self.most {
            self.limit.saturating_mul(STEP).min(self.most)
        } else if rate >= 1_000_000 && self.limit > self.least {
            self.least
        } else {
            return;
        };
        if next < self.limit {
            // Calls from before end first. The next one that begins is within the new limit.
            self.measurement = None;
        }
        self.trial = Some(Trial {
            before: self.limit,
            rate,
        });
        self.limit = next;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    const MOST: usize = 256;
    const MINUTE: u64 = 60_000;
    /// Calls that a worker can make in a millisecond.
    const WORKER: usize = 15;

    /// The result of a minute in which deliveries always waited.
    struct Minute {
        ended: usize,
        /// The limit at the end of each millisecond.
        limits: Vec<usize>,
    }

    impl Minute {
        /// In thousandths, how much of the time the limit was the least one.
        fn at_least(&self, least: usize) -> usize {
            let at = self.limits.iter().filter(|limit| **limit == least);
            at.count() * 1_000 / self.limits.len()
        }
    }

    /// A webhook takes so many calls in a second, and each this long by the time in milliseconds.
    fn minute(
        mut limit: ConcurrencyLimit,
        per_second: usize,
        takes: impl Fn(u64) -> u64,
    ) -> Minute {
        let mut calls = VecDeque::new();
        let (mut ended, mut limits) = (0, Vec::new());
        for now in 0..MINUTE {
            let may_have_ended = (now + 1) as usize * per_second / 1_000;
            let mut left = WORKER;
            while left > 0 && ended < may_have_ended && calls.front().is_some_and(|at| *at <= now) {
                calls.pop_front();
                (ended, left) = (ended + 1, left - 1);
                limit.on_end(true, now);
            }
            while calls.len() < limit.get() {
                let at = (now + takes(now)).max(calls.back().copied().unwrap_or_default());
                calls.push_back(at);
                limit.on_begin(calls.len(), now);
            }
            limits.push(limit.get());
        }
        Minute { ended, limits }
    }

    /// The same with as many calls as the configuration allows.
    fn unlimited(per_second: usize, takes: impl Fn(u64) -> u64) -> usize {
        let mut all = ConcurrencyLimit::new(1, MOST);
        (all.limit, all.least) = (MOST, MOST);
        minute(all, per_second, takes).ended
    }

    const ANY: usize = 1_000_000;

    #[test]
    fn a_slow_webhook_gets_as_many_calls_as_without_a_limit() {
        for webhooks in [1, 3, 32] {
            for millis in [4, 8, 15, 20, 50, 500, 2_500] {
                let limited = minute(ConcurrencyLimit::new(webhooks, MOST), ANY, |_| millis);
                let could = unlimited(ANY, |_| millis);
                assert!(
                    limited.ended * 100 >= could * 90,
                    "{webhooks} webhooks of {millis} ms: {} of {could}",
                    limited.ended
                );
            }
        }
    }

    #[test]
    fn so_does_one_that_changes_all_the_time() {
        for seconds in [1, 5, 20] {
            let takes = |now| {
                if now / 1_000 / seconds % 2 == 0 {
                    1
                } else {
                    1_000
                }
            };
            for webhooks in [1, 3, 32] {
                let limited = minute(ConcurrencyLimit::new(webhooks, MOST), ANY, takes);
                let could = unlimited(ANY, takes);
                assert!(
                    limited.ended * 100 >= could * 95,
                    "{webhooks} webhooks, {seconds} s: {} of {could}",
                    limited.ended
                );
            }
        }
    }

    #[test]
    fn a_quick_webhook_keeps_few_connections_however_busy_the_worker_is() {
        for (webhooks, least) in [(1, 128), (3, 42), (4, 32), (32, 32)] {
            let minute = minute(ConcurrencyLimit::new(webhooks, MOST), ANY, |_| 0);
            let thousandths = minute.at_least(least);
            assert!(thousandths > 950, "{webhooks}: {thousandths}");
        }
    }

    #[test]
    fn more_calls_at_a_time_than_a_webhook_can_take_are_given_up_again() {
        let minute = minute(ConcurrencyLimit::new(4, MOST), 160, |_| 50);
        assert!(minute.ended > 59 * 160);
        assert!(minute.at_least(32) > 300, "{}", minute.at_least(32));
    }

    #[test]
    fn a_webhook_that_has_become_quick_comes_back_to_few() {
        let takes = |now| if now < 10_000 { 500 } else { 0 };
        let minute = minute(ConcurrencyLimit::new(4, MOST), ANY, takes);
        assert_eq!(minute.limits[9_000], MOST);
        let later = minute.limits[12_000..].iter().filter(|limit| **limit == 32);
        assert!(later.count() > 47_000);
    }

    #[test]
    fn the_limit_is_never_more_than_the_configuration_allows() {
        for most in [1, 16, 100, 10_000] {
            for millis in [0, 50] {
                let minute = minute(ConcurrencyLimit::new(3, most), ANY, |_| millis);
                assert!(minute.limits.iter().all(|limit| (1..=most).contains(limit)));
            }
        }
    }
}
