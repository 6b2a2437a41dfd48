//! The names of the metrics, and that the manual has them.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::labels::{
    AttemptOutcome, DeliveryOutcome, EventOutcome, HeldOutcome, RequestOutcome, SuppressReason,
};
use super::*;
use crate::event::Kind;
use crate::observe::labels::DropReason;
use crate::routing::{Glob, Rules, Sample};
use crate::testing;

fn webhooks() -> Vec<Webhook> {
    let mut webhooks = ["crm", "cdp"].map(testing::webhook).to_vec();
    webhooks[1].rules = Some(Rc::new(Rules {
        sample: Some(Sample::of(0.5)),
        deny: vec![Glob::new("a")],
        ..Rules::default()
    }));
    webhooks
}

/// Each change by the metric's name, found the way the shell finds it.
fn changes(observe: &mut Observe) -> Vec<(String, Change)> {
    let metrics = metrics(&webhooks());
    let mut changes = Vec::new();
    observe.take_changes(|id, change| {
        changes.push((metrics[id.index()].name.clone(), change));
    });
    changes
}

fn name_of(counter: Counter) -> String {
    let mut observe = Observe::new(&webhooks());
    observe.count(counter);
    let [(name, Change::Add(1))] = &changes(&mut observe)[..] else {
        panic!("{counter:?}")
    };
    name.strip_prefix("freshpaint_webhooks.").unwrap().into()
}

#[test]
fn every_counter_has_the_name_of_the_design() {
    for (counter, name) in [
        (
            Counter::Requests(RequestOutcome::Accepted),
            "requests.outcome.accepted",
        ),
        (
            Counter::Requests(RequestOutcome::Passed),
            "requests.outcome.passed",
        ),
        (
            Counter::Events(Some(Kind::Group), EventOutcome::Invalid),
            "events.type.group.outcome.invalid",
        ),
        (
            Counter::Events(None, EventOutcome::Filtered),
            "events.type.other.outcome.filtered",
        ),
        (Counter::Held(HeldOutcome::Expired), "held.outcome.expired"),
        (Counter::Abandoned, "answers.outcome.abandoned"),
        (
            Counter::Attempts(0, AttemptOutcome::ServerError),
            "attempts.webhook.crm.outcome.rejected.status_class.5xx",
        ),
        (
            Counter::Deliveries(1, DeliveryOutcome::NotSent),
            "deliveries.webhook.cdp.outcome.not_sent",
        ),
        (
            Counter::Suppressed(1, SuppressReason::Filter),
            "suppressed.webhook.cdp.signal.filter",
        ),
        (
            Counter::DeadLetters(DropReason::NoRoom),
            "dead_letters.reason.no_room",
        ),
        (Counter::Batches(1), "batches.webhook.cdp"),
        (Counter::Evictions, "evictions"),
        (Counter::LogLeftOut, "log_left_out"),
    ] {
        assert_eq!(name_of(counter), name);
    }
}

#[test]
fn no_two_metrics_share_a_name() {
    let all: Vec<_> = metrics(&webhooks()).into_iter().map(|it| it.name).collect();
    let different: BTreeSet<_> = all.iter().collect();
    assert_eq!(all.len(), different.len());
}

#[test]
fn suppression_is_counted_where_rules_can_suppress() {
    let names: Vec<_> = metrics(&webhooks()).into_iter().map(|it| it.name).collect();
    let suppressed = names.iter().filter(|name| name.contains(".suppressed."));
    assert_eq!(
        suppressed.collect::<Vec<_>>(),
        [
            "freshpaint_webhooks.suppressed.webhook.cdp.signal.sample",
            "freshpaint_webhooks.suppressed.webhook.cdp.signal.filter",
        ]
    );
    let mut observe = Observe::new(&webhooks());
    observe.count(Counter::Suppressed(0, SuppressReason::Filter));
    observe.count(Counter::Suppressed(1, SuppressReason::Gpc));
    assert_eq!(changes(&mut observe), []);
}

#[test]
fn counts_are_summed_until_they_are_taken() {
    let mut observe = Observe::new(&webhooks());
    for _ in 0..3 {
        observe.count(Counter::Deliveries(0, DeliveryOutcome::Delivered));
    }
    observe.count(Counter::Deliveries(9, DeliveryOutcome::Delivered));
    let name = "freshpaint_webhooks.deliveries.webhook.crm.outcome.delivered";
    assert_eq!(changes(&mut observe), [(name.into(), Change::Add(3))]);
    assert_eq!(changes(&mut observe), []);
}

/// A metric's name in Prometheus with each of its labels and the values that it can have.
type Row = (String, BTreeMap<String, BTreeSet<String>>);

/// Of the tables in docs/operations.md, "Metrics". A label whose values the manual leaves out has
/// none.
fn manual() -> BTreeSet<Row> {
    let manual = include_str!("../../../../docs/operations.md");
    let rows = manual.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `freshpaint_webhooks_")?.split(" | ");
        let name = cells.next()?.trim_end_matches('`').to_owned();
        let labels = cells.next()?.trim_end_matches('|').split("; ");
        // A metric without labels has `none` there, not in backticks.
        let labels = labels.filter_map(|label| {
            let mut words = label.split('`').skip(1).step_by(2).map(str::to_owned);
            Some((words.next()?, words.collect()))
        });
        Some((name, labels.collect()))
    });
    rows.collect()
}

#[test]
fn the_manual_has_every_metric_with_its_labels() {
    let everything = Rules {
        sources: vec![Vec::new()],
        sample: Some(Sample::of(0.5)),
        honor: crate::consent::OptOut {
            gpc: true,
            dnt: true,
        },
        requires_consent: vec!["marketing".into()],
        deny: vec![Glob::new("a")],
        ..Rules::default()
    };
    let mut webhook = testing::webhook("crm");
    webhook.rules = Some(Rc::new(everything));
    let mut rows = BTreeMap::<String, BTreeMap<String, BTreeSet<String>>>::new();
    for metric in metrics(&[webhook]) {
        let mut words = metric.name.split('.').skip(1).map(str::to_owned);
        let labels = rows.entry(words.next().unwrap()).or_default();
        while let (Some(label), Some(value)) = (words.next(), words.next()) {
            let values = labels.entry(label.clone()).or_default();
            // The version has dots of its own.
            if label == "version" {
                break;
            }
            // Webhooks are the user's, types are those of the events.
            if !["webhook", "type"].contains(&label.as_str()) {
                values.insert(value);
            }
        }
    }
    let (rows, manual) = (rows.into_iter().collect::<BTreeSet<_>>(), manual());
    let (lacking, wrong): (Vec<_>, Vec<_>) = (
        rows.difference(&manual).collect(),
        manual.difference(&rows).collect(),
    );
    assert!(
        rows == manual,
        "docs/operations.md has no row for {lacking:#?}\nand rows that the code has not: {wrong:#?}"
    );
}
