//! The same event sent again.

use std::time::Duration;

use super::fixture::{accepted, event, status, Fixture};
use crate::delivery::PreparedEvent;
use crate::testing::{config, config_with};

#[test]
fn an_accepted_event_that_comes_again_is_accepted_without_a_call() {
    let mut fixture = Fixture::new(config(&["a"]));
    fixture.submit(vec![event("x", &[0])]);
    fixture.respond("x", 0, &status(200));
    fixture.take_verdicts();
    let again = fixture.submit(vec![event("x", &[0])]);
    assert_eq!(fixture.take_verdicts(), [(again, accepted())]);
    assert_eq!(fixture.under_way(), [""; 0]);
    assert_eq!(fixture.count("events.type.track.outcome.duplicate"), 1);
}

#[test]
fn it_is_forgotten_after_the_window() {
    let mut fixture = Fixture::new(config_with(&["a"], |config| {
        config.dedupe.window = Duration::from_secs(60)
    }));
    fixture.submit(vec![event("x", &[0])]);
    fixture.respond("x", 0, &status(200));
    fixture.pass(Duration::from_secs(60));
    fixture.submit(vec![event("x", &[0])]);
    assert_eq!(fixture.under_way(), [""; 0]);
    fixture.pass(Duration::from_secs(61));
    fixture.submit(vec![event("x", &[0])]);
    assert_eq!(fixture.under_way(), ["x>0"]);
}

#[test]
fn without_a_window_nothing_is_recognised_once_it_has_ended() {
    let mut fixture = Fixture::new(config_with(&["a"], |config| {
        config.dedupe.window = Duration::ZERO
    }));
    fixture.submit(vec![event("x", &[0])]);
    fixture.respond("x", 0, &status(200));
    fixture.submit(vec![event("x", &[0])]);
    assert_eq!(fixture.under_way(), ["x>0"]);
}

#[test]
fn an_event_without_a_lasting_id_is_never_taken_for_another() {
    let mut fixture = Fixture::new(config(&["a"]));
    let anonymous = || PreparedEvent {
        id: None,
        ..event("x", &[0])
    };
    fixture.submit(vec![anonymous()]);
    fixture.submit(vec![anonymous(), anonymous()]);
    assert_eq!(fixture.under_way(), ["x>0", "x>0", "x>0"]);
}

#[test]
fn a_request_that_brings_an_event_in_flight_waits_for_it() {
    let mut fixture = Fixture::new(config(&["a"]));
    let first = fixture.submit(vec![event("x", &[0])]);
    let again = fixture.submit(vec![event("x", &[0])]);
    assert_eq!(fixture.under_way(), ["x>0"]);
    fixture.respond("x", 0, &status(200));
    assert_eq!(
        fixture.take_verdicts(),
        [(first, accepted()), (again, accepted())]
    );
    assert_eq!(fixture.count("events.type.track.outcome.accepted"), 1);
    assert_eq!(fixture.count("events.type.track.outcome.duplicate"), 1);
}

#[test]
fn a_request_that_brings_an_accepted_event_in_flight_does_not_wait() {
    let mut fixture = Fixture::new(config(&["a", "b"]));
    fixture.submit(vec![event("x", &[0, 1])]);
    fixture.respond("x", 0, &status(200));
    fixture.take_verdicts();
    let again = fixture.submit(vec![event("x", &[0, 1])]);
    assert_eq!(fixture.take_verdicts(), [(again, accepted())]);
    assert_eq!(fixture.under_way(), ["x>1"]);
}

#[test]
fn a_request_that_brings_a_kept_event_starts_its_next_round() {
    let mut fixture = Fixture::new(config(&["a"]));
    fixture.submit(vec![event("x", &[0])]);
    fixture.respond("x", 0, &status(500));
    fixture.take_verdicts();
    let again = fixture.submit(vec![event("x", &[0])]);
    assert_eq!(fixture.under_way(), ["x>0"]);
    fixture.respond("x", 0, &status(200));
    assert_eq!(fixture.take_verdicts(), [(again, accepted())]);
    assert!(fixture.outbox.is_empty());
    fixture.pass(Duration::from_secs(60));
    assert_eq!(fixture.under_way(), [""; 0], "the kept one was this one");
}

#[test]
fn the_same_event_twice_in_one_request_is_delivered_once() {
    let mut fixture = Fixture::new(config(&["a"]));
    let request = fixture.submit(vec![event("x", &[0]), event("x", &[0])]);
    assert_eq!(fixture.under_way(), ["x>0"]);
    fixture.respond("x", 0, &status(200));
    assert_eq!(fixture.take_verdicts(), [(request, accepted())]);
    assert!(fixture.outbox.is_empty());
}

#[test]
fn a_batch_that_comes_again_causes_calls_only_for_what_is_missing() {
    let mut fixture = Fixture::new(config_with(&["a"], |config| {
        config.retry.window = Duration::ZERO
    }));
    let batch = || ["x", "y", "z"].map(|name| event(name, &[0])).to_vec();
    fixture.submit(batch());
    fixture.respond("x", 0, &status(200));
    fixture.respond("y", 0, &status(500));
    fixture.respond("z", 0, &status(200));
    fixture.take_verdicts();
    let again = fixture.submit(batch());
    assert_eq!(fixture.under_way(), ["y>0"]);
    fixture.respond("y", 0, &status(200));
    assert_eq!(fixture.take_verdicts(), [(again, accepted())]);
}

#[test]
fn an_event_that_is_sent_again_for_an_hour_is_delivered_once() {
    let mut fixture = Fixture::new(config_with(&["a"], |config| {
        config.dedupe.window = Duration::from_secs(60);
        config.retry.window = Duration::ZERO;
    }));
    let batch = || ["x", "y", "z"].map(|name| event(name, &[0])).to_vec();
    for _ in 0..120 {
        fixture.submit(batch());
        for call in std::mem::take(&mut fixture.calls) {
            let code = if call.payload == "y" { 503 } else { 200 };
            fixture.end(call.token, &status(code));
        }
        fixture.pass(Duration::from_secs(30));
    }
    assert_eq!(fixture.count("deliveries.webhook.a.outcome.delivered"), 2);
    assert_eq!(fixture.count("deliveries.webhook.a.outcome.rejected"), 120);
}
