//! One event, its webhooks, and its one answer (seed, "Considerations").

use std::time::Duration;

use super::fixture::{accepted, event, retry, status, Fixture};
use crate::config::{Acknowledge, Config};
use crate::delivery::outcome::{CallResponse, NotSent};
use crate::delivery::Verdict;
use crate::testing::{config, config_with};

fn no_retry(config: &mut Config) {
    config.retry.window = Duration::ZERO;
}

fn one_call_at_a_time(config: &mut Config) {
    no_retry(config);
    config.limits.max_in_flight_per_webhook = 1;
}

#[test]
fn every_webhook_is_called_at_once_with_the_same_payload() {
    let mut fixture = Fixture::new(config(&["a", "b", "c"]));
    fixture.submit(vec![event("x", &[0, 1, 2])]);
    assert_eq!(fixture.under_way(), ["x>0", "x>1", "x>2"]);
    assert!(fixture
        .calls
        .iter()
        .all(|call| call.timeout == Duration::from_secs(5)));
    assert_eq!(fixture.verdicts, []);
}

#[test]
fn the_first_acceptance_answers_and_the_rest_goes_on() {
    let mut fixture = Fixture::new(config(&["a", "b"]));
    let request = fixture.submit(vec![event("x", &[0, 1])]);
    fixture.respond("x", 1, &status(204));
    assert_eq!(fixture.take_verdicts(), [(request, accepted())]);
    fixture.respond("x", 0, &status(500));
    assert_eq!(fixture.take_verdicts(), []);
    assert!(fixture.outbox.is_empty());
    assert_eq!(fixture.count("deliveries.webhook.a.outcome.rejected"), 1);
    assert_eq!(fixture.count("deliveries.webhook.b.outcome.delivered"), 1);
    assert_eq!(fixture.count("events.type.track.outcome.accepted"), 1);
    assert_eq!(fixture.count("events.type.track.outcome.failed"), 0);
}

#[test]
fn settled_waits_for_the_last_delivery() {
    let mut fixture = Fixture::new(config_with(&["a", "b"], |config| {
        config.acknowledge = Acknowledge::Settled
    }));
    let request = fixture.submit(vec![event("x", &[0, 1])]);
    fixture.respond("x", 1, &status(200));
    assert_eq!(fixture.take_verdicts(), []);
    fixture.respond("x", 0, &status(500));
    assert_eq!(fixture.take_verdicts(), [(request, accepted())]);
}

#[test]
fn an_answer_that_is_not_whole_in_time_is_a_timeout() {
    let mut fixture = Fixture::new(config_with(&["a"], no_retry));
    fixture.submit(vec![event("x", &[0]), event("y", &[0])]);
    fixture.pass(Duration::from_secs(4));
    fixture.respond("x", 0, &CallResponse::default());
    fixture.pass(Duration::from_millis(990));
    fixture.respond("y", 0, &CallResponse::default());
    assert_eq!(fixture.count("deliveries.webhook.a.outcome.unreachable"), 1);
    assert_eq!(fixture.count("deliveries.webhook.a.outcome.timeout"), 1);
}

#[test]
fn a_failure_before_an_acceptance_is_no_failure() {
    let mut fixture = Fixture::new(config(&["a", "b"]));
    let request = fixture.submit(vec![event("x", &[0, 1])]);
    fixture.respond("x", 0, &CallResponse::default());
    assert_eq!(fixture.take_verdicts(), []);
    fixture.respond("x", 1, &status(200));
    assert_eq!(fixture.take_verdicts(), [(request, accepted())]);
    assert!(fixture.outbox.is_empty());
}

#[test]
fn when_every_webhook_fails_the_sdk_is_told_to_try_again() {
    let mut fixture = Fixture::new(config_with(&["a", "b"], no_retry));
    let request = fixture.submit(vec![event("x", &[0, 1])]);
    fixture.respond("x", 0, &status(500));
    fixture.respond("x", 1, &CallResponse::default());
    assert_eq!(fixture.take_verdicts(), [(request, retry(1, false))]);
    assert!(fixture.outbox.is_empty());
    assert_eq!(fixture.count("events.type.track.outcome.failed"), 1);
    assert_eq!(fixture.count("deliveries.webhook.b.outcome.unreachable"), 1);
}

#[test]
fn calls_that_the_host_refuses_are_failures() {
    let mut fixture = Fixture::new(config_with(&["a", "b"], no_retry));
    fixture.refusing.insert(0, NotSent::UnknownCluster);
    fixture.refusing.insert(1, NotSent::NoCapacity);
    let request = fixture.submit(vec![event("x", &[0, 1])]);
    assert_eq!(fixture.take_verdicts(), [(request, retry(1, false))]);
    assert_eq!(fixture.count("deliveries.webhook.a.outcome.not_sent"), 1);
    assert_eq!(fixture.count("deliveries.webhook.b.outcome.not_sent"), 1);
}

