//! The same event on two workers of one process.

use std::rc::Rc;
use std::time::Duration;

use super::bed::{event, status, Bed};
use crate::delivery::outcome::CallResponse;
use crate::delivery::Verdict;
use crate::testing::config;

fn two() -> (Bed, Bed) {
    let shared = Rc::default();
    let one = Bed::sharing(config(&["a"]), Rc::clone(&shared), 1);
    (one, Bed::sharing(config(&["a"]), shared, 2))
}

#[test]
fn what_one_has_delivered_the_other_does_not_send() {
    let (mut one, mut two) = two();
    one.submit(vec![event("x", &[0])]);
    one.respond("x", 0, &status(200));
    let again = two.submit(vec![event("x", &[0])]);
    assert_eq!(two.take_verdicts(), [(again, Verdict::Accepted)]);
    assert_eq!(two.under_way(), [""; 0]);
}

#[test]
fn what_one_is_delivering_the_other_waits_for() {
    let (mut one, mut two) = two();
    one.submit(vec![event("x", &[0])]);
    let again = two.submit(vec![event("x", &[0])]);
    two.pass(Duration::from_millis(500));
    assert_eq!((two.take_verdicts(), two.under_way()), (vec![], vec![]));
    one.respond("x", 0, &status(200));
    two.pass(Duration::from_millis(50));
    assert_eq!(two.take_verdicts(), [(again, Verdict::Accepted)]);
    assert!(two.outbox.is_empty());
}

#[test]
fn what_one_has_failed_to_deliver_the_other_tries() {
    let (mut one, mut two) = two();
    one.submit(vec![event("x", &[0])]);
    let again = two.submit(vec![event("x", &[0])]);
    one.respond("x", 0, &CallResponse::default());
    two.pass(Duration::from_millis(50));
    assert_eq!(two.under_way(), ["x>0"]);
    two.respond("x", 0, &status(200));
    assert_eq!(two.take_verdicts(), [(again, Verdict::Accepted)]);
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
fn what_one_keeps_the_other_takes_over_when_it_comes_again() {
    let (mut one, mut two) = two();
    one.submit(vec![event("x", &[0])]);
    one.respond("x", 0, &status(500));
    two.submit(vec![event("x", &[0])]);
    assert_eq!(two.under_way(), ["x>0"]);
    one.pass(Duration::from_secs(2));
    assert_eq!(one.under_way(), [""; 0]);
    assert!(one.outbox.is_empty());
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
    assert_eq!(two.take_verdicts(), [(again, Verdict::Accepted)]);
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
