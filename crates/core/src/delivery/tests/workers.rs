//! The same event on two workers of one process.

use std::rc::Rc;
use std::time::Duration;

use super::fixture::{accepted, event, retry, status, Fixture};
use crate::delivery::dedupe::{EventId, Heartbeat, Owner, Shared as _, TOLD_WITHIN};
use crate::delivery::outcome::CallResponse;
use crate::delivery::{call_cost, PreparedEvent};
use crate::testing::{config, config_with};

fn two() -> (Fixture, Fixture) {
    let shared = Rc::default();
    let one = Fixture::sharing(config(&["a"]), Rc::clone(&shared), 1);
    (one, Fixture::sharing(config(&["a"]), shared, 2))
}

#[test]
fn an_event_that_one_has_delivered_is_not_sent_by_the_other() {
    let (mut one, mut two) = two();
    one.submit(vec![event("x", &[0])]);
    one.respond("x", 0, &status(200));
    let again = two.submit(vec![event("x", &[0])]);
    assert_eq!(two.take_verdicts(), [(again, accepted())]);
    assert_eq!(two.under_way(), [""; 0]);
}

#[test]
fn an_event_that_one_is_delivering_is_waited_for_by_the_other() {
    let (mut one, mut two) = two();
    one.submit(vec![event("x", &[0])]);
    let again = two.submit(vec![event("x", &[0])]);
    two.pass(Duration::from_millis(500));
    assert_eq!((two.take_verdicts(), two.under_way()), (vec![], vec![]));
    one.respond("x", 0, &status(200));
    two.pass(Duration::from_millis(50));
    assert_eq!(two.take_verdicts(), [(again, accepted())]);
    assert!(two.outbox.is_empty());
}

#[test]
fn an_event_that_one_has_failed_to_deliver_is_tried_by_the_other() {
    let (mut one, mut two) = two();
    one.submit(vec![event("x", &[0])]);
    let again = two.submit(vec![event("x", &[0])]);
    one.respond("x", 0, &CallResponse::default());
    two.pass(Duration::from_millis(50));
    assert_eq!(two.under_way(), ["x>0"]);
    two.respond("x", 0, &status(200));
    assert_eq!(two.take_verdicts(), [(again, accepted())]);
    one.pass(Duration::from_secs(2));
    assert_eq!(
        one.under_way(),
        [""; 0],
        "the one that kept it has been relieved of it"
    );
    assert_eq!(one.count("held.outcome.handed_over"), 1);
    assert!(one.outbox.is_empty());
}

#[test]
fn a_kept_event_that_comes_again_is_taken_over_by_the_other() {
    let (mut one, mut two) = two();
    one.submit(vec![event("x", &[0])]);
    one.respond("x", 0, &status(500));
    two.submit(vec![event("x", &[0])]);
    assert_eq!(two.under_way(), ["x>0"]);
    two.respond("x", 0, &status(200));
    one.pass(Duration::from_secs(2));
    assert_eq!(one.under_way(), [""; 0]);
    assert!(one.outbox.is_empty());
}

#[test]
fn the_other_knows_in_a_moment_that_an_event_is_delivered_whatever_else_is_in_flight() {
    let (mut one, mut two) = two();
    one.submit(vec![event("hangs", &[0]), event("x", &[0])]);
    one.pass(Duration::from_millis(40));
    one.submit(vec![event("y", &[0])]);
    one.respond("x", 0, &status(200));
    one.respond("y", 0, &status(200));
    two.now = one.now;
    let again = two.submit(vec![event("x", &[0]), event("y", &[0])]);
    one.pass(TOLD_WITHIN);
    two.pass(TOLD_WITHIN + Duration::from_millis(50));
    assert_eq!(two.take_verdicts(), [(again, accepted())]);
    assert_eq!(two.under_way(), [""; 0]);
    let hangs = two.submit(vec![event("hangs", &[0])]);
    one.pass(Duration::from_secs(1));
    two.pass(Duration::from_secs(1));
    assert_eq!(two.under_way(), [""; 0], "the other one is delivering it");
    one.respond("hangs", 0, &status(200));
    two.pass(Duration::from_millis(50));
    assert_eq!(two.take_verdicts(), [(hangs, accepted())]);
}

#[test]
fn events_of_a_worker_that_ended_are_known_for_the_whole_window() {
    let (mut one, mut two) = two();
    one.submit(vec![event("x", &[0])]);
    one.pass(Duration::from_millis(1));
    one.respond("x", 0, &status(200));
    drop(one);
    two.pass(Duration::from_secs(600));
    let again = two.submit(vec![event("x", &[0])]);
    assert_eq!(two.take_verdicts(), [(again, accepted())]);
    assert_eq!(two.under_way(), [""; 0]);
}

#[test]
fn a_claim_does_not_outlive_its_worker() {
    let (mut one, mut two) = two();
    one.submit(vec![event("x", &[0])]);
    drop(one);
    let again = two.submit(vec![event("x", &[0])]);
    two.pass(Duration::from_millis(2_900));
    assert_eq!(two.under_way(), [""; 0]);
    two.pass(Duration::from_millis(200));
    assert_eq!(two.under_way(), ["x>0"]);
    two.respond("x", 0, &status(200));
    assert_eq!(two.take_verdicts(), [(again, accepted())]);
}

#[test]
fn a_claim_lives_as_long_as_its_worker() {
    let (mut one, mut two) = two();
    one.submit(vec![event("x", &[0])]);
    two.submit(vec![event("x", &[0])]);
    for _ in 0..16 {
        one.pass(Duration::from_millis(250));
        two.pass(Duration::from_millis(250));
    }
    assert_eq!(two.under_way(), [""; 0]);
}

