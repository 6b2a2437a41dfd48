//! Whether a webhook is worth a retry now.
//!
//! First attempts always go out: the contract says that each webhook gets each event, and they show
//! when a webhook is back. The breaker holds back retries alone.

use super::backoff::Backoff;
use crate::clock::SteadyMillis;

/// Failures in a row after which a webhook is probed and no longer retried at will.
const OPENS_AFTER: u32 = 5;

/// One webhook's recent failures. It is open while the webhook keeps failing.
#[derive(Debug, Default)]
pub(in super::super) struct CircuitBreaker {
    failures: u32,
    probes: u32,
    next_probe: SteadyMillis,
}

impl CircuitBreaker {
    /// The webhook works; true when this closes the breaker.
    pub(in super::super) fn on_alive(&mut self) -> bool {
        let was_open = self.is_open();
        *self = Self::default();
        was_open
    }

    /// The webhook failed; true when this opens the breaker.
    pub(in super::super) fn on_failure(
        &mut self,
        now: SteadyMillis,
        backoff: &Backoff,
        random: &mut fastrand::Rng,
    ) -> bool {
        let was_open = self.is_open();
        self.failures = self.failures.saturating_add(1);
        let opened = self.is_open() && !was_open;
        if opened {
            self.schedule_probe(now, backoff, random);
        }
        opened
    }

    /// A retry goes out. While the breaker is open it is a probe, and the next one waits longer.
    pub(in super::super) fn on_retry(
        &mut self,
        now: SteadyMillis,
        backoff: &Backoff,
        random: &mut fastrand::Rng,
    ) {
        if self.is_open() {
            self.schedule_probe(now, backoff, random);
        }
    }

    /// When the next retry may go out: now, unless the breaker is open.
    #[must_use]
    pub(in super::super) fn admits_retry_at(&self, now: SteadyMillis) -> SteadyMillis {
        if self.is_open() {
            self.next_probe.max(now)
        } else {
            now
        }
    }

    /// The next probe may go out now.
    pub(in super::super) fn probe_now(&mut self, now: SteadyMillis) {
        self.next_probe = self.next_probe.min(now);
    }

    /// It keeps failing: retries are let through one at a time.
    pub(in super::super) fn is_open(&self) -> bool {
        self.failures >= OPENS_AFTER
    }

    fn schedule_probe(&mut self, now: SteadyMillis, backoff: &Backoff, random: &mut fastrand::Rng) {
        self.probes = self.probes.saturating_add(1);
        let delay = backoff.delay(self.probes, None, random);
        self.next_probe = now.saturating_add(delay);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const BACKOFF: Backoff = Backoff {
        initial: Duration::from_secs(1),
        max: Duration::from_secs(60),
    };

    fn opened(random: &mut fastrand::Rng) -> CircuitBreaker {
        let mut breaker = CircuitBreaker::default();
        for failure in 1..OPENS_AFTER {
            assert!(!breaker.on_failure(0, &BACKOFF, random), "{failure}");
            assert_eq!(breaker.admits_retry_at(0), 0, "{failure}");
        }
        assert!(breaker.on_failure(0, &BACKOFF, random));
        breaker
    }

    #[test]
    fn a_webhook_that_keeps_failing_is_probed_one_retry_at_a_time() {
        let random = &mut fastrand::Rng::with_seed(1);
        let mut breaker = opened(random);
        let first = breaker.admits_retry_at(500);
        assert!((800..=1_200).contains(&first), "{first}");
        assert_eq!(
            breaker.admits_retry_at(1_200),
            1_200,
            "nobody has probed it"
        );
        breaker.on_retry(1_200, &BACKOFF, random);
        let second = breaker.admits_retry_at(1_200);
        assert!((2_800..=3_600).contains(&second), "{second}");
    }

    #[test]
    fn one_answer_closes_the_breaker() {
        let random = &mut fastrand::Rng::with_seed(1);
        let mut breaker = opened(random);
        assert!(breaker.on_alive());
        assert!(!breaker.on_alive());
        breaker.on_retry(42, &BACKOFF, random);
        assert_eq!(breaker.admits_retry_at(42), 42);
    }
}
