//! Events that another worker is delivering for an earlier request.

use super::batches::BatchKey;
use super::event::PreparedEvent;
use super::store::Store;
use super::timers::{Timer, Timers};
use crate::clock::SteadyMillis;

/// How often to look whether another worker has delivered the events that it claimed, in
/// milliseconds.
const LOOK_EVERY: u64 = 50;
/// Looks per millisecond at most, so that thousands of events that wait do not take the worker up.
const LOOKS_PER_MILLI: usize = 20;

/// Events to claim again later, each with the batch that waits for it.
#[derive(Debug, Default)]
pub(super) struct ClaimedByOther(Vec<(PreparedEvent, BatchKey)>);

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
        self.0.push((event, batch));
        // The events that wait already must not wait longer because of this one.
        timers.start(Timer::ClaimedByOther, now.saturating_add(LOOK_EVERY));
    }

    /// Takes everything out, to be claimed again.
    pub(super) fn take(&mut self, store: &mut Store) -> Vec<(PreparedEvent, BatchKey)> {
        let taken = std::mem::take(&mut self.0);
        store.release(taken.iter().map(|(event, _)| event.cost()).sum());
        taken
    }

    /// Starts the timer if any event still waits.
    pub(super) fn restart(&self, now: SteadyMillis, timers: &mut Timers) {
        let pause = u64::try_from(self.0.len() / LOOKS_PER_MILLI).unwrap_or(u64::MAX);
        let next = now.saturating_add(pause.max(LOOK_EVERY));
        timers.set(Timer::ClaimedByOther, (!self.0.is_empty()).then_some(next));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
