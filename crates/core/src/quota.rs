//! A bound on the work that one turn of the host's loop does of all that can wait.
//!
//! Many callbacks may come in one turn: as many as calls end in it. A bound on what each of them
//! does is no bound on the turn. A tick comes once in a turn, so a quota lasts from one tick to a
//! later one, and not for so many milliseconds. If time alone renewed it, a long turn would do as
//! much anew, the next turn would be as long, and the worker would not come out of it.
//!
//! A tick costs as much as a step. So where little is done, time renews the quota without one.

use crate::clock::SteadyMillis;

/// After this many milliseconds a quota of which little is taken is new.
const NEW_AFTER: SteadyMillis = 4;

/// The work that may be done until a later tick, in steps or in nanoseconds.
#[derive(Debug)]
pub struct Quota {
    most: u64,
    little: u64,
    /// No tick renews it before, in milliseconds after it began.
    shortest: SteadyMillis,
    taken: u64,
    began: SteadyMillis,
}

impl Quota {
    /// At most `most` in each turn. Time alone renews a quota of which less than `little` is taken;
    /// a turn that takes long has to take more than that.
    #[must_use]
    pub fn new(most: u64, little: u64) -> Self {
        Self {
            most,
            little,
            shortest: 0,
            taken: 0,
            began: 0,
        }
    }

    /// The same, for all turns within this many milliseconds together.
    #[must_use]
    pub fn lasting(self, shortest: SteadyMillis) -> Self {
        Self { shortest, ..self }
    }

    /// Nothing may be done before the next tick.
    #[must_use]
    pub fn is_used_up(&self) -> bool {
        self.taken >= self.most
    }

    /// So much is done. The last step may exceed the quota.
    // One copy of it in the module is enough.
    #[inline(never)]
    pub fn take(&mut self, amount: u64, now: SteadyMillis) {
        if self.taken < self.little && now >= self.began.saturating_add(NEW_AFTER) {
            self.renew(now);
        }
        self.taken = self.taken.saturating_add(amount);
    }

    /// When a tick should come; `None` while not much is taken. It mostly comes before the rest is
    /// taken, so that steps which come one by one do not wait.
    #[must_use]
    pub fn wants_tick(&self, now: SteadyMillis) -> Option<SteadyMillis> {
        let ends = self.began.saturating_add(self.shortest);
        (self.taken >= self.most / 2).then(|| ends.max(now))
    }

    /// A tick has come.
    pub fn on_tick(&mut self, now: SteadyMillis) {
        if now >= self.began.saturating_add(self.shortest) {
            self.renew(now);
        }
    }

    fn renew(&mut self, now: SteadyMillis) {
        self.taken = 0;
        self.began = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many steps may be done until the next tick, each this many milliseconds after the last.
    fn until_used_up(quota: &mut Quota, apart: u64) -> u64 {
        let mut steps = 0;
        while !quota.is_used_up() && steps < 1_000 {
            quota.take(1, 1_000 + steps * apart);
            steps += 1;
        }
        steps
    }

    #[test]
    fn a_tick_makes_it_new_and_time_does_not() {
        let mut quota = Quota::new(64, 8);
        assert_eq!(until_used_up(&mut quota, 0), 64);
        assert_eq!(until_used_up(&mut quota, 0), 0);
        quota.on_tick(1_000);
        // Then come callbacks of one turn, each of which takes the worker a millisecond.
        for now in 0..8 {
            quota.take(1, 1_000 + now / 4);
        }
        assert_eq!(until_used_up(&mut quota, 1), 56);
    }

    #[test]
    fn a_tick_that_comes_before_its_time_does_not_make_it_new() {
        let mut quota = Quota::new(64, 8).lasting(4);
        quota.on_tick(100);
        quota.take(64, 100);
        assert_eq!(quota.wants_tick(101), Some(104));
        assert_eq!(quota.wants_tick(105), Some(105));
        quota.on_tick(103);
        assert!(quota.is_used_up());
        quota.on_tick(104);
        assert!(!quota.is_used_up());
    }

    #[test]
    fn a_rest_is_not_saved_up() {
        let mut quota = Quota::new(64, 8).lasting(4);
        for now in [1_000_000, 2_000_000] {
            quota.on_tick(now);
            quota.take(63, now);
            assert!(!quota.is_used_up());
            quota.take(1, now);
            assert!(quota.is_used_up());
        }
    }

    #[test]
    fn a_little_now_and_then_needs_no_tick_and_more_does() {
        let steps_until_asked = |each: u64| {
            let mut quota = Quota::new(160, 10);
            let mut steps = 0;
            while steps < 1_000 && quota.wants_tick(0).is_none() {
                quota.take(1, 10 + steps * NEW_AFTER / each);
                steps += 1;
            }
            steps
        };
        assert_eq!(steps_until_asked(9), 1_000);
        assert!(steps_until_asked(11) < 100);
    }

    #[test]
    fn the_tick_is_asked_for_while_steps_may_still_be_done() {
        let mut quota = Quota::new(64, 8);
        quota.take(31, 0);
        assert_eq!(quota.wants_tick(7), None);
        quota.take(1, 0);
        assert_eq!(quota.wants_tick(7), Some(7));
        assert!(!quota.is_used_up());
        quota.on_tick(8);
        assert_eq!(quota.wants_tick(8), None);
    }
}
