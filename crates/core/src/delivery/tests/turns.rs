//! The work of one turn of the host's loop when much is due at once.

use std::rc::Rc;
use std::time::Duration;

use super::fixture::{event, status, Fixture};
use crate::delivery::dedupe::TOLD_WITHIN;
use crate::delivery::outcome::CallResponse;
use crate::testing::{config, config_with};

/// More than any turn may do.
const EVENTS: usize = 3_000;
/// Calls that a webhook begins with. It may have twice as many.
const CALLS: usize = 128;
/// The most that one turn may do.
const MOST: usize = 512;

fn events(count: usize) -> Vec<crate::delivery::PreparedEvent> {
    (0..count).map(|n| event(&format!("e{n}"), &[0])).collect()
}

/// One call at a time.
fn narrow() -> Fixture {
    Fixture::new(config_with(&["a"], |config| {
        config.limits.max_in_flight_per_webhook = 1;
    }))
}

/// Ticks as the outbox asks for it until `done` gives this; how much `done` grew in each turn.
fn in_turns(fixture: &mut Fixture, all: usize, done: impl Fn(&Fixture) -> usize) -> Vec<usize> {
    let (mut turns, mut before) = (Vec::new(), done(fixture));
    while before < all {
        let at = fixture.outbox.poll_timeout().unwrap();
        fixture.now = fixture.now.max(at);
        fixture.tick();
        let after = done(fixture);
        turns.push(after - before);
        before = after;
        assert!(turns.len() < 100, "{turns:?}");
        fixture.now += 1;
    }
    turns
}

#[test]
fn events_behind_a_webhook_that_keeps_failing_are_given_back_over_several() {
    let mut fixture = Fixture::new(config(&["a"]));
    fixture.submit(events(EVENTS));
    fixture.pass(Duration::from_secs(5));
    // All end in one turn, and no tick comes between them.
    for call in std::mem::take(&mut fixture.calls) {
        fixture.end(call.token, &CallResponse::default());
    }
    let given_back = fixture.outbox.held_events() - CALLS;
    assert!((1..=MOST).contains(&given_back), "{given_back}");
    // Some have a call of their own, in which the webhook may show that it is back.
    let turns = in_turns(&mut fixture, EVENTS - 2 * CALLS, |fixture| {
        fixture.outbox.held_events()
    });
    assert!(turns.iter().all(|turn| *turn <= MOST), "{turns:?}");
}

#[test]
fn rounds_that_end_together_end_over_several() {
    let mut fixture = narrow();
    fixture.submit(events(EVENTS));
    fixture.now += 19_999;
    let turns = in_turns(&mut fixture, EVENTS - 1, |fixture| {
        fixture.outbox.held_events()
    });
    assert!(turns.iter().all(|turn| *turn <= MOST), "{turns:?}");
}

/// As after a machine stood still.
#[test]
fn deliveries_without_time_when_calls_end_are_given_back_over_several() {
    let mut fixture = Fixture::new(config(&["a"]));
    fixture.submit(events(EVENTS));
    fixture.now += 21_000;
    for call in std::mem::take(&mut fixture.calls) {
        fixture.end(call.token, &status(200));
    }
    // Each call that ends finds one more.
    let given_back = fixture.outbox.held_events();
    assert!((1..MOST + CALLS).contains(&given_back), "{given_back}");
    let turns = in_turns(&mut fixture, EVENTS - CALLS, |fixture| {
        fixture.outbox.held_events()
    });
    assert!(turns.iter().all(|turn| *turn <= MOST + 1), "{turns:?}");
}

#[test]
fn kept_events_that_are_due_at_once_are_looked_at_over_several() {
    let mut fixture = narrow();
    fixture.submit(events(EVENTS));
    // The webhook keeps failing, so that none of them can have its turn.
    while fixture.outbox.held_events() < EVENTS {
        fixture.pass(Duration::from_millis(1));
        fixture.respond_all(503);
    }
    fixture.now += 120_000;
    for _ in 0..EVENTS / MOST {
        let before = fixture.outbox.looks();
        fixture.tick();
        let looks = fixture.outbox.looks() - before;
        assert!(looks < 10 * MOST, "{looks}");
    }
}

#[test]
fn a_webhook_that_answers_now_and_then_does_not_have_all_that_is_kept_looked_at_each_time() {
    let mut fixture = Fixture::new(config(&["a"]));
    fixture.submit(events(EVENTS));
    while fixture.outbox.held_events() < EVENTS {
        fixture.pass(Duration::from_millis(1));
        fixture.respond_all(503);
    }
    let before = fixture.outbox.looks();
    let mut name = 0;
    for _ in 0..50 {
        for code in [503, 503, 503, 503, 503, 200] {
            name += 1;
            let name = format!("new{name}");
            fixture.submit(vec![event(&name, &[0])]);
            fixture.pass(Duration::from_millis(1));
            fixture.respond(&name, 0, &status(code));
            fixture.respond_all(503);
        }
    }
    let looks = fixture.outbox.looks() - before;
    assert!(looks < 10 * EVENTS, "{looks}");
    // They follow all the same.
    let mut minutes = 0;
    while fixture.outbox.held_events() > 0 && minutes < 60 {
        fixture.pass(Duration::from_secs(1));
        fixture.respond_all(200);
        minutes += 1;
    }
    assert_eq!(fixture.outbox.held_events(), 0);
}

#[test]
fn events_that_another_worker_delivers_are_asked_for_a_thousand_at_a_time() {
    let shared = Rc::default();
    let mut one = Fixture::sharing(config(&["a"]), Rc::clone(&shared), 1);
    let mut two = Fixture::sharing(config(&["a"]), shared, 2);
    one.submit(events(EVENTS));
    two.submit(events(EVENTS));
    for _ in 0..10 {
        let before = two.shared.borrow().accesses().0;
        two.pass(Duration::from_millis(50));
        let asked = two.shared.borrow().accesses().0 - before;
        // Some are in their second bucket.
        assert!((1..=2_200).contains(&asked), "{asked}");
    }
    one.pass(Duration::from_millis(500));
    while !one.calls.is_empty() {
        one.respond_all(200);
        one.pass(Duration::from_millis(10));
    }
    one.pass(TOLD_WITHIN);
    let all = one.count("events.type.track.outcome.accepted");
    two.now = one.now;
    two.pass(Duration::from_millis(300));
    let known = two.count("events.type.track.outcome.duplicate");
    assert_eq!((all, known), (3_000, 3_000));
    assert_eq!(two.take_verdicts().len(), 1);
}
