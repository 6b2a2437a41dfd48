//! The loop's turns, the timers and the clocks.

use std::time::Duration;

use super::callbacks::{callback, during, proxy_on_queue_ready, proxy_on_tick};
use super::state::{self, with};
use super::vm::{Host, RootId};

impl Host {
    /// Runs what the loop has to run next: the roots whose queues were rung. Returns how many wakes
    /// there were.
    pub(crate) fn turn(&mut self) -> usize {
        let mut wakes = 0;
        while let Some(queue) = with(|state| state.wakes.pop_front()) {
            wakes += 1;
            let root = with(|state| {
                let root = state.queues[queue as usize - 1].root;
                state.roots.contains_key(&root).then_some(root)
            });
            if let Some(root) = root {
                callback!(root, proxy_on_queue_ready(root, queue));
            }
        }
        wakes
    }

    /// Wakes the newest root for a queue, be it its own or not.
    pub(crate) fn wake(&mut self, queue: u32) {
        let RootId(root) = self.root();
        callback!(root, proxy_on_queue_ready(root, queue));
    }

    /// Lets time pass, with every timer that runs out in it. Returns how many did.
    pub(crate) fn advance(&mut self, by: Duration) -> usize {
        let until = with(|state| state.steady) + by;
        let mut ticks = 0;
        while let Some((due, root)) = next_tick().filter(|(due, _)| *due <= until) {
            ticks += 1;
            set_time(due);
            callback!(root, proxy_on_tick(root));
            with(|state| {
                let now = state.steady;
                let root = state.roots.get_mut(&root);
                // A timer that the callback has not set again repeats.
                if let Some((next, period)) = root.and_then(|root| root.tick.as_mut()) {
                    if *next <= now {
                        *next = now + *period;
                    }
                }
            });
            self.turn();
        }
        set_time(until);
        ticks
    }

    /// The wall clock jumps; the steady one does not.
    pub(crate) fn set_wall_clock(&mut self, unix: Duration) {
        with(|state| state.unix = unix);
    }
}

fn next_tick() -> Option<(Duration, u32)> {
    with(|state| {
        let due = |(id, root): (&u32, &state::Root)| Some((root.tick?.0, *id));
        state.roots.iter().filter_map(due).min()
    })
}

fn set_time(steady: Duration) {
    with(|state| {
        state.unix += steady - state.steady;
        state.steady = steady;
    });
}
