//! How much of what can wait is done in one turn of the host's loop.
//!
//! Many callbacks may come in one turn: as many as calls end in it. A bound on what each of them
//! does is no bound on the turn. A tick comes once in a turn, so a quota lasts from one tick to the
//! next. A tick costs as much as a step. So where few steps are done, the quota is renewed without
//! one.

use crate::clock::SteadyMillis;

/// After this many milliseconds a quota of which little is taken is new.
const NEW_AFTER: SteadyMillis = 4;

/// So many steps for each turn.
#[derive(Debug)]
pub struct Quota {
    most: usize,
    taken: usize,
    began: SteadyMillis,
}

impl Quota {
    /// At most this many steps for each turn.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            most,
            taken: 0,
            began: 0,
        }
    }

    /// No step may be done before the next tick.
    #[must_use]
    pub fn is_used_up(&self) -> bool {
        self.taken >= self.most
    }

    /// A step is done.
    // One copy of it in the module is enough.
    #[inline(never)]
    pub fn take(&mut self, now: SteadyMillis) {
        if self.taken < self.most / 8 && now >= self.began.saturating_add(NEW_AFTER) {
            self.taken = 0;
            self.began = now;
        }
        self.taken += 1;
    }

    /// A tick should come. It mostly comes before the rest is taken, so that steps which come one
    /// by one do not wait.
    #[must_use]
    pub fn wants_tick(&self) -> bool {
        self.taken >= self.most / 2
    }

    /// A tick has come.
    pub fn on_tick(&mut self, now: SteadyMillis) {
        self.taken = 0;
        self.began = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many steps may be done until the next tick, each this many milliseconds after the last.
    fn until_used_up(quota: &mut Quota, apart: u64) -> usize {
        let mut steps = 0;
        while !quota.is_used_up() && steps < 1_000 {
            quota.take(1_000 + steps as u64 * apart);
            steps += 1;
        }
        steps
    }

    #[test]
    fn a_tick_makes_it_new_and_time_does_not() {
        let mut quota = Quota::new(64);
        assert_eq!(until_used_up(&mut quota, 0), 64);
        assert_eq!(until_used_up(&mut quota, 0), 0);
        quota.on_tick(1_000);
        // Then come callbacks of one turn, each of which takes the worker a millisecond.
        for now in 0..8 {
            quota.take(1_000 + now / 4);
        }
        assert_eq!(until_used_up(&mut quota, 1), 56);
    }

    #[test]
    fn a_little_now_and_then_needs_no_tick() {
        let mut quota = Quota::new(64);
        assert_eq!(until_used_up(&mut quota, 2), 1_000);
        assert!(!quota.wants_tick());
    }

    #[test]
    fn the_tick_is_asked_for_while_steps_may_still_be_done() {
        let mut quota = Quota::new(64);
        (0..31).for_each(|_| quota.take(0));
        assert!(!quota.wants_tick());
        quota.take(0);
        assert!(quota.wants_tick() && !quota.is_used_up());
        quota.on_tick(1);
        assert!(!quota.wants_tick());
    }
}
