//! The names of the counters, and the counts since the shell last took them.
//!
//! Names are Envoy's, before its `wasmcustom.` prefix; the tags are cut out by the shipped `stats_tags`. Counters are summed
//! here and handed over once per callback, so that a batch costs one host call per counter and not one per event.

use crate::config::Webhook;
use crate::delivery::outcome::Label;
use crate::event::Kind;
use crate::routing::Signal;

const PREFIX: &str = "freshpaint_webhooks";

/// How a request ended, for the SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestOutcome {
    /// Answered with success.
    Accepted,
    /// Answered so that the SDK sends it again.
    Retry,
    /// Answered with 4xx.
    Refused,
    /// Not a collection request: left to the route.
    Passed,
    /// A CORS preflight, answered whether it is allowed or not.
    Preflight,
}

/// What became of an event when its request was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventOutcome {
    /// At least one webhook has it.
    Accepted,
    /// Every webhook failed it.
    Failed,
    /// No webhook wants it.
    Filtered,
    /// Not an event that can be delivered.
    Invalid,
    /// Recognised as sent again: a webhook had accepted it before.
    Duplicate,
}

/// What became of events that every webhook had failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldOutcome {
    /// Kept to be tried again.
    Kept,
    /// Not kept: no room.
    NoRoom,
    /// Delivered later.
    Delivered,
    /// Every webhook refused it for good, so that it is not kept, or no longer.
    Refused,
    /// The retry window ended.
    Expired,
    /// Another worker, or a newer configuration, took it over.
    HandedOver,
}

/// One counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// `requests.outcome.<...>`
    Requests(RequestOutcome),
    /// `events.type.<...>.outcome.<...>`; no kind is `other`.
    Events(Option<Kind>, EventOutcome),
    /// `deliveries.webhook.<name>.outcome.<...>`, by the webhook's index.
    Deliveries(usize, Label),
    /// `held.outcome.<...>`
    Held(HeldOutcome),
    /// `suppressed.webhook.<name>.signal.<...>`, by the webhook's index; there is one for each signal that its rules have.
    Suppressed(usize, Signal),
    /// `answers.outcome.abandoned`: the client had gone before its answer. The request has its outcome all the same.
    Abandoned,
}

const REQUESTS: [(RequestOutcome, &str); 5] = [
    (RequestOutcome::Accepted, "accepted"),
    (RequestOutcome::Retry, "retry"),
    (RequestOutcome::Refused, "refused"),
    (RequestOutcome::Passed, "passed"),
    (RequestOutcome::Preflight, "preflight"),
];
const EVENTS: [(EventOutcome, &str); 5] = [
    (EventOutcome::Accepted, "accepted"),
    (EventOutcome::Failed, "failed"),
    (EventOutcome::Filtered, "filtered"),
    (EventOutcome::Invalid, "invalid"),
    (EventOutcome::Duplicate, "duplicate"),
];
const HELD: [(HeldOutcome, &str); 6] = [
    (HeldOutcome::Kept, "kept"),
    (HeldOutcome::NoRoom, "no_room"),
    (HeldOutcome::Delivered, "delivered"),
    (HeldOutcome::Refused, "refused"),
    (HeldOutcome::Expired, "expired"),
    (HeldOutcome::HandedOver, "handed_over"),
];
/// The four kinds and `other`.
const KINDS: usize = Kind::ALL.len() + 1;

const EVENTS_AT: usize = REQUESTS.len();
const HELD_AT: usize = EVENTS_AT + KINDS * EVENTS.len();
const ABANDONED_AT: usize = HELD_AT + HELD.len();
const DELIVERIES_AT: usize = ABANDONED_AT + 1;

