//! A worker's part in the gauges of the process.

use super::Worker;
use crate::clock::{SteadyMillis, UnixSeconds};
use crate::observe::gauges::Look;
use crate::observe::peers::Board;
use crate::observe::Counter;

impl Worker {
    /// Sets the gauges to what all workers of the process have, if that is due; says whether it
    /// was.
    pub fn handle_gauges(
        &mut self,
        now: SteadyMillis,
        unix: impl FnOnce() -> UnixSeconds,
        board: &mut dyn Board,
    ) -> bool {
        let is_due = self.gauges.poll_timeout().is_some_and(|at| at <= now);
        if is_due {
            self.look(false, now, unix(), board);
        }
        is_due
    }

    /// Sets the gauges for the last time, unless something is still under way: this worker ends.
    pub fn end_gauges(&mut self, now: SteadyMillis, unix: UnixSeconds, board: &mut dyn Board) {
        self.look(self.is_empty(), now, unix, board);
    }

    // One copy of it in the module is enough.
    #[inline(never)]
    fn look(&mut self, ends: bool, now: SteadyMillis, unix: UnixSeconds, board: &mut dyn Board) {
        let observe = &mut self.observe;
        for _ in 0..self.outbox.take_evictions() {
            observe.count(Counter::Evictions);
        }
        let mut levels = self.outbox.levels();
        // There are no retries left that a breaker could hold back.
        for webhook in &mut levels.webhooks {
            webhook.breaker_is_open &= !ends;
        }
        let look = Look {
            now,
            unix,
            board,
            observe,
        };
        self.gauges.look(&levels, look);
    }
}
