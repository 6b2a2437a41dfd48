//! How long the held events have waited.

use std::collections::VecDeque;

use crate::clock::SteadyMillis;

/// The times of a set of events, counted by second: no more entries than `retry.window` has
/// seconds, however many events are held.
#[derive(Debug, Default)]
pub(super) struct Ages {
    /// Seconds in ascending order, each with the number of its events. The first one has some.
    seconds: VecDeque<(u64, u32)>,
}

impl Ages {
    /// One more event has this time.
    pub(super) fn add(&mut self, time: SteadyMillis) {
        let second = time / 1_000;
        match self.find(second) {
            Ok(at) => {
                if let Some((_, events)) = self.seconds.get_mut(at) {
                    *events += 1;
                }
            }
            // Nearly always at the end: events come with the time.
            Err(at) => self.seconds.insert(at, (second, 1)),
        }
    }

    /// An event that had been added with this time is gone.
    pub(super) fn remove(&mut self, time: SteadyMillis) {
        let found = self.find(time / 1_000).ok();
        if let Some((_, events)) = found.and_then(|at| self.seconds.get_mut(at)) {
            *events = events.saturating_sub(1);
        }
        while self.seconds.front().is_some_and(|(_, events)| *events == 0) {
            self.seconds.pop_front();
        }
    }

    /// The earliest time, to the second; `None` when there is no event.
    pub(super) fn first(&self) -> Option<SteadyMillis> {
        let (second, _) = self.seconds.front()?;
        Some(second.saturating_mul(1_000))
    }

    fn find(&self, second: u64) -> Result<usize, usize> {
        self.seconds
            .binary_search_by_key(&second, |(known, _)| *known)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_oldest_counts_until_the_last_of_its_second_is_gone() {
        let mut ages = Ages::default();
        assert_eq!(ages.first(), None);
        for time in [5_100, 5_900, 7_000, 3_000] {
            ages.add(time);
        }
        ages.remove(3_000);
        assert_eq!(ages.first(), Some(5_000));
        ages.remove(5_900);
        ages.remove(7_000);
        assert_eq!(ages.first(), Some(5_000));
        ages.remove(5_100);
        assert_eq!(ages.first(), None);
        assert!(ages.seconds.is_empty());
    }

    proptest! {
        #[test]
        fn it_says_the_same_as_a_sorted_set(steps in prop::collection::vec((any::<bool>(), 0..40_u64), 0..200)) {
            let (mut ages, mut known) = (Ages::default(), BTreeMap::<u64, u32>::new());
            for (adds, half_second) in steps {
                let time = half_second * 500;
                let events = known.entry(time / 1_000).or_default();
                if adds {
                    *events += 1;
                    ages.add(time);
                } else if *events > 0 {
                    *events -= 1;
                    ages.remove(time);
                }
                let first = known.iter().find(|(_, events)| **events > 0);
                prop_assert_eq!(ages.first(), first.map(|(second, _)| second * 1_000));
            }
        }
    }
}
