//! The records that one worker keeps for the live page.
//!
//! A worker has a recorder when a monitor in its VM shows it, or when `observe.recent` is set.
//! Without one, each event costs one question whether there is one. Attempts are always counted;
//! records are made only while somebody looks.

use std::collections::VecDeque;
use std::rc::Rc;

use super::per_second::PerSecond;
use super::record::Record;
use super::totals::Totals;
use crate::clock::{Now, SteadyMillis};
use crate::config::Config;

/// Records that one worker keeps.
pub const MAX_RECORDS: usize = 1_000;
/// Bytes of records that one worker keeps.
pub const MAX_BYTES: usize = 192 * 1024;
/// Records that one worker makes in a second; more are counted and left out.
pub const MAX_PER_SECOND: usize = 200;

/// The records and totals of one worker.
#[derive(Debug)]
pub struct Recorder {
    config: Rc<Config>,
    lines: VecDeque<String>,
    bytes: usize,
    /// The number of the next record.
    next: u64,
    /// Records left out because there were too many a second.
    skipped: u64,
    rate: PerSecond,
    /// By the webhook's index in the configuration.
    totals: Vec<Totals>,
    /// Until when somebody looks.
    watched_until: SteadyMillis,
    /// Milliseconds from the steady clock to the Unix epoch.
    unix_offset: u64,
}

impl Recorder {
    /// A recorder for a worker with this configuration.
    #[must_use]
    pub fn new(config: &Rc<Config>, now: Now) -> Self {
        let mut recorder = Self {
            totals: Vec::new(),
            config: Rc::clone(config),
            lines: VecDeque::new(),
            bytes: 0,
            next: 1,
            skipped: 0,
            rate: PerSecond::default(),
            watched_until: 0,
            unix_offset: 0,
        };
        recorder.set_clock(now);
        let unix = recorder.unix(now.steady);
        let webhooks = config.webhooks.iter();
        recorder.totals = webhooks.map(|_| Totals::new(unix)).collect();
        recorder
    }

    /// Sets the difference between the two clocks.
    pub fn set_clock(&mut self, now: Now) {
        self.unix_offset = now.unix_offset();
    }

    /// The time in milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn unix(&self, now: SteadyMillis) -> u64 {
        now.saturating_add(self.unix_offset)
    }

    /// Somebody looks until this time.
    pub fn watch_until(&mut self, until: SteadyMillis) {
        self.watched_until = until;
    }

    /// Nobody looks: records that need not be kept are forgotten.
    pub fn rest(&mut self) {
        self.watched_until = 0;
        self.keep(self.config.observe.recent);
        if self.lines.is_empty() {
            self.lines.shrink_to(0);
        }
    }

    /// Whether a record would be kept now; asked before a record is made. A record that comes too
    /// soon after many others is only counted.
    pub fn admits(&mut self, now: SteadyMillis) -> bool {
        if now >= self.watched_until && self.config.observe.recent == 0 {
            return false;
        }
        let admits = self.rate.admits(now, MAX_PER_SECOND);
        self.skipped += u64::from(!admits);
        admits
    }

    /// Keeps a record that was admitted.
    pub fn write(&mut self, record: &Record<'_>, now: SteadyMillis) {
        let line = record.line(self.next, self.unix(now), self.unix_offset, &self.config);
        self.next += 1;
        self.bytes += line.len();
        self.lines.push_back(line);
        let is_watched = now < self.watched_until;
        self.keep(if is_watched {
            MAX_RECORDS
        } else {
            self.config.observe.recent
        });
    }

    /// Counts an attempt in the totals of its webhook, and how long it took where an answer came.
    pub fn count(
        &mut self,
        webhook: usize,
        is_delivered: bool,
        took: Option<SteadyMillis>,
        now: SteadyMillis,
    ) {
        let unix = self.unix(now);
        if let Some(totals) = self.totals.get_mut(webhook) {
            let took = took.map(|took| u32::try_from(took).unwrap_or(u32::MAX));
            totals.add(unix, is_delivered, took);
        }
    }

    /// The number that the next record gets.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Records left out because there were too many a second.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// By the webhook's index in the configuration.
    pub fn totals(&mut self) -> &mut [Totals] {
        &mut self.totals
    }

    /// Every record, oldest first, each ended by a newline.
    #[must_use]
    pub fn lines(&self) -> String {
        let all = String::with_capacity(self.bytes);
        self.lines.iter().fold(all, |all, line| all + line)
    }

    fn keep(&mut self, records: usize) {
        while self.lines.len() > records || self.bytes > MAX_BYTES {
            let Some(oldest) = self.lines.pop_front() else {
                break;
            };
            self.bytes -= oldest.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixMillis;
    use crate::testing::{config, config_with};

    const START: Now = Now {
        steady: 1_000,
        unix: UnixMillis(1_700_000_000_000),
    };

    /// How many of these moments are recorded.
    fn recorded(recorder: &mut Recorder, moments: impl Iterator<Item = SteadyMillis>) -> usize {
        for now in moments {
            if recorder.admits(now) {
                recorder.write(&Record::default(), now);
            }
        }
        recorder.lines().lines().count()
    }

    #[test]
    fn nothing_is_recorded_while_nobody_looks() {
        let mut recorder = Recorder::new(&Rc::new(config(&["a"])), START);
        assert_eq!(recorded(&mut recorder, 1_000..1_010), 0);
        recorder.watch_until(2_000);
        assert_eq!(recorded(&mut recorder, 1_995..2_005), 5);
        assert!(recorder.lines().starts_with("{\"n\":1,\"t\":1700000000995"));
        recorder.rest();
        assert_eq!((recorder.lines().as_str(), recorder.next()), ("", 6));
    }

    #[test]
    fn recent_records_are_kept_while_nobody_looks() {
        let config = config_with(&["a"], |config| config.observe.recent = 3);
        let mut recorder = Recorder::new(&Rc::new(config), START);
        assert_eq!(recorded(&mut recorder, 1_000..1_010), 3);
        recorder.watch_until(20_000);
        assert_eq!(recorded(&mut recorder, 1_010..1_020), 13);
        recorder.rest();
        assert_eq!(recorded(&mut recorder, 0..0), 3);
    }

    #[test]
    fn records_are_bounded_in_number_in_rate_and_in_bytes() {
        let mut recorder = Recorder::new(&Rc::new(config(&["a"])), START);
        recorder.watch_until(u64::MAX);
        assert_eq!(recorded(&mut recorder, 1_000..2_000), 200);
        assert_eq!(recorder.skipped(), 800);
        assert_eq!(
            recorded(&mut recorder, (2_000..1_000_000).step_by(100)),
            MAX_RECORDS
        );
        let name = "\\u0041".repeat(80);
        for now in (1_000_000..).step_by(1_000).take(MAX_RECORDS) {
            assert!(recorder.admits(now));
            let record = Record {
                escaped_name: &name,
                ..Record::default()
            };
            recorder.write(&record, now);
        }
        assert!(recorder.lines().len() <= MAX_BYTES);
        assert!(recorder.lines().len() > MAX_BYTES - 1_000);
    }
}
