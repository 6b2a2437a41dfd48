//! The ledger: events sent and answered on one side, events received on the other.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A webhook that answers has done so by then, the slow one too, unless it was cut off before.
const ANSWERED_AFTER: Duration = Duration::from_millis(750);

/// Two webhooks, and the dead letter webhook where there is one.
const WEBHOOKS: usize = 3;

/// How a webhook treated a request that it had read whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It answered 2xx, in time and whole.
    Accepted,
    /// It answered anything else, in time and whole.
    Refused,
    /// It has the event, and whoever sent it cannot know: no whole answer in time.
    Unknown,
    /// It answered 2xx, and the connection was cut so soon after that the answer may not have
    /// arrived.
    Cut,
}

/// The answer that a client got for the events of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 200.
    Success,
    /// 503, and the events are kept and tried again.
    Kept,
    /// 503, and it is the client's to send them again.
    NotKept,
    /// The client hung up once its request was written.
    HungUp,
    /// The connection broke, or Envoy answered in the module's place.
    Broken,
}

#[derive(Debug, Default)]
struct Event {
    succeeded: bool,
    retried: bool,
    abandoned: bool,
    kept: bool,
    not_kept: bool,
    broken: bool,
    receipts: Vec<(usize, Instant, Fate)>,
}

/// Every event of a run, by `messageId`.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    events: Mutex<BTreeMap<String, Event>>,
}

/// The sums of one fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// Events.
    pub(crate) sent: usize,
    /// Answered with success at least once.
    pub(crate) success: usize,
    /// Answered 503 at least once.
    pub(crate) retry: usize,
    /// Their client hung up at least once.
    pub(crate) abandoned: usize,
    /// Received by a webhook.
    pub(crate) received: usize,
    /// Answered with success, and accepted by no webhook.
    pub(crate) lost: usize,
    /// Not answered with success, taken in all the same, and accepted by no webhook although all
    /// recovered.
    pub(crate) missing: usize,
    /// Receipts by a webhook that had accepted the event before.
    pub(crate) doubled: usize,
    /// Events received again after an attempt whose end nobody could know.
    pub(crate) unknown: usize,
}

impl Ledger {
    fn events(&self) -> MutexGuard<'_, BTreeMap<String, Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A client writes these.
    pub(crate) fn sent(&self, ids: &[String]) {
        let mut events = self.events();
        for id in ids {
            events.entry(id.clone()).or_default();
        }
    }

    /// A client got this for these.
    pub(crate) fn answered(&self, ids: &[String], answer: Answer) {
        let mut events = self.events();
        for id in ids {
            let event = events.get_mut(id).unwrap();
            match answer {
                Answer::Success => event.succeeded = true,
                Answer::Kept => (event.retried, event.kept) = (true, true),
                Answer::NotKept => (event.retried, event.not_kept) = (true, true),
                Answer::HungUp => event.abandoned = true,
                Answer::Broken => event.broken = true,
            }
        }
    }

    /// A webhook has read the request of this event.
    pub(crate) fn received(&self, webhook: usize, id: &str, fate: Fate) {
        let mut events = self.events();
        let event = events
            .get_mut(id)
            .unwrap_or_else(|| panic!("nobody sent the event {id:?}"));
        event.receipts.push((webhook, Instant::now(), fate));
    }

    /// The way to a webhook has just been cut: answers may not have arrived.
    pub(crate) fn cut(&self, webhook: usize) {
        self.cut_at(Instant::now(), |to| to == webhook);
    }

    /// All who waited for answers have just gone: those that webhooks gave shortly before, or are
    /// still to give to calls that are under way, have not arrived. Returns when no such call is
    /// left.
    pub(crate) fn cut_all(&self) {
        let now = Instant::now();
        std::thread::sleep(ANSWERED_AFTER);
        self.cut_at(now, |_| true);
    }

    fn cut_at(&self, cut: Instant, is_cut: impl Fn(usize) -> bool) {
        for event in self.events().values_mut() {
            for (to, at, fate) in &mut event.receipts {
                let apart = cut.max(*at) - cut.min(*at);
                if is_cut(*to) && *fate == Fate::Accepted && apart < ANSWERED_AFTER {
                    *fate = Fate::Cut;
                }
            }
        }
    }

    /// Events that a client must send again: nobody took them in, and no success was answered.
    pub(crate) fn to_send_again(&self, prefix: &str, keeps: Keeps) -> Vec<String> {
        let is_open = |event: &Event| {
            let is_taken = match keeps {
                Keeps::WhatIsRead => event.kept || (event.abandoned && !event.not_kept),
                Keeps::Nothing => false,
            };
            !event.succeeded && !is_taken
        };
        let events = self.events();
        let found = with_prefix(&events, prefix).filter(|(_, event)| is_open(event));
        found.map(|(id, _)| id.clone()).collect()
    }

