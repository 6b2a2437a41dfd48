//! When kept events are due.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use slotmap::SlotMap;

use super::entry::{Entry, EntryKey};
use crate::clock::SteadyMillis;

/// Which kept event is due when.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    /// An entry whose `due` differs from the one here has been scheduled anew.
    pub(super) due: BinaryHeap<Reverse<(SteadyMillis, EntryKey)>>,
    pub(super) events: usize,
    pub(super) bytes: usize,
    /// No retry before this time: the budget was empty.
    pub(super) not_before: SteadyMillis,
}

impl Schedule {
    pub(super) fn next_due(&self) -> Option<SteadyMillis> {
        self.due
            .peek()
            .map(|Reverse((due, _))| (*due).max(self.not_before))
    }

    /// A webhook answers again: what waits for it is due now, unless a webhook asked for a longer pause.
    pub(super) fn hasten(
        &mut self,
        now: SteadyMillis,
        entries: &mut SlotMap<EntryKey, Entry>,
        webhook: usize,
    ) {
        let hastened = |Reverse((due, key)): Reverse<(SteadyMillis, EntryKey)>| {
            let entry = entries.get_mut(key)?;
            let waits_for_it = entry.wish.is_none() && entry.reachable().contains(webhook);
            let held = entry.held.as_mut().filter(|held| held.due == due)?;
            if waits_for_it {
                held.due = due.min(now);
            }
            Some(Reverse((held.due, key)))
        };
        self.due = std::mem::take(&mut self.due)
            .into_iter()
            .filter_map(hastened)
            .collect();
    }
}