/// Every counter's name, in the order of [`Counters::take`]'s indices.
#[must_use]
pub fn names(webhooks: &[Webhook]) -> Vec<String> {
    let requests = REQUESTS
        .iter()
        .map(|(_, outcome)| format!("{PREFIX}.requests.outcome.{outcome}"));
    let kinds = Kind::ALL.iter().map(|kind| kind.as_str()).chain(["other"]);
    let events = kinds.flat_map(|kind| {
        EVENTS
            .iter()
            .map(move |(_, outcome)| format!("{PREFIX}.events.type.{kind}.outcome.{outcome}"))
    });
    let held = HELD
        .iter()
        .map(|(_, outcome)| format!("{PREFIX}.held.outcome.{outcome}"));
    let deliveries = webhooks.iter().flat_map(|webhook| {
        Label::ALL.iter().map(move |label| {
            let (name, outcome) = (&webhook.name, label.as_str());
            format!("{PREFIX}.deliveries.webhook.{name}.outcome.{outcome}")
        })
    });
    let suppressed = suppressible(webhooks).map(|(webhook, signal)| {
        let name = webhooks.get(webhook).map_or("", |webhook| &webhook.name);
        format!(
            "{PREFIX}.suppressed.webhook.{name}.signal.{}",
            signal.as_str()
        )
    });
    requests
        .chain(events)
        .chain(held)
        .chain([format!("{PREFIX}.answers.outcome.abandoned")])
        .chain(deliveries)
        .chain(suppressed)
        .collect()
}

/// Each signal that some webhook's rules have, in the order of the names.
fn suppressible(webhooks: &[Webhook]) -> impl Iterator<Item = (usize, Signal)> + '_ {
    webhooks.iter().enumerate().flat_map(|(index, webhook)| {
        let rules = webhook.rules.as_deref();
        Signal::ALL
            .into_iter()
            .filter(move |signal| rules.is_some_and(|rules| rules.has(*signal)))
            .map(move |signal| (index, signal))
    })
}

impl Counters {
    fn index(&self, counter: Counter) -> usize {
        match counter {
            Counter::Requests(outcome) => position(&REQUESTS, outcome),
            Counter::Events(kind, outcome) => {
                let kind = kind
                    .and_then(|kind| Kind::ALL.iter().position(|known| *known == kind))
                    .unwrap_or(Kind::ALL.len());
                EVENTS_AT + kind * EVENTS.len() + position(&EVENTS, outcome)
            }
            Counter::Held(outcome) => HELD_AT + position(&HELD, outcome),
            Counter::Abandoned => ABANDONED_AT,
            Counter::Deliveries(webhook, label) => {
                DELIVERIES_AT + webhook * Label::ALL.len() + label as usize
            }
            Counter::Suppressed(webhook, signal) => {
                let at = self.suppressible.iter();
                let at = at.take_while(|one| **one != (webhook, signal)).count();
                self.suppressed_at + at
            }
        }
    }
}

fn position<T: PartialEq, const N: usize>(all: &[(T, &str); N], wanted: T) -> usize {
    all.iter().position(|(one, _)| *one == wanted).unwrap_or(0)
}

/// Counts since the shell last took them.
#[derive(Debug)]
pub struct Counters {
    pending: Vec<u32>,
    touched: Vec<usize>,
    /// What can be suppressed, in the order of the counters, of which the first has the index `suppressed_at`.
    suppressible: Vec<(usize, Signal)>,
    suppressed_at: usize,
}

impl Counters {
    /// No counts, for a configuration with these webhooks.
    #[must_use]
    pub fn new(webhooks: &[Webhook]) -> Self {
        let suppressible: Vec<_> = suppressible(webhooks).collect();
        let suppressed_at = DELIVERIES_AT + webhooks.len() * Label::ALL.len();
        Self {
            pending: vec![0; suppressed_at + suppressible.len()],
            touched: Vec::new(),
            suppressible,
            suppressed_at,
        }
    }

    /// Counts one.
    pub fn add(&mut self, counter: Counter) {
        let index = self.index(counter);
        if let Some(pending) = self.pending.get_mut(index) {
            if *pending == 0 {
                self.touched.push(index);
            }
            *pending = pending.saturating_add(1);
        }
    }

