//! How many calls to one webhook are under way at a time.
//!
//! Each call that is under way has a connection of its own over HTTP/1.1. Quick webhooks need few,
//! and hundreds cost a busy worker a tenth of its time. Slow webhooks need as many as the
//! configuration allows. The time that calls take does not tell the two apart, because a busy
//! worker makes a quick webhook look slow. So the limit is tried out: while deliveries wait for it,
//! it is raised, and stays up only if the webhook takes more calls in a second than before. Calls
//! that it fails do not count: some webhooks fail at once what is too much for them.

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
    taken: usize,
    failed: usize,
}

impl Measurement {
    fn new(since: SteadyMillis) -> Self {
        Self {
            since,
            taken: 0,
            failed: 0,
        }
    }
}

/// Another limit that is tried out.
#[derive(Clone, Copy, Debug)]
struct Trial {
    /// The limit before it.
    before: usize,
    /// How many calls the webhook took in 1,000 s then.
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
            self.measurement = Some(Measurement::new(now));
        }
    }

    /// A call has ended, and others wait or do not. `works`: the webhook has not failed it.
    pub(super) fn on_end(&mut self, works: bool, others_wait: bool, now: SteadyMillis) {
        if !others_wait {
            self.measurement = None;
            return;
        }
        let Some(measurement) = &mut self.measurement else {
            return;
        };
        measurement.taken += usize::from(works);
        measurement.failed += usize::from(!works);
        let Measurement {
            since,
            taken,
            failed,
        } = *measurement;
        if failed > taken {
            // An outage is no time in which the webhook could have taken more.
            *measurement = Measurement::new(now);
            return;
        }
        let took = now.saturating_sub(since);
        if taken < self.limit || took < MEASURED {
            return;
        }
        *measurement = Measurement::new(now);
        self.judge(taken as u64 * 1_000_000 / took, now);
    }

    /// The webhook took so many calls in 1,000 s with the limit of now.
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

    /// Tries a higher limit where calls take long, and a lower one where very many are taken.
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
            // Calls that began before must end first, so the next one that begins is within the new
            // limit.
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
mod tests;
