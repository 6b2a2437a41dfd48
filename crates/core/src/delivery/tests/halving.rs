//! Calls with several events that are refused, and halved.

use std::time::Duration;

use super::bundles::{events, fixture, one_webhook, ARRAY};
use super::fixture::{accepted, event, status, Fixture, Made};
use crate::delivery::Verdict;

/// The events of a call.
fn names(call: &Made) -> impl Iterator<Item = &str> {
    call.payload.trim_matches(['[', ']']).split(',')
}

/// Answers each call at once: 422 to those that carry `poison`, 200 to the others. Says how many
/// calls there were.
fn judge(fixture: &mut Fixture, poison: &[&str]) -> usize {
    let mut calls = 0;
    loop {
        fixture.pass(Duration::from_millis(5));
        let Some(call) = fixture.calls.pop() else {
            return calls;
        };
        calls += 1;
        let is_refused = names(&call).any(|name| poison.contains(&name));
        fixture.end(call.token, &status(if is_refused { 422 } else { 200 }));
    }
}

#[test]
fn a_refused_batch_is_halved_until_the_poison_stands_alone() {
    for poison in ["e0", "e3", "e6", "e7"] {
        let mut fixture = one_webhook(ARRAY);
        let request = fixture.submit(events(0..8, &[0]));
        // Refused: 8, 4, 2 and 1; accepted: 4, 2 and 1.
        assert_eq!(judge(&mut fixture, &[poison]), 7, "{poison}");
        let verdicts = fixture.take_verdicts();
        assert!(
            matches!(verdicts[..], [(of, Verdict::Retry { held: true, failed: 1, .. })] if of == request),
            "{verdicts:?}"
        );
        assert_eq!(fixture.count("deliveries.webhook.a.outcome.delivered"), 7);
        assert_eq!(fixture.outbox.held_events(), 1);
        // From then on it goes alone, and the next round but one is its last.
        fixture.pass(Duration::from_secs(2));
        fixture.submit(events(8..11, &[0]));
        let mut under_way = fixture.under_way();
        under_way.sort();
        assert_eq!(under_way[0], format!("[{poison}]>0"));
        judge(&mut fixture, &[poison]);
        fixture.pass(Duration::from_secs(5));
        judge(&mut fixture, &[poison]);
        fixture.outbox.assert_idle();
        assert_eq!(fixture.count("deliveries.webhook.a.outcome.delivered"), 10);
        assert_eq!(fixture.count("deliveries.webhook.a.outcome.rejected"), 1);
        assert_eq!(fixture.count("held.outcome.refused"), 1);
    }
}

#[test]
fn a_webhook_that_refuses_everything_is_asked_at_most_twice_for_each_event() {
    let mut fixture = fixture(&["a"], ARRAY, |config| config.retry.max_refusals = 1);
    let names: Vec<_> = (0..8).map(|n| format!("e{n}")).collect();
    let all: Vec<_> = names.iter().map(String::as_str).collect();
    fixture.submit(events(0..8, &[0]));
    assert_eq!(judge(&mut fixture, &all), 15);
    assert_eq!(fixture.count("held.outcome.refused"), 8);
    fixture.outbox.assert_idle();
}

#[test]
fn newcomers_do_not_join_what_is_suspected() {
    let mut fixture = one_webhook(ARRAY);
    fixture.submit(events(0..3, &[0]));
    fixture.submit(events(3..5, &[0]));
    fixture.respond("[e0,e1,e2]", 0, &status(422));
    assert_eq!(fixture.under_way(), ["[e0,e1]>0", "[e2]>0"]);
    fixture.respond_all(200);
    assert_eq!(fixture.under_way(), ["[e3,e4]>0"]);
}

#[test]
fn a_half_that_is_accepted_elsewhere_may_be_dropped_for_room() {
    let mut fixture = fixture(&["a", "b"], ARRAY, |config| {
        config.limits.max_in_flight_per_webhook = 1;
        config.limits.max_in_flight_bytes = 1_700;
    });
    fixture.submit(events(0..4, &[0, 1]));
    for n in 0..4 {
        fixture.respond(&format!("e{n}"), 1, &status(200));
    }
    fixture.respond("[e0,e1,e2,e3]", 0, &status(422));
    assert_eq!(fixture.under_way(), ["[e0,e1]>0"]);
    // The other half gives its room to a new event.
    let request = fixture.submit(vec![event("new", &[1])]);
    fixture.respond("new", 1, &status(200));
    assert_eq!(fixture.take_verdicts().pop(), Some((request, accepted())));
    fixture.respond("[e0,e1]", 0, &status(200));
    fixture.pass(Duration::from_secs(30));
    fixture.respond_all(200);
    fixture.outbox.assert_idle();
}

/// Many receivers answer 500 to an event that they cannot read.
#[test]
fn an_event_by_which_each_call_fails_does_not_take_others_with_it() {
    let mut fixture = one_webhook(ARRAY);
    fixture.submit(events(0..8, &[0]));
    for second in 0..1_000 {
        fixture.pass(Duration::from_millis(5));
        for call in std::mem::take(&mut fixture.calls) {
            let fails = names(&call).any(|name| name == "e3");
            fixture.end(call.token, &status(if fails { 500 } else { 200 }));
        }
        // The webhook works, so that its breaker stays closed.
        fixture.submit(vec![event(&format!("n{second}"), &[0])]);
        fixture.pass(Duration::from_secs(1));
    }
    assert_eq!(fixture.count("held.outcome.delivered"), 7);
    assert_eq!(fixture.count("held.outcome.expired"), 1);
    assert_eq!(fixture.outbox.held_events(), 0);
}
