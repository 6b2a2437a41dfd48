//! Several events in one call.

use std::time::Duration;

use super::fixture::{accepted, event, status, Fixture};
use crate::config::{Batch, BatchFormat, Config, Guarantee};
use crate::delivery::outcome::{CallResponse, NotSent};
use crate::delivery::{PreparedEvent, Verdict};
use crate::testing::config_with;

pub(super) const ARRAY: Batch = Batch {
    format: BatchFormat::JsonArray,
    max_events: 8,
    max_bytes: 1 << 20,
    max_wait: Duration::ZERO,
};

/// Webhooks by name, of which the first takes batches.
pub(super) fn fixture(names: &[&str], batch: Batch, change: impl FnOnce(&mut Config)) -> Fixture {
    Fixture::new(config_with(names, |config| {
        config.webhooks[0].batch = Some(batch);
        change(config);
    }))
}

pub(super) fn one_webhook(batch: Batch) -> Fixture {
    fixture(&["a"], batch, |_| {})
}

/// `e0`, `e1`, ... for these webhooks.
pub(super) fn events(numbers: std::ops::Range<usize>, webhooks: &[usize]) -> Vec<PreparedEvent> {
    numbers.map(|n| event(&format!("e{n}"), webhooks)).collect()
}

/// The call of an array with these events to this webhook, as the fixture shows it.
fn array(numbers: std::ops::Range<usize>, webhook: usize) -> String {
    let names: Vec<_> = numbers.map(|n| format!("e{n}")).collect();
    format!("[{}]>{webhook}", names.join(","))
}

#[test]
fn the_events_of_a_request_go_in_one_call_and_each_to_the_others() {
    let mut fixture = fixture(&["a", "b"], ARRAY, |_| {});
    let request = fixture.submit(events(0..3, &[0, 1]));
    let mut under_way = fixture.under_way();
    under_way.sort();
    assert_eq!(under_way, ["[e0,e1,e2]>0", "e0>1", "e1>1", "e2>1"]);
    fixture.respond("[e0,e1,e2]", 0, &status(200));
    assert_eq!(fixture.take_verdicts(), [(request, accepted())]);
    fixture.respond_all(200);
    fixture.outbox.assert_idle();
    for (name, count) in [
        ("attempts.webhook.a.outcome.delivered.status_class.2xx", 1),
        ("deliveries.webhook.a.outcome.delivered", 3),
        ("deliveries.webhook.b.outcome.delivered", 3),
        ("events.type.track.outcome.accepted", 3),
    ] {
        assert_eq!(fixture.count(name), count, "{name}");
    }
}

#[test]
fn a_single_event_has_the_form_of_a_batch_and_goes_at_once() {
    let mut fixture = one_webhook(ARRAY);
    fixture.submit(vec![event("x", &[0])]);
    assert_eq!(fixture.under_way(), ["[x]>0"]);
}

#[test]
fn events_that_come_in_while_a_call_is_under_way_share_the_next_one() {
    let mut fixture = one_webhook(ARRAY);
    for n in 0..5 {
        fixture.submit(events(n..n + 1, &[0]));
    }
    assert_eq!(fixture.under_way(), [array(0..1, 0)]);
    fixture.respond_all(200);
    assert_eq!(fixture.under_way(), [array(1..5, 0)]);
    fixture.respond_all(200);
    fixture.outbox.assert_idle();
}

#[test]
fn a_slow_webhook_gets_a_call_every_few_milliseconds() {
    let mut fixture = one_webhook(ARRAY);
    for n in 0..20 {
        fixture.submit(events(n..n + 1, &[0]));
        fixture.pass(Duration::from_millis(1));
    }
    // The first one at once, then those of 5 ms each.
    let expected = [(0, 1), (1, 5), (5, 10), (10, 15), (15, 20)];
    let expected = expected.map(|(first, end)| array(first..end, 0));
    assert_eq!(fixture.under_way(), expected);
}

#[test]
fn a_full_batch_waits_for_nothing() {
    let mut fixture = one_webhook(ARRAY);
    fixture.submit(events(0..20, &[0]));
    assert_eq!(fixture.under_way(), [array(0..8, 0), array(8..16, 0)]);
    // A call that is not full follows 5 ms later, or when the webhook has answered.
    fixture.pass(Duration::from_millis(4));
    assert_eq!(fixture.calls.len(), 2);
    fixture.pass(Duration::from_millis(1));
    assert_eq!(fixture.under_way()[2], array(16..20, 0));
}

#[test]
fn a_body_stays_within_its_bytes_and_a_larger_event_goes_alone() {
    // `[e0,e1,e2]` is 10 bytes.
    let mut fixture = one_webhook(Batch {
        max_bytes: 10,
        ..ARRAY
    });
    let large = "larger-than-that";
    let mut all = events(0..4, &[0]);
    all.insert(2, event(large, &[0]));
    fixture.submit(all);
    fixture.pass(Duration::from_millis(20));
    let large = format!("[{large}]>0");
    assert_eq!(fixture.under_way(), ["[e0,e1]>0", &large, "[e2,e3]>0"]);
    fixture.respond_all(200);
    fixture.submit(events(4..7, &[0]));
    assert_eq!(fixture.under_way(), ["[e4,e5,e6]>0"]);
}