    /// Gives each count that is not zero, with its counter's index in [`names`], and forgets it.
    pub fn take(&mut self, mut give: impl FnMut(usize, u32)) {
        for index in self.touched.drain(..) {
            if let Some(pending) = self.pending.get_mut(index) {
                give(index, std::mem::take(pending));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::{Glob, Rules, Sample};
    use crate::testing;
    use std::rc::Rc;

    fn webhooks() -> Vec<Webhook> {
        ["crm", "cdp"].map(testing::webhook).to_vec()
    }

    /// What a count is called, found the way the shell finds it.
    fn name_of(counter: Counter) -> String {
        let mut counts = Counters::new(&webhooks());
        counts.add(counter);
        let mut found = Vec::new();
        counts.take(|index, count| found.push((index, count)));
        let [(index, 1)] = found[..] else {
            panic!("{found:?}")
        };
        names(&webhooks())[index].clone()
    }

    #[test]
    fn every_counter_has_the_name_of_the_design() {
        assert_eq!(
            name_of(Counter::Requests(RequestOutcome::Accepted)),
            "freshpaint_webhooks.requests.outcome.accepted"
        );
        assert_eq!(
            name_of(Counter::Requests(RequestOutcome::Passed)),
            "freshpaint_webhooks.requests.outcome.passed"
        );
        assert_eq!(
            name_of(Counter::Events(Some(Kind::Group), EventOutcome::Invalid)),
            "freshpaint_webhooks.events.type.group.outcome.invalid"
        );
        assert_eq!(
            name_of(Counter::Events(None, EventOutcome::Filtered)),
            "freshpaint_webhooks.events.type.other.outcome.filtered"
        );
        assert_eq!(
            name_of(Counter::Held(HeldOutcome::Expired)),
            "freshpaint_webhooks.held.outcome.expired"
        );
        assert_eq!(
            name_of(Counter::Abandoned),
            "freshpaint_webhooks.answers.outcome.abandoned"
        );
        assert_eq!(
            name_of(Counter::Deliveries(1, Label::NotSent)),
            "freshpaint_webhooks.deliveries.webhook.cdp.outcome.not_sent"
        );
    }

    #[test]
    fn no_two_counters_share_a_name() {
        let mut all = names(&webhooks());
        assert_eq!(all.len(), DELIVERIES_AT + 10);
        all.sort();
        all.dedup();
        assert_eq!(all.len(), DELIVERIES_AT + 10);
    }

    #[test]
    fn suppression_is_counted_where_rules_can_suppress() {
        let mut webhooks = webhooks();
        webhooks[1].rules = Some(Rc::new(Rules {
            sample: Some(Sample::of(0.5)),
            deny: vec![Glob::new("a")],
            ..Rules::default()
        }));
        let names = names(&webhooks);
        let at = DELIVERIES_AT + 10;
        assert_eq!(
            names[at..],
            [
                "freshpaint_webhooks.suppressed.webhook.cdp.signal.sample",
                "freshpaint_webhooks.suppressed.webhook.cdp.signal.filter",
            ]
        );
        let mut counts = Counters::new(&webhooks);
        counts.add(Counter::Suppressed(1, Signal::Filter));
        counts.add(Counter::Suppressed(0, Signal::Filter));
        counts.take(|index, count| assert_eq!((index, count), (at + 1, 1)));
    }

    #[test]
    fn sums_until_taken() {
        let mut counts = Counters::new(&webhooks());
        for _ in 0..3 {
            counts.add(Counter::Deliveries(0, Label::Delivered));
        }
        counts.add(Counter::Deliveries(9, Label::Delivered));
        let mut taken = Vec::new();
        counts.take(|_, count| taken.push(count));
        assert_eq!(taken, [3]);
        counts.take(|_, count| panic!("{count} left"));
    }
}
