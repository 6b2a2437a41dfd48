//! Events that another worker is delivering for an earlier request.

use std::collections::VecDeque;

use super::batches::BatchKey;
use super::event::PreparedEvent;
use super::store::Store;
use super::timers::{Timer, Timers};
use crate::clock::SteadyMillis;

/// How often to look whether another worker has delivered the events that it claimed, in
/// milliseconds.
const LOOK_EVERY: u64 = 50;
/// How many of them are looked at each time: tens of thousands may wait.
const MOST_LOOKS: usize = 1_000;

/// Events to claim again later, each with the batch that waits for it. The next one to look at is
/// the first.
#[derive(Debug, Default)]
pub(super) struct ClaimedByOther(VecDeque<(PreparedEvent, BatchKey)>);

impl ClaimedByOther {
    pub(super) fn push(
        &mut self,
        event: PreparedEvent,
        batch: BatchKey,
        now: SteadyMillis,
        store: &mut Store,
        timers: &mut Timers,
    ) {
        store.reserve(event.cost());
        self.0.push_back((event, batch));
        // The events that wait already must not wait longer because of this one.
        timers.start(Timer::ClaimedByOther, now.saturating_add(LOOK_EVERY));
    }

    /// Takes out those that are to be claimed again now.
    pub(super) fn take(&mut self, store: &mut Store) -> Vec<(PreparedEvent, BatchKey)> {
        let taken: Vec<_> = self.0.drain(..self.0.len().min(MOST_LOOKS)).collect();
        store.release(taken.iter().map(|(event, _)| event.cost()).sum());
        taken
    }

    /// Starts the timer if any event still waits.
    pub(super) fn restart(&self, now: SteadyMillis, timers: &mut Timers) {
        let next = (!self.0.is_empty()).then(|| now.saturating_add(LOOK_EVERY));
        timers.set(Timer::ClaimedByOther, next);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
