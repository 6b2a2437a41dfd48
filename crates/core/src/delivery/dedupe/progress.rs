//! How far this worker has come with the events that it has claimed.

use std::collections::VecDeque;

use super::EventId;
use crate::clock::SteadyMillis;

/// Claims within so many milliseconds are counted as one: events in flight for 25 s then need no
/// more than 1,600 counts.
const SPAN_MILLIS: u64 = 16;

/// How far dates may run ahead of the clock, in milliseconds.
const MOST_AHEAD: u64 = 50;

/// The claims of this worker that have no outcome, and its mark. Every claim before the mark has an
/// outcome.
///
/// The mark goes out with each heartbeat. A claim that is older than the mark and still stands in
/// its slot was accepted, because every other outcome is written into the slot. So an acceptance
/// costs no access to the table.
#[derive(Debug, Default)]
pub(super) struct Progress {
    mark: SteadyMillis,
    /// The date of the latest claim.
    latest: SteadyMillis,
    /// The start of a span, and the events claimed in it that have no outcome; oldest first.
    undecided: VecDeque<(SteadyMillis, u32)>,
    /// Events accepted since the last heartbeat, each with the date of its claim.
    accepted: Vec<(SteadyMillis, EventId)>,
}

impl Progress {
    /// The date of a claim that is made now: no mark that has gone out covers it. Where claims are
    /// decided in the millisecond in which they are made, dates run ahead of the clock.
    pub(super) fn date(&self, now: SteadyMillis) -> SteadyMillis {
        now.max(self.mark)
    }

    /// An event has been claimed, with [`Self::date`] as its date.
    pub(super) fn begin(&mut self, date: SteadyMillis) {
        let span = start_of_span(date);
        self.latest = date;
        match self.undecided.back_mut() {
            Some((last, count)) if *last == span => *count += 1,
            _ => self.undecided.push_back((span, 1)),
        }
    }

    /// An event that was claimed at this date has an outcome.
    pub(super) fn end(&mut self, date: SteadyMillis) {
        let span = start_of_span(date);
        let index = self.undecided.partition_point(|(start, _)| *start < span);
        if let Some((_, count)) = self.undecided.get_mut(index) {
            *count = count.saturating_sub(1);
        }
        while self.undecided.front().is_some_and(|(_, count)| *count == 0) {
            self.undecided.pop_front();
        }
    }

    /// A webhook has an event that was claimed at this date.
    pub(super) fn accept(&mut self, date: SteadyMillis, id: EventId) {
        self.end(date);
        self.accepted.push((date, id));
    }

    /// There is something that the next heartbeat has to tell.
    pub(super) fn has_news(&self) -> bool {
        !self.accepted.is_empty()
    }

    /// No claim is without an outcome, and the mark may go past them all.
    pub(super) fn is_complete(&self, now: SteadyMillis) -> bool {
        self.undecided.is_empty() && self.latest < now.saturating_add(MOST_AHEAD)
    }

    /// Moves the mark forward as far as possible. Returns it, and the accepted events after it:
    /// older events are still in flight, so the slots of these have to say that they are accepted.
    pub(super) fn advance(&mut self) -> (SteadyMillis, impl Iterator<Item = EventId>) {
        let mark = match self.undecided.front() {
            Some((oldest, _)) => *oldest,
            None => self.latest.saturating_add(1),
        };
        let mark = self.mark.max(mark);
        self.mark = mark;
        let accepted = std::mem::take(&mut self.accepted).into_iter();
        let uncovered = accepted.filter(move |(date, _)| *date >= mark);
        (mark, uncovered.map(|(_, id)| id))
    }
}

fn start_of_span(date: SteadyMillis) -> SteadyMillis {
    date - date % SPAN_MILLIS
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: EventId = EventId(1);
    const B: EventId = EventId(2);

    fn advance(progress: &mut Progress) -> (SteadyMillis, Vec<EventId>) {
        let (mark, uncovered) = progress.advance();
        (mark, uncovered.collect())
    }

    #[test]
    fn the_mark_stops_at_the_oldest_event_without_an_outcome() {
        let mut progress = Progress::default();
        progress.begin(1_000);
        progress.begin(1_100);
        progress.begin(1_200);
        progress.accept(1_100, A);
        assert!(progress.has_news());
        assert_eq!(advance(&mut progress), (992, vec![A]));
        assert!(!progress.has_news());
        progress.end(1_000);
        progress.accept(1_200, B);
        assert_eq!(advance(&mut progress), (1_201, vec![]));
    }

    #[test]
    fn an_event_that_is_claimed_after_the_mark_went_out_is_not_covered_by_it() {
        let mut progress = Progress::default();
        progress.begin(progress.date(1_000));
        progress.accept(1_000, A);
        assert_eq!(advance(&mut progress), (1_001, vec![]));
        let date = progress.date(1_000);
        progress.begin(date);
        assert_eq!(date, 1_001);
        // Nor does the mark go back to the start of the span that the claim lies in.
        assert_eq!(advance(&mut progress).0, 1_001);
    }

    #[test]
    fn dates_do_not_run_far_ahead_of_the_clock() {
        let mut progress = Progress::default();
        for _ in 0..1_000 {
            let date = progress.date(1_000);
            progress.begin(date);
            progress.accept(date, A);
            if progress.is_complete(1_000) {
                assert_eq!(advance(&mut progress).1, []);
            }
        }
        assert_eq!(progress.date(1_000), 1_050);
        assert!(progress.has_news());
    }

    #[test]
    fn claims_of_the_same_time_are_counted_together() {
        let mut progress = Progress::default();
        for date in 0..25_000 {
            progress.begin(date);
        }
        assert!(progress.undecided.len() <= 1_600);
        for date in (0..25_000).rev() {
            progress.end(date);
        }
        assert_eq!(progress.undecided.len(), 0);
    }
}
