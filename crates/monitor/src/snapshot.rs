//! The news of one worker for the others, as text in shared data.
//!
//! The first line is numbers separated by spaces, the lines after it are the worker's records. Any
//! worker may serve the page, so all of them write and each can read.

use std::fmt::Write as _;

use freshpaint_core::clock::SteadyMillis;
use freshpaint_core::delivery::{OutboxState, WebhookState};
use freshpaint_core::observe::recorder::Recorder;
use freshpaint_core::observe::totals::{Latencies, CLASSES, MINUTES};

/// Begins the first line; another version's snapshot is ignored.
const VERSION: u64 = 1;

/// The state of one worker at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The worker's number; no other worker of the process ever has it.
    pub worker: u32,
    /// When it was written, in milliseconds since 1970.
    pub unix_millis: u64,
    /// The number that the worker's next record gets.
    pub next: u64,
    /// Records left out because there were too many a second.
    pub skipped: u64,
    /// Events that are kept for a retry.
    pub held_events: u64,
    /// Their bytes.
    pub held_bytes: u64,
    /// Since when the oldest of them is kept, in milliseconds since 1970; 0 when there is none.
    pub held_since: u64,
    /// By the webhook's index in the configuration.
    pub webhooks: Vec<WebhookSnapshot>,
}

/// One webhook as one worker sees it: kept events that wait for it, calls under way, whether its
/// breaker is open, delivered and failed attempts of each of the last minutes (oldest first), and
/// how long its calls took. All of them are numbers that add up over workers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookSnapshot([u32; NUMBERS]);

const STATE: usize = 3;
const NUMBERS: usize = STATE + 2 * MINUTES + CLASSES;

impl Default for WebhookSnapshot {
    fn default() -> Self {
        Self([0; NUMBERS])
    }
}

impl WebhookSnapshot {
    fn of(state: WebhookState, minutes: &[(u32, u32); MINUTES], latencies: &Latencies) -> Self {
        let few = |many: usize| u32::try_from(many).unwrap_or(u32::MAX);
        let WebhookState { held, level } = state;
        let state = [
            few(held),
            few(level.in_flight),
            level.breaker_is_open.into(),
        ];
        let minutes = minutes
            .iter()
            .flat_map(|(delivered, failed)| [*delivered, *failed]);
        let numbers = state.into_iter().chain(minutes).chain(*latencies);
        let mut snapshot = Self::default();
        snapshot
            .0
            .iter_mut()
            .zip(numbers)
            .for_each(|(own, number)| *own = number);
        snapshot
    }

    /// Kept events that wait for it, calls under way, and workers whose breaker for it is open.
    #[must_use]
    pub fn state(&self) -> [u32; STATE] {
        self.0.first_chunk().copied().unwrap_or_default()
    }

    /// Delivered and failed attempts of each of the last minutes, oldest first.
    pub fn minutes(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let minutes = self.0.get(STATE..STATE + 2 * MINUTES).unwrap_or_default();
        minutes.chunks_exact(2).filter_map(|pair| match pair {
            [delivered, failed] => Some((*delivered, *failed)),
            _ => None,
        })
    }

    /// How long its calls took.
    #[must_use]
    pub fn latencies(&self) -> Latencies {
        self.0.last_chunk().copied().unwrap_or_default()
    }
}

impl Snapshot {
    /// The state of a worker, of which the caller adds the number.
    pub fn of(recorder: &mut Recorder, state: &OutboxState, now: SteadyMillis) -> Self {
        let unix_millis = recorder.unix(now);
        let held_since = state.held_since.map_or(0, |since| recorder.unix(since));
        let (next, skipped) = (recorder.next(), recorder.skipped());
        let both = recorder.totals().iter_mut().zip(&state.webhooks);
        let webhooks = both.map(|(totals, state)| {
            WebhookSnapshot::of(*state, &totals.minutes(unix_millis), &totals.latencies())
        });
        Self {
            worker: 0,
            unix_millis,
            next,
            skipped,
            held_events: state.held_events as u64,
            held_bytes: state.held_bytes as u64,
            held_since,
            webhooks: webhooks.collect(),
        }
    }