#[test]
fn one_failed_event_makes_the_whole_batch_retryable() {
    let mut fixture = Fixture::new(config_with(&["a"], no_retry));
    let request = fixture.submit(vec![event("x", &[0]), event("y", &[0]), event("z", &[0])]);
    fixture.respond("x", 0, &status(200));
    fixture.respond("y", 0, &status(404));
    assert_eq!(fixture.take_verdicts(), []);
    fixture.respond("z", 0, &status(200));
    assert_eq!(fixture.take_verdicts(), [(request, retry(1, false))]);
}

#[test]
fn a_request_without_deliverable_events_is_accepted_without_a_call() {
    let mut fixture = Fixture::new(config(&["a"]));
    let request = fixture.submit(Vec::new());
    assert_eq!(fixture.take_verdicts(), [(request, accepted())]);
    assert_eq!(fixture.under_way(), [""; 0]);
    assert_eq!(fixture.outbox.poll_timeout(), None);
}

#[test]
fn only_the_webhooks_that_want_an_event_get_it() {
    let mut fixture = Fixture::new(config(&["a", "b", "c"]));
    fixture.submit(vec![event("x", &[2]), event("y", &[0, 2])]);
    let mut calls = fixture.under_way();
    calls.sort();
    assert_eq!(calls, ["x>2", "y>0", "y>2"]);
}

#[test]
fn a_call_that_the_host_forgets_ends_as_a_timeout() {
    let mut fixture = Fixture::new(config_with(&["a"], no_retry));
    let request = fixture.submit(vec![event("x", &[0])]);
    fixture.pass(Duration::from_secs(9));
    assert_eq!(fixture.take_verdicts(), []);
    fixture.pass(Duration::from_secs(2));
    assert_eq!(fixture.take_verdicts(), [(request, retry(1, false))]);
    assert_eq!(fixture.count("deliveries.webhook.a.outcome.timeout"), 1);
    let forgotten = fixture.calls[0].token;
    fixture.end(forgotten, &status(200));
    assert_eq!(fixture.count("deliveries.webhook.a.outcome.delivered"), 0);
}

#[test]
fn the_answer_never_waits_longer_than_25_seconds() {
    let mut fixture = Fixture::new(config_with(&["a"], one_call_at_a_time));
    let request = fixture.submit((0..8).map(|n| event(&format!("e{n}"), &[0])).collect());
    for n in 0..4 {
        fixture.pass(Duration::from_secs(5));
        fixture.respond(&format!("e{n}"), 0, &status(200));
    }
    // 20 s are over: the fifth call has 5 s, and what is behind it never gets its turn.
    fixture.pass(Duration::from_millis(4_999));
    assert_eq!(fixture.take_verdicts(), []);
    fixture.pass(Duration::from_millis(1));
    let after = Duration::from_secs(1);
    let verdict = Verdict::Retry {
        after,
        held: false,
        failed: 4,
    };
    assert_eq!(fixture.take_verdicts(), [(request, verdict)]);
    assert_eq!(fixture.count("deliveries.webhook.a.outcome.not_sent"), 3);
    assert_eq!(fixture.under_way(), ["e4>0"]);
}

#[test]
fn a_call_has_the_whole_timeout_or_is_not_made() {
    let mut fixture = Fixture::new(config_with(&["a"], one_call_at_a_time));
    fixture.submit((0..6).map(|n| event(&format!("e{n}"), &[0])).collect());
    for n in 0..4 {
        fixture.pass(Duration::from_millis(4_900));
        fixture.respond(&format!("e{n}"), 0, &status(200));
    }
    // 19.6 s are over, and 5.4 s are left.
    assert_eq!(fixture.under_way(), ["e4>0"]);
    assert_eq!(fixture.calls[0].timeout, Duration::from_secs(5));
    fixture.pass(Duration::from_millis(400));
    assert_eq!(fixture.count("deliveries.webhook.a.outcome.not_sent"), 0);
    fixture.pass(Duration::from_millis(1));
    assert_eq!(fixture.count("deliveries.webhook.a.outcome.not_sent"), 1);
    fixture.respond("e4", 0, &status(200));
    assert_eq!(fixture.under_way(), [""; 0]);
    let verdict = Verdict::Retry {
        after: Duration::from_secs(1),
        held: false,
        failed: 1,
    };
    assert_eq!(fixture.take_verdicts(), [(1, verdict)]);
}
