//! Whether a webhook is worth a retry now.
//!
//! First attempts always go out: the contract says that each webhook gets each event, and they are what shows that a webhook is
//! back. Health holds back retries alone.

use std::time::Duration;

use super::backoff;
use crate::clock::SteadyMillis;

/// Failures in a row after which a webhook is probed and no longer retried at will.
const OPENS_AFTER: u32 = 5;

/// One webhook's recent past.
#[derive(Debug, Default)]
pub(super) struct Health {
    failures: u32,
    probes: u32,
    next_probe: SteadyMillis,
}

impl Health {
    /// The webhook took an event or refused it for good; true when it had been given up.
    pub(super) fn on_alive(&mut self) -> bool {
        let was_open = self.is_open();
        *self = Self::default();
        was_open
    }

    /// An attempt failed in a way that may pass; true when this gives the webhook up.
    pub(super) fn on_failure(
        &mut self,
        now: SteadyMillis,
        initial: Duration,
        max: Duration,
        random: &mut fastrand::Rng,
    ) -> bool {
        let was_open = self.is_open();
        self.failures = self.failures.saturating_add(1);
        let opened = self.is_open() && !was_open;
        if opened {
            self.schedule_probe(now, initial, max, random);
        }
        opened
    }

    /// A retry goes out; when the webhook is given up it is a probe, and the next one waits longer.
    pub(super) fn on_retry(
        &mut self,
        now: SteadyMillis,
        initial: Duration,
        max: Duration,
        random: &mut fastrand::Rng,
    ) {
        if self.is_open() {
            self.schedule_probe(now, initial, max, random);
        }
    }

    /// When the next retry may go out: now, unless the webhook is given up.
    #[must_use]
    pub(super) fn admits_retry_at(&self, now: SteadyMillis) -> SteadyMillis {
        if self.is_open() {
            self.next_probe.max(now)
        } else {
            now
        }
    }

    /// It keeps failing: retries are let through one at a time.
    pub(super) fn is_open(&self) -> bool {
        self.failures >= OPENS_AFTER
    }

    fn schedule_probe(
        &mut self,
        now: SteadyMillis,
        initial: Duration,
        max: Duration,
        random: &mut fastrand::Rng,
    ) {
        self.probes = self.probes.saturating_add(1);
        let delay = backoff::delay(self.probes, initial, max, None, random);
        self.next_probe = now.saturating_add(super::millis(delay));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INITIAL: Duration = Duration::from_secs(1);
    const MAX: Duration = Duration::from_secs(60);

    fn given_up(random: &mut fastrand::Rng) -> Health {
        let mut health = Health::default();
        for failure in 1..OPENS_AFTER {
            assert!(!health.on_failure(0, INITIAL, MAX, random), "{failure}");
            assert_eq!(health.admits_retry_at(0), 0, "{failure}");
        }
        assert!(health.on_failure(0, INITIAL, MAX, random));
        health
    }

    #[test]
    fn a_webhook_that_keeps_failing_is_probed_one_retry_at_a_time() {
        let random = &mut fastrand::Rng::with_seed(1);
        let mut health = given_up(random);
        let first = health.admits_retry_at(500);
        assert!((800..=1_200).contains(&first), "{first}");
        assert_eq!(health.admits_retry_at(1_200), 1_200, "nobody has probed it");
        health.on_retry(1_200, INITIAL, MAX, random);
        let second = health.admits_retry_at(1_200);
        assert!((2_800..=3_600).contains(&second), "{second}");
    }

    #[test]
    fn one_answer_restores_it() {
        let random = &mut fastrand::Rng::with_seed(1);
        let mut health = given_up(random);
        assert!(health.on_alive());
        assert!(!health.on_alive());
        health.on_retry(42, INITIAL, MAX, random);
        assert_eq!(health.admits_retry_at(42), 42);
    }
}