#[test]
fn an_event_waits_for_others_as_long_as_it_may() {
    let max_wait = Duration::from_millis(50);
    let mut fixture = one_webhook(Batch { max_wait, ..ARRAY });
    fixture.submit(events(0..1, &[0]));
    fixture.pass(Duration::from_millis(30));
    fixture.submit(events(1..2, &[0]));
    fixture.pass(Duration::from_millis(19));
    assert_eq!(fixture.under_way(), [""; 0]);
    fixture.pass(Duration::from_millis(1));
    assert_eq!(fixture.under_way(), ["[e0,e1]>0"]);
    fixture.respond_all(200);
    // A full one does not wait.
    fixture.submit(events(2..10, &[0]));
    assert_eq!(fixture.under_way(), [array(2..10, 0)]);
}

#[test]
fn a_failure_fails_all_and_they_are_tried_again_together() {
    for outcome in [status(503), status(401), CallResponse::default()] {
        let mut fixture = one_webhook(ARRAY);
        let request = fixture.submit(events(0..8, &[0]));
        let call = fixture.calls.remove(0);
        fixture.end(call.token, &outcome);
        let verdicts = fixture.take_verdicts();
        assert!(
            matches!(verdicts[..], [(of, Verdict::Retry { held: true, failed: 8, .. })] if of == request),
            "{verdicts:?}"
        );
        assert_eq!(fixture.outbox.held_events(), 8);
        fixture.pass(Duration::from_secs(2));
        let again = fixture.under_way();
        assert_eq!(again.len(), 1, "{again:?}");
        for n in 0..8 {
            assert!(again[0].contains(&format!("e{n}")), "{again:?}");
        }
        fixture.respond_all(200);
        fixture.outbox.assert_idle();
        assert_eq!(fixture.count("held.outcome.delivered"), 8);
    }
}

#[test]
fn a_call_that_fails_is_one_failure_of_its_webhook() {
    let mut fixture = one_webhook(ARRAY);
    // Five failures open the breaker; with it open a webhook has no queue.
    for n in 0..4 {
        fixture.submit(events(8 * n..8 * n + 8, &[0]));
        fixture.respond_all(503);
    }
    assert_eq!(fixture.outbox.held_events(), 32);
    fixture.pass(Duration::from_secs(2));
    assert!(fixture.calls.len() > 1, "{:?}", fixture.under_way());
}

#[test]
fn a_pause_that_is_asked_for_holds_for_all() {
    let mut fixture = one_webhook(ARRAY);
    fixture.submit(events(0..3, &[0]));
    let asks = CallResponse {
        retry_after: Some(b"30".to_vec()),
        ..status(429)
    };
    fixture.respond("[e0,e1,e2]", 0, &asks);
    fixture.pass(Duration::from_millis(29_999));
    assert_eq!(fixture.under_way(), [""; 0]);
    fixture.pass(Duration::from_secs(7));
    assert_eq!(fixture.calls.len(), 1);
}

#[test]
fn a_host_that_makes_no_call_fails_all() {
    let mut fixture = one_webhook(ARRAY);
    fixture.refusing.insert(0, NotSent::NoCapacity);
    fixture.submit(events(0..4, &[0]));
    assert_eq!(fixture.outbox.held_events(), 4);
    assert_eq!(
        fixture.count("attempts.webhook.a.outcome.not_sent.status_class.none"),
        1
    );
}

#[test]
fn the_promise_to_each_webhook_holds_in_batches() {
    let mut fixture = fixture(&["a", "b"], ARRAY, |config| {
        config.webhooks[0].guarantee = Guarantee::Each;
    });
    let request = fixture.submit(events(0..3, &[0, 1]));
    for n in 0..3 {
        fixture.respond(&format!("e{n}"), 1, &status(200));
    }
    assert_eq!(fixture.take_verdicts(), [(request, accepted())]);
    fixture.respond("[e0,e1,e2]", 0, &status(503));
    assert_eq!(fixture.outbox.held_events(), 3);
    fixture.pass(Duration::from_secs(2));
    assert_eq!(fixture.calls.len(), 1);
    fixture.respond_all(200);
    fixture.outbox.assert_idle();
}

#[test]
fn a_dead_letter_goes_alone() {
    let mut fixture = fixture(&["dead", "b"], ARRAY, |config| {
        config.dead_letter = Some(0);
        config.retry.max_refusals = 1;
    });
    let mut all = events(0..3, &[1]);
    for event in &mut all {
        event.may_be_dead_letter = true;
    }
    fixture.submit(all);
    for n in 0..3 {
        fixture.respond(&format!("e{n}"), 1, &status(422));
    }
    let told: Vec<_> = fixture
        .calls
        .iter()
        .map(|call| call.dead_letter.clone())
        .collect();
    let told_of_b = Some(("refused".to_owned(), "b".to_owned()));
    assert_eq!(fixture.under_way(), ["[e0]>0", "[e1]>0", "[e2]>0"]);
    assert_eq!(told, [told_of_b.clone(), told_of_b.clone(), told_of_b]);
}

#[test]
fn no_event_waits_beyond_its_round() {
    let mut fixture = fixture(&["a"], ARRAY, |config| {
        config.limits.max_in_flight_per_webhook = 1;
        config.retry.window = Duration::ZERO;
    });
    fixture.submit(events(0..1, &[0]));
    let request = fixture.submit(events(1..4, &[0]));
    for _ in 0..3 {
        fixture.pass(Duration::from_secs(10));
    }
    let verdicts = fixture.take_verdicts();
    assert!(
        matches!(verdicts[..], [.., (of, Verdict::Retry { failed: 3, .. })] if of == request),
        "{verdicts:?}"
    );
}