    /// Ids of the events that begin with this, and that one of the first `webhooks` has not
    /// accepted.
    pub(crate) fn incomplete(&self, prefix: &str, webhooks: usize) -> Vec<String> {
        let events = self.events();
        let lacking = with_prefix(&events, prefix)
            .filter(|(_, event)| (0..webhooks).any(|webhook| !event.is_accepted_by(webhook)));
        lacking.map(|(id, _)| id.clone()).collect()
    }

    /// Ids of the events that begin with this, and that this webhook has accepted.
    pub(crate) fn accepted_by(&self, prefix: &str, webhook: usize) -> Vec<String> {
        let events = self.events();
        let accepted =
            with_prefix(&events, prefix).filter(|(_, event)| event.is_accepted_by(webhook));
        accepted.map(|(id, _)| id.clone()).collect()
    }

    /// Ids of the events that begin with this.
    pub(crate) fn ids(&self, prefix: &str) -> Vec<String> {
        let events = self.events();
        with_prefix(&events, prefix)
            .map(|(id, _)| id.clone())
            .collect()
    }

    /// Sums up the events whose ids begin with this.
    pub(crate) fn row(&self, prefix: &str) -> Row {
        let mut row = Row::default();
        let events = self.events();
        for (_, event) in with_prefix(&events, prefix) {
            row += event.row();
        }
        row
    }

    /// Up to ten events that are not as they should be, to be looked at.
    pub(crate) fn suspects(&self, prefix: &str) -> String {
        let events = self.events();
        let wrong = with_prefix(&events, prefix).filter(|(_, event)| {
            let row = event.row();
            row.lost + row.missing + row.doubled > 0
        });
        let lines: Vec<_> = wrong
            .take(10)
            .map(|(id, event)| format!("{id}: {event:?}"))
            .collect();
        lines.join("\n")
    }
}

fn with_prefix<'e>(
    events: &'e BTreeMap<String, Event>,
    prefix: &'e str,
) -> impl Iterator<Item = (&'e String, &'e Event)> {
    events
        .range(prefix.to_owned()..)
        .take_while(move |(id, _)| id.starts_with(prefix))
}

/// How the module treats events that it cannot deliver at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// It keeps what it said to keep, and what it read from clients that hung up.
    WhatIsRead,
    /// Nothing that a client may count on: every webhook refuses, or the VM may fail.
    Nothing,
}

impl Event {
    fn is_accepted_by(&self, webhook: usize) -> bool {
        let mut receipts = self.receipts.iter();
        receipts.any(|(to, _, fate)| *to == webhook && matches!(fate, Fate::Accepted | Fate::Cut))
    }

    fn row(&self) -> Row {
        let accepted = self
            .receipts
            .iter()
            .any(|(_, _, fate)| matches!(fate, Fate::Accepted | Fate::Cut));
        let mut row = Row {
            sent: 1,
            success: self.succeeded.into(),
            retry: self.retried.into(),
            abandoned: self.abandoned.into(),
            received: (!self.receipts.is_empty()).into(),
            lost: (self.succeeded && !accepted).into(),
            missing: (!self.succeeded && !accepted).into(),
            ..Row::default()
        };
        for webhook in 0..WEBHOOKS {
            let own = self.receipts.iter().filter(|(to, ..)| *to == webhook);
            let fates: Vec<_> = own.map(|(_, _, fate)| *fate).collect();
            let first = fates.iter().position(|fate| *fate == Fate::Accepted);
            row.doubled += first.map_or(0, |first| fates.len() - first - 1);
            row.unknown +=
                usize::from(fates.len() > 1 && matches!(fates[0], Fate::Unknown | Fate::Cut));
        }
        row
    }
}

impl AddAssign for Row {
    fn add_assign(&mut self, more: Self) {
        self.sent += more.sent;
        self.success += more.success;
        self.retry += more.retry;
        self.abandoned += more.abandoned;
        self.received += more.received;
        self.lost += more.lost;
        self.missing += more.missing;
        self.doubled += more.doubled;
        self.unknown += more.unknown;
    }
}

/// The names of the columns, as wide as [`Row`]'s.
pub(crate) const COLUMNS: &str =
    "    sent  success    retry  hung up received     lost  missing  doubled  unknown";

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for sum in [
            self.sent,
            self.success,
            self.retry,
            self.abandoned,
            self.received,
            self.lost,
            self.missing,
            self.doubled,
        ] {
            write!(f, "{sum:>8} ")?;
        }
        write!(f, "{:>8}", self.unknown)
    }
}
