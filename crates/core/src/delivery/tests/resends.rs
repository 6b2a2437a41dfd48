//! The same event sent again.

use std::time::Duration;

use super::bed::{event, status, Bed};
use crate::delivery::{Event, Verdict};
use crate::testing::{config, config_with};

#[test]
fn an_accepted_event_that_comes_again_is_accepted_without_a_call() {
    let mut bed = Bed::new(config(&["a"]));
    bed.submit(vec![event("x", &[0])]);
    bed.respond("x", 0, &status(200));
    bed.take_verdicts();
    let again = bed.submit(vec![event("x", &[0])]);
    assert_eq!(bed.take_verdicts(), [(again, Verdict::Accepted)]);
    assert_eq!(bed.under_way(), [""; 0]);
    assert_eq!(bed.count("events.type.track.outcome.duplicate"), 1);
}

#[test]
fn it_is_forgotten_after_the_window() {
    let mut bed = Bed::new(config_with(&["a"], |config| {
        config.dedupe.window = Duration::from_secs(60)
    }));
    bed.submit(vec![event("x", &[0])]);
    bed.respond("x", 0, &status(200));
    bed.pass(Duration::from_secs(60));
    bed.submit(vec![event("x", &[0])]);
    assert_eq!(bed.under_way(), [""; 0]);
    bed.pass(Duration::from_secs(1));
    bed.submit(vec![event("x", &[0])]);
    assert_eq!(bed.under_way(), ["x>0"]);
}

#[test]
fn without_a_window_nothing_is_recognised_once_it_has_ended() {
    let mut bed = Bed::new(config_with(&["a"], |config| {
        config.dedupe.window = Duration::ZERO
    }));
    bed.submit(vec![event("x", &[0])]);
    bed.respond("x", 0, &status(200));
    bed.submit(vec![event("x", &[0])]);
    assert_eq!(bed.under_way(), ["x>0"]);
}

#[test]
fn an_event_without_a_lasting_id_is_never_taken_for_another() {
    let mut bed = Bed::new(config(&["a"]));
    let anonymous = || Event {
        id: None,
        ..event("x", &[0])
    };
    bed.submit(vec![anonymous()]);
    bed.submit(vec![anonymous(), anonymous()]);
    assert_eq!(bed.under_way(), ["x>0", "x>0", "x>0"]);
}

#[test]
fn a_request_that_brings_an_event_in_flight_waits_for_it() {
    let mut bed = Bed::new(config(&["a"]));
    let first = bed.submit(vec![event("x", &[0])]);
    let again = bed.submit(vec![event("x", &[0])]);
    assert_eq!(bed.under_way(), ["x>0"]);
    bed.respond("x", 0, &status(200));
    assert_eq!(
        bed.take_verdicts(),
        [(first, Verdict::Accepted), (again, Verdict::Accepted)]
    );
    assert_eq!(bed.count("events.type.track.outcome.accepted"), 1);
    assert_eq!(bed.count("events.type.track.outcome.duplicate"), 1);
}

#[test]
fn a_request_that_brings_an_accepted_event_in_flight_does_not_wait() {
    let mut bed = Bed::new(config(&["a", "b"]));
    bed.submit(vec![event("x", &[0, 1])]);
    bed.respond("x", 0, &status(200));
    bed.take_verdicts();
    let again = bed.submit(vec![event("x", &[0, 1])]);
    assert_eq!(bed.take_verdicts(), [(again, Verdict::Accepted)]);
    assert_eq!(bed.under_way(), ["x>1"]);
}

#[test]
fn a_request_that_brings_a_kept_event_starts_its_next_round() {
    let mut bed = Bed::new(config(&["a"]));
    bed.submit(vec![event("x", &[0])]);
    bed.respond("x", 0, &status(500));
    bed.take_verdicts();
    let again = bed.submit(vec![event("x", &[0])]);
    assert_eq!(bed.under_way(), ["x>0"]);
    bed.respond("x", 0, &status(200));
    assert_eq!(bed.take_verdicts(), [(again, Verdict::Accepted)]);
    assert!(bed.outbox.is_empty());
    bed.pass(Duration::from_secs(60));
    assert_eq!(bed.under_way(), [""; 0], "the kept one was this one");
}

#[test]
fn the_same_event_twice_in_one_request_is_delivered_once() {
    let mut bed = Bed::new(config(&["a"]));
    let request = bed.submit(vec![event("x", &[0]), event("x", &[0])]);
    assert_eq!(bed.under_way(), ["x>0"]);
    bed.respond("x", 0, &status(200));
    assert_eq!(bed.take_verdicts(), [(request, Verdict::Accepted)]);
    assert!(bed.outbox.is_empty());
}

#[test]
fn a_batch_that_comes_again_causes_calls_only_for_what_is_missing() {
    let mut bed = Bed::new(config_with(&["a"], |config| {
        config.retry.window = Duration::ZERO
    }));
    let batch = || ["x", "y", "z"].map(|name| event(name, &[0])).to_vec();
    bed.submit(batch());
    bed.respond("x", 0, &status(200));
    bed.respond("y", 0, &status(500));
    bed.respond("z", 0, &status(200));
    bed.take_verdicts();
    let again = bed.submit(batch());
    assert_eq!(bed.under_way(), ["y>0"]);
    bed.respond("y", 0, &status(200));
    assert_eq!(bed.take_verdicts(), [(again, Verdict::Accepted)]);
}
