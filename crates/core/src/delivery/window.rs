//! How many calls to one webhook are under way at a time.
//!
//! A webhook that answers at once needs few: the answers to more of them only wait in this worker,
//! where their state outgrows the processor's caches, and over HTTP/1.1 each takes a connection. A
//! slow one needs many. A call is old once the worker has looked for answers twice and it has not
//! ended. There may be 32 young calls besides the old ones. Each call that becomes old adds two
//! places that calls of any age may take, up to the configured limit; each that ends young takes
//! one away.
//!
//! So the worker's own delay makes no call old: a look ends every call whose answer is there. That
//! holds because an event loop runs its timers after whatever came in (libevent,
//! `event_base_loop`).

use std::time::Duration;

use crate::clock::{millis, SteadyMillis};

/// So many young calls a webhook may have in any case.
const YOUNG_CALLS: usize = 32;

/// The least time between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(1);

/// When the worker has looked for answers once more; `None` when the limit leaves no choice.
pub(super) fn next_look(now: SteadyMillis, limit: usize) -> Option<SteadyMillis> {
    (limit > YOUNG_CALLS).then(|| now.saturating_add(millis(BETWEEN_LOOKS)))
}

/// How many calls are under way at a time, at most `limit`, to a webhook whose calls take so many
/// microseconds.
pub(super) fn calls_at_a_time(mean_micros: u64, limit: usize) -> usize {
    let looks = mean_micros / (2_000 * millis(BETWEEN_LOOKS));
    let looks = usize::try_from(looks.max(1)).unwrap_or(usize::MAX);
    YOUNG_CALLS.saturating_mul(looks).min(limit)
}

/// The calls under way to one webhook.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// Calls since which there was no look, and one look.
    young: [usize; 2],
    old: usize,
    /// How many calls of any age may be under way if that is more than the rule of the young ones
    /// allows.
    places: usize,
}

impl Window {
    pub(super) fn in_flight(&self) -> usize {
        let [none, one] = self.young;
        none + one + self.old
    }

    /// Whether another call may begin.
    pub(super) fn admits(&self, limit: usize) -> bool {
        let in_flight = self.in_flight();
        in_flight < limit && (in_flight - self.old < YOUNG_CALLS || in_flight < self.places)
    }

    pub(super) fn begin_call(&mut self) {
        let [none, _] = &mut self.young;
        *none += 1;
    }

    /// The worker has looked for answers.
    pub(super) fn on_look(&mut self, limit: usize) {
        let [none, one] = self.young;
        self.old += one;
        self.young = [0, none];
        self.places = (self.places + 2 * one).min(limit);
    }

    /// A call has ended since whose beginning there were so many looks.
    pub(super) fn end_call(&mut self, looks: u32) {
        let [none, one] = &mut self.young;
        let calls = match looks {
            0 => none,
            1 => one,
            _ => &mut self.old,
        };
        *calls = calls.saturating_sub(1);
        if looks < 2 {
            self.places = self.places.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fill(window: &mut Window) -> usize {
        while window.admits(256) {
            window.begin_call();
        }
        window.in_flight()
    }

    #[test]
    fn a_call_that_ends_makes_way_for_another() {
        let mut window = Window::default();
        assert_eq!(fill(&mut window), 32);
        window.end_call(0);
        assert!(window.admits(256));
        assert!(!window.admits(31), "the limit counts all");
    }

    #[test]
    fn calls_that_become_old_make_way_for_others() {
        let mut window = Window::default();
        fill(&mut window);
        window.on_look(256);
        assert!(!window.admits(256));
        for calls in [64, 128, 256] {
            window.on_look(256);
            assert_eq!(fill(&mut window), calls);
            window.on_look(256);
        }
    }

    #[test]
    fn the_place_of_a_slow_call_is_for_the_next_one_and_that_of_a_quick_one_is_lost() {
        let mut window = Window::default();
        while fill(&mut window) < 256 {
            window.on_look(256);
        }
        window.on_look(256);
        window.on_look(256);
        for _ in 0..256 {
            window.end_call(2);
            assert_eq!(fill(&mut window), 256);
        }
        for _ in 0..256 - 32 {
            window.end_call(0);
        }
        assert!(!window.admits(256));
        window.end_call(0);
        assert_eq!(fill(&mut window), 32);
    }

    #[test]
    fn what_calls_take_says_how_many_are_under_way() {
        for (millis, calls) in [(0, 32), (3, 32), (4, 64), (10, 160), (50, 256)] {
            assert_eq!(calls_at_a_time(millis * 1_000, 256), calls, "{millis} ms");
        }
        assert_eq!(calls_at_a_time(u64::MAX, 8), 8);
    }

    proptest! {
        #[test]
        fn counts_calls_by_age(
            steps in prop::collection::vec((0..6, any::<prop::sample::Index>()), 1..300)
        ) {
            let (mut window, mut calls, mut looks) = (Window::default(), Vec::<u32>::new(), 0);
            for (step, which) in steps {
                match step {
                    0 => {
                        looks += 1;
                        window.on_look(256);
                    }
                    1 if !calls.is_empty() => {
                        window.end_call(looks - calls.remove(which.index(calls.len())));
                    }
                    _ => {
                        if window.admits(80) {
                            window.begin_call();
                            calls.push(looks);
                        }
                    }
                }
                let old = calls.iter().filter(|began| **began + 2 <= looks).count();
                let young = calls.len() - old;
                assert_eq!((window.in_flight(), window.old), (calls.len(), old));
                assert!(window.admits(80) || calls.len() == 80 || young >= 32);
            }
        }
    }
}
