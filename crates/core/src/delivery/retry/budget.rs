//! A bound on retries relative to the traffic that carries them.
//!
//! A number of tries for each event would not do: with every webhook down it would multiply the
//! load by that number. A budget bounds the sum: a fifth of what SDKs send, plus a trickle that
//! keeps a quiet worker from waiting for traffic. A retry that succeeds pays for two more, so that
//! a recovered webhook is caught up with quickly. The unit is a call, so that an event for many
//! webhooks costs as much as it loads them.

use crate::clock::SteadyMillis;

/// Retries that each first attempt pays for, in thousandths.
const PER_FIRST_ATTEMPT: u64 = 200;
/// Retries that each delivered retry pays for, in thousandths.
const PER_DELIVERED_RETRY: u64 = 2_000;
/// Retries per second that cost nothing.
const TRICKLE_PER_SECOND: u64 = 10;
/// The most that can be saved up, in thousandths of a retry.
const MAX: u64 = 1_000_000;
const ONE: u64 = 1_000;

/// A token bucket, counted in thousandths of a retry.
#[derive(Debug)]
pub struct Budget {
    saved: u64,
    trickled_at: SteadyMillis,
}

impl Budget {
    /// A budget with one second's trickle in it.
    #[must_use]
    pub fn new(now: SteadyMillis) -> Self {
        Self {
            saved: TRICKLE_PER_SECOND * ONE,
            trickled_at: now,
        }
    }

    /// A first attempt was made.
    pub fn on_first_attempt(&mut self) {
        self.save(PER_FIRST_ATTEMPT);
    }

    /// A retry was delivered.
    pub fn on_delivered_retry(&mut self) {
        self.save(PER_DELIVERED_RETRY);
    }

    /// Says whether there are this many to take out. There are never more than 1,000.
    pub fn covers(&mut self, retries: usize, now: SteadyMillis) -> bool {
        let elapsed = now.saturating_sub(self.trickled_at).min(60_000);
        self.trickled_at = now.max(self.trickled_at);
        // Thousandths per millisecond are retries per second.
        self.save(elapsed * TRICKLE_PER_SECOND);
        self.saved >= cost(retries)
    }

    /// Takes this many retries out.
    pub fn withdraw(&mut self, retries: usize) {
        self.saved = self.saved.saturating_sub(cost(retries));
    }

    fn save(&mut self, thousandths: u64) {
        self.saved = (self.saved + thousandths).min(MAX);
    }
}

fn cost(retries: usize) -> u64 {
    u64::try_from(retries)
        .unwrap_or(u64::MAX)
        .saturating_mul(ONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn withdrawn(budget: &mut Budget, now: SteadyMillis) -> usize {
        let taken = |budget: &mut Budget| {
            let has_one = budget.covers(1, now);
            budget.withdraw(1);
            has_one
        };
        (0..10_000).take_while(|_| taken(budget)).count()
    }

    #[test]
    fn a_quiet_worker_has_a_trickle() {
        let mut budget = Budget::new(0);
        assert_eq!(withdrawn(&mut budget, 0), 10);
        assert_eq!(withdrawn(&mut budget, 100), 1);
        assert_eq!(withdrawn(&mut budget, 2_100), 20);
    }

    #[test]
    fn an_outage_adds_a_fifth_to_the_load() {
        let mut budget = Budget::new(0);
        withdrawn(&mut budget, 0);
        for _ in 0..1_000 {
            budget.on_first_attempt();
        }
        assert_eq!(withdrawn(&mut budget, 0), 200);
    }

    #[test]
    fn a_recovered_webhook_is_caught_up_with_in_doublings() {
        let mut budget = Budget::new(0);
        let mut round = withdrawn(&mut budget, 0);
        for _ in 0..5 {
            for _ in 0..round {
                budget.on_delivered_retry();
            }
            let next = withdrawn(&mut budget, 0);
            assert_eq!(next, round * 2);
            round = next;
        }
    }

    #[test]
    fn savings_are_bounded_and_a_clock_that_stands_still_gives_nothing() {
        let mut budget = Budget::new(0);
        for _ in 0..100_000 {
            budget.on_first_attempt();
        }
        assert_eq!(withdrawn(&mut budget, 0), 1_000);
        assert_eq!(withdrawn(&mut budget, 0), 0);
    }
}
