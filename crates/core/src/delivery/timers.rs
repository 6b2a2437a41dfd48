//! Every deadline of the machine, in one table with one minimum.

use crate::clock::SteadyMillis;

/// Something that is due at a time of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// This worker has to show that it is alive.
    Heartbeat,
    /// The round of a delivery ends before its turn has come.
    Queue,
    /// An event has waited long enough for others that would share its call.
    Bundle,
    /// So many calls were made that a tick should make their quota new.
    Calls,
    /// The host may have forgotten a call.
    LostCall,
    /// A request has to be answered.
    Batch,
    /// Another worker may have delivered what it claimed.
    ClaimedByOther,
    /// A held event is due.
    Retry,
}

/// When each timer runs out; at most one deadline for each kind.
#[derive(Debug, Default)]
pub(super) struct Timers([Option<SteadyMillis>; 8]);

impl Timers {
    /// Sets a timer, or stops it.
    pub(super) fn set(&mut self, timer: Timer, at: Option<SteadyMillis>) {
        if let Some(slot) = self.0.get_mut(timer as usize) {
            *slot = at;
        }
    }

    /// Sets a timer that is not running.
    pub(super) fn start(&mut self, timer: Timer, at: SteadyMillis) {
        if let Some(slot) = self.0.get_mut(timer as usize) {
            slot.get_or_insert(at);
        }
    }

    /// Sets a timer that is not running or would run out later.
    pub(super) fn hasten(&mut self, timer: Timer, at: SteadyMillis) {
        if let Some(slot) = self.0.get_mut(timer as usize) {
            *slot = Some(slot.map_or(at, |known| known.min(at)));
        }
    }

    /// Says whether a timer has run out, and stops it if so.
    pub(super) fn expire(&mut self, timer: Timer, now: SteadyMillis) -> bool {
        let slot = self.0.get_mut(timer as usize);
        slot.is_some_and(|slot| slot.take_if(|at| *at <= now).is_some())
    }

    /// The next timer to run out.
    pub(super) fn next(&self) -> Option<SteadyMillis> {
        self.0.iter().flatten().min().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_timer_is_next_and_each_runs_out_once() {
        let mut timers = Timers::default();
        assert_eq!(timers.next(), None);
        timers.set(Timer::Retry, Some(20));
        timers.start(Timer::Heartbeat, 10);
        timers.start(Timer::Heartbeat, 5);
        assert_eq!(timers.next(), Some(10));
        assert!(!timers.expire(Timer::Heartbeat, 9));
        assert!(timers.expire(Timer::Heartbeat, 10));
        assert!(!timers.expire(Timer::Heartbeat, 10));
        assert_eq!(timers.next(), Some(20));
        timers.set(Timer::Retry, None);
        assert_eq!(timers.next(), None);
    }
}