#[test]
fn a_wait_for_another_worker_is_not_drawn_out_by_the_next_one() {
    let (mut one, mut two) = two();
    one.submit(vec![event("x", &[0])]);
    let again = two.submit(vec![event("x", &[0])]);
    one.respond("x", 0, &status(200));
    for n in 0..10 {
        one.submit(vec![event(&format!("e{n}"), &[0])]);
        two.submit(vec![event(&format!("e{n}"), &[0])]);
        one.pass(Duration::from_millis(20));
        two.pass(Duration::from_millis(20));
    }
    assert_eq!(two.take_verdicts(), [(again, accepted())]);
}

#[test]
fn an_event_that_was_waited_for_in_vain_is_counted_as_failed() {
    let (mut one, mut two) = two();
    one.submit(vec![event("x", &[0])]);
    let again = two.submit(vec![event("x", &[0])]);
    for _ in 0..26 {
        // It lives and does not get to the end of it.
        let heartbeat = Heartbeat {
            at: two.now,
            decided_before: 0,
        };
        one.shared.borrow_mut().beat(Owner(1), heartbeat);
        two.pass(Duration::from_secs(1));
    }
    assert_eq!(two.take_verdicts(), [(again, retry(1, false))]);
    assert_eq!(two.count("events.type.track.outcome.failed"), 1);
    assert!(two.outbox.is_empty());
}

#[test]
fn a_kept_event_is_not_lost_with_the_other_that_took_it_over() {
    let (mut one, mut two) = two();
    one.submit(vec![event("x", &[0])]);
    one.respond("x", 0, &status(500));
    one.pass(Duration::from_millis(700));
    two.now = one.now;
    two.submit(vec![event("x", &[0])]);
    assert_eq!(two.under_way(), ["x>0"]);
    drop(two);
    one.pass(Duration::from_secs(1));
    assert_eq!(one.under_way(), [""; 0], "the other one is delivering it");
    one.pass(Duration::from_secs(6));
    assert_eq!(one.under_way(), ["x>0"]);
    assert_eq!(one.count("held.outcome.handed_over"), 0);
}

#[test]
fn an_event_that_the_other_has_delivered_does_not_cost_a_probe() {
    let (mut one, mut two) = two();
    for n in 0..8 {
        one.submit(vec![event(&format!("e{n}"), &[0])]);
        one.respond(&format!("e{n}"), 0, &status(503));
    }
    for n in 0..7 {
        two.submit(vec![event(&format!("e{n}"), &[0])]);
        two.respond(&format!("e{n}"), 0, &status(200));
    }
    one.pass(Duration::from_secs(3));
    assert_eq!(one.under_way(), ["e7>0"]);
    assert_eq!(one.outbox.held_events(), 1);
}

#[test]
fn a_table_half_full_forgets_next_to_nothing() {
    let shared = Rc::default();
    let config = || config_with(&["a"], |config| config.dedupe.slots = 4_096);
    let mut one = Fixture::sharing(config(), Rc::clone(&shared), 1);
    let mut two = Fixture::sharing(config(), shared, 2);
    let mut random = fastrand::Rng::with_seed(1);
    let events: Vec<_> = (0..2_048)
        .map(|n| PreparedEvent {
            id: Some(EventId::new(random.u64(..), random.u64(..))),
            ..event(&n.to_string(), &[0])
        })
        .collect();
    for event in &events {
        one.submit(vec![event.clone()]);
        let call = one.calls.pop().unwrap();
        one.end(call.token, &status(200));
        // Only so many calls are made at one time, and all of these have the same age.
        one.outbox.call_quota = call_cost::quota();
    }
    one.pass(TOLD_WITHIN);
    for event in &events {
        two.submit(vec![event.clone()]);
    }
    let recognised = two.count("events.type.track.outcome.duplicate");
    assert!(recognised > 2_000, "{recognised}");
}

#[test]
fn of_those_that_wait_for_a_worker_that_died_one_takes_over() {
    let (mut one, mut two) = two();
    let mut three = Fixture::sharing(config(&["a"]), Rc::clone(&two.shared), 3);
    one.submit(vec![event("x", &[0])]);
    drop(one);
    two.submit(vec![event("x", &[0])]);
    three.submit(vec![event("x", &[0])]);
    for waiting in [&mut two, &mut three] {
        waiting.pass(Duration::from_millis(2_990));
    }
    for waiting in [&mut two, &mut three] {
        waiting.now += 100;
        waiting.tick();
    }
    assert_eq!(two.under_way(), ["x>0"]);
    assert_eq!(three.under_way(), [""; 0]);
}

#[test]
fn a_worker_of_a_newer_configuration_in_its_place_does_not_pass_for_it() {
    let shared = Rc::default();
    let mut one = Fixture::sharing(config(&["a"]), Rc::clone(&shared), 1);
    let mut other = Fixture::sharing(config(&["a"]), Rc::clone(&shared), 1 + (1 << 14));
    let mut two = Fixture::sharing(config(&["a"]), shared, 2);
    one.submit(vec![event("x", &[0])]);
    // Its heartbeat says that it has come further than the first one has.
    other.pass(Duration::from_millis(500));
    other.submit(vec![event("y", &[0])]);
    let call = other.calls.pop().unwrap();
    other.end(call.token, &status(200));
    other.pass(TOLD_WITHIN);
    two.submit(vec![event("x", &[0])]);
    assert_eq!(two.count("events.type.track.outcome.duplicate"), 0);
    assert_eq!(two.calls.len(), 1);
}