    /// Whether the worker has had nothing to do.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let none = |webhook: &WebhookSnapshot| webhook.0 == [0; NUMBERS];
        self.next == 1 && self.held_events == 0 && self.webhooks.iter().all(none)
    }

    /// The snapshot and the records after it.
    #[must_use]
    pub fn encode(&self, lines: &str) -> String {
        let mut text = String::with_capacity(lines.len() + 64 + 256 * self.webhooks.len());
        let mut number = |number: u64| {
            // Writing to a String does not fail.
            let _ = write!(text, "{number} ");
        };
        [
            VERSION,
            self.worker.into(),
            self.unix_millis,
            self.next,
            self.skipped,
            self.held_events,
            self.held_bytes,
            self.held_since,
        ]
        .into_iter()
        .for_each(&mut number);
        for webhook in &self.webhooks {
            webhook.0.iter().for_each(|each| number((*each).into()));
        }
        text.push('\n');
        text.push_str(lines);
        text
    }

    /// Reads what [`Snapshot::encode`] wrote; `None` for anything else.
    #[must_use]
    pub fn decode(text: &str) -> Option<(Self, &str)> {
        let (numbers, lines) = text.split_once('\n')?;
        let mut numbers = numbers.split_ascii_whitespace().map(str::parse::<u64>);
        let mut number = || numbers.next()?.ok();
        if number()? != VERSION {
            return None;
        }
        let mut snapshot = Self {
            worker: u32::try_from(number()?).ok()?,
            unix_millis: number()?,
            next: number()?,
            skipped: number()?,
            held_events: number()?,
            held_bytes: number()?,
            held_since: number()?,
            webhooks: Vec::new(),
        };
        while let Some(first) = number() {
            let mut webhook = WebhookSnapshot::default();
            let mut next = Some(first);
            for each in &mut webhook.0 {
                *each = u32::try_from(next.take().or_else(&mut number)?).ok()?;
            }
            snapshot.webhooks.push(webhook);
        }
        Some((snapshot, lines))
    }

    /// Adds what another worker says.
    pub fn merge(&mut self, other: &Self) {
        self.unix_millis = self.unix_millis.max(other.unix_millis);
        self.skipped += other.skipped;
        self.held_events += other.held_events;
        self.held_bytes += other.held_bytes;
        self.held_since = match (self.held_since, other.held_since) {
            (0, since) | (since, 0) => since,
            (one, another) => one.min(another),
        };
        if self.webhooks.len() < other.webhooks.len() {
            self.webhooks
                .resize_with(other.webhooks.len(), WebhookSnapshot::default);
        }
        for (webhook, other) in self.webhooks.iter_mut().zip(&other.webhooks) {
            for (own, other) in webhook.0.iter_mut().zip(other.0) {
                *own = own.saturating_add(other);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use freshpaint_core::delivery::levels::WebhookLevel;

    fn snapshot() -> Snapshot {
        let mut minutes = [(0, 0); MINUTES];
        minutes[3] = (7, 2);
        let mut latencies = Latencies::default();
        latencies[5] = 9;
        let level = WebhookLevel {
            in_flight: 4,
            breaker_is_open: true,
            last_success: None,
        };
        let state = WebhookState { held: 3, level };
        let webhook = WebhookSnapshot::of(state, &minutes, &latencies);
        Snapshot {
            worker: 3,
            unix_millis: 1_700_000_000_123,
            next: 12,
            skipped: 5,
            held_events: 3,
            held_bytes: 900,
            held_since: 1_700_000_000_000,
            webhooks: vec![webhook, WebhookSnapshot::default()],
        }
    }

    #[test]
    fn a_snapshot_that_is_written_is_read() {
        let lines = "{\"n\":11}\n";
        let text = snapshot().encode(lines);
        assert_eq!(Snapshot::decode(&text), Some((snapshot(), lines)));
        let none = Snapshot::default();
        assert_eq!(Snapshot::decode(&none.encode("")), Some((none, "")));
    }

    #[test]
    fn a_snapshot_that_is_cut_short_or_foreign_is_ignored_or_has_fewer_webhooks() {
        let text = snapshot().encode("");
        for end in 0..text.len() {
            assert_eq!(Snapshot::decode(text.get(..end).unwrap()), None, "{end}");
        }
        for foreign in [
            "\n",
            "2 0 0 0 0 0 0 0 \n",
            "1 0 a 0 0 0 0 0 \n",
            "1 0 0 0 0 0 0 0 5 \n",
        ] {
            assert_eq!(Snapshot::decode(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn the_numbers_of_workers_are_added() {
        let mut sum = Snapshot::default();
        sum.merge(&snapshot());
        sum.merge(&snapshot());
        assert_eq!(
            (sum.held_events, sum.held_bytes, sum.skipped),
            (6, 1_800, 10)
        );
        assert_eq!(sum.held_since, 1_700_000_000_000);
        let [webhook, other] = &sum.webhooks[..] else {
            panic!()
        };
        assert_eq!(webhook.state(), [6, 8, 2]);
        let minute = webhook.minutes().nth(3);
        assert_eq!((minute, webhook.latencies()[5]), (Some((14, 4)), 18));
        assert_eq!(*other, WebhookSnapshot::default());
    }
}
