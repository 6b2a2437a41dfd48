//! Events that every webhook failed: "the event will be retried later" (seed, "Considerations").

use std::time::Duration;

use super::fixture::{event, status, Fixture};
use crate::delivery::outcome::CallResponse;
use crate::delivery::Verdict;
use crate::testing::{config, config_with};

/// An event that both webhooks fail.
pub(super) fn failed_everywhere(fixture: &mut Fixture) -> u32 {
    let request = fixture.submit(vec![event("x", &[0, 1])]);
    fixture.respond("x", 0, &status(503));
    fixture.respond("x", 1, &CallResponse::default());
    request
}

#[test]
fn a_failed_event_is_kept_and_delivered_later() {
    let mut fixture = Fixture::new(config(&["a", "b"]));
    let request = failed_everywhere(&mut fixture);
    let verdicts = fixture.take_verdicts();
    assert!(
        matches!(verdicts[..], [(of, Verdict::Retry { held: true, .. })] if of == request),
        "{verdicts:?}"
    );
    assert_eq!(fixture.under_way(), [""; 0]);
    fixture.pass(Duration::from_millis(1_200));
    assert_eq!(fixture.under_way(), ["x>0", "x>1"]);
    fixture.respond("x", 0, &status(200));
    fixture.respond("x", 1, &status(500));
    assert!(fixture.outbox.is_empty());
    assert_eq!(fixture.count("held.outcome.kept"), 1);
    assert_eq!(fixture.count("held.outcome.delivered"), 1);
    assert_eq!(fixture.take_verdicts(), []);
    fixture.pass(Duration::from_secs(3_600));
    assert_eq!(fixture.under_way(), [""; 0]);
}

#[test]
fn every_call_is_an_attempt_and_only_the_end_of_a_delivery_counts() {
    let mut fixture = Fixture::new(config(&["a", "b"]));
    failed_everywhere(&mut fixture);
    for (outcome, count) in [
        ("rejected.status_class.5xx", 1),
        ("unreachable.status_class.none", 0),
    ] {
        assert_eq!(
            fixture.count(&format!("attempts.webhook.a.outcome.{outcome}")),
            count
        );
        assert_eq!(
            fixture.count(&format!("attempts.webhook.b.outcome.{outcome}")),
            1 - count
        );
    }
    let deliveries = |fixture: &mut Fixture| {
        [
            "a.outcome.delivered",
            "a.outcome.rejected",
            "b.outcome.rejected",
            "b.outcome.unreachable",
        ]
        .map(|end| fixture.count(&format!("deliveries.webhook.{end}")))
    };
    assert_eq!(deliveries(&mut fixture), [0, 0, 0, 0], "the event is kept");
    fixture.pass(Duration::from_millis(1_200));
    fixture.respond("x", 0, &status(200));
    fixture.respond("x", 1, &status(404));
    assert_eq!(
        deliveries(&mut fixture),
        [1, 0, 1, 0],
        "its last failure is how b ended"
    );
    let attempts = "attempts.webhook.b.outcome.rejected.status_class.4xx";
    assert_eq!(fixture.count(attempts), 1);
}

#[test]
fn the_sdk_is_told_when_the_next_try_is() {
    let mut fixture = Fixture::new(config(&["a"]));
    let request = fixture.submit(vec![event("x", &[0])]);
    let wish = CallResponse {
        retry_after: Some(b"30".to_vec()),
        ..status(429)
    };
    fixture.respond("x", 0, &wish);
    let verdicts = fixture.take_verdicts();
    let [(
        of,
        Verdict::Retry {
            after,
            held: true,
            failed: 1,
        },
    )] = verdicts[..]
    else {
        panic!("{verdicts:?}")
    };
    assert_eq!(of, request);
    assert!((30..=36).contains(&after.as_secs()), "{after:?}");
    fixture.pass(Duration::from_millis(29_999));
    assert_eq!(fixture.under_way(), [""; 0]);
    fixture.pass(Duration::from_secs(7));
    assert_eq!(fixture.under_way(), ["x>0"]);
}

#[test]
fn tries_end_with_the_window() {
    let mut fixture = Fixture::new(config_with(&["a"], |config| {
        config.retry.window = Duration::from_secs(60);
        config.retry.max_backoff = Duration::from_secs(10);
    }));
    fixture.submit(vec![event("x", &[0])]);
    let mut tries = 0;
    for _ in 0..120 {
        if fixture.under_way() == ["x>0"] {
            tries += 1;
            fixture.respond("x", 0, &status(500));
        }
        fixture.pass(Duration::from_secs(1));
    }
    assert!((6..=16).contains(&tries), "{tries}");
    assert_eq!(fixture.count("held.outcome.expired"), 1);
    assert!(fixture.outbox.is_empty());
}

#[test]
fn an_event_that_does_not_fit_is_not_kept_and_the_sdk_is_told_so() {
    let mut fixture = Fixture::new(config_with(&["a"], |config| {
        config.retry.max_held_events = 1
    }));
    let request = fixture.submit(vec![event("x", &[0]), event("y", &[0])]);
    fixture.respond("x", 0, &status(500));
    fixture.respond("y", 0, &status(500));
    let verdicts = fixture.take_verdicts();
    assert!(
        matches!(verdicts[..], [(of, Verdict::Retry { held: false, .. })] if of == request),
        "{verdicts:?}"
    );
    assert_eq!(fixture.count("held.outcome.kept"), 1);
    assert_eq!(fixture.count("held.outcome.no_room"), 1);
    fixture.pass(Duration::from_millis(1_200));
    assert_eq!(fixture.under_way(), ["x>0"], "the older one stays");
}

#[test]
fn a_total_outage_does_not_double_the_load() {
    let mut fixture = Fixture::new(config(&["a"]));
    let (mut sent, mut called) = (0, 0);
    for second in 0..120 {
        for n in 0..50 {
            sent += 1;
            fixture.submit(vec![event(&format!("e{second}-{n}"), &[0])]);
        }
        for _ in 0..10 {
            fixture.pass(Duration::from_millis(100));
            for call in std::mem::take(&mut fixture.calls) {
                called += 1;
                fixture.end(call.token, &status(503));
            }
        }
    }
    let ratio = f64::from(called) / f64::from(sent);
    assert!(ratio < 1.25, "{called} calls for {sent} events");
}

#[test]
fn retries_to_many_webhooks_do_not_double_the_load() {
    let mut fixture = Fixture::new(config_with(&["a", "b", "c", "d", "e"], |config| {
        config.retry.max_refusals = 1;
    }));
    let (mut first, mut called) = (0, 0);
    for n in 0..2_000 {
        first += 5;
        // An event that is refused for good in between keeps the webhooks from being given up.
        let name = if n % 4 == 0 { "refused" } else { "failed" };
        fixture.submit(vec![event(&format!("{name}-{n}"), &[0, 1, 2, 3, 4])]);
        fixture.pass(Duration::from_millis(20));
        for call in std::mem::take(&mut fixture.calls) {
            called += 1;
            let code = if call.payload.starts_with("refused") {
                422
            } else {
                503
            };
            fixture.end(call.token, &status(code));
        }
    }
    let ratio = f64::from(called) / f64::from(first);
    assert!(
        (1.15..1.3).contains(&ratio),
        "{called} calls, {first} of them first ones"
    );
}

#[test]
fn once_a_webhook_answers_again_everything_kept_follows_soon() {
    let mut fixture = Fixture::new(config(&["a"]));
    for n in 0..2_000 {
        fixture.submit(vec![event(&format!("e{n}"), &[0])]);
    }
    fixture.pass(Duration::from_millis(1));
    while let Some(call) = fixture.calls.pop() {
        fixture.end(call.token, &status(503));
        // No turn of the loop gives all that waits back.
        fixture.pass(Duration::from_millis(1));
    }
    assert_eq!(fixture.count("held.outcome.kept"), 2_000);
    for _ in 0..600 {
        fixture.pass(Duration::from_millis(100));
        for call in std::mem::take(&mut fixture.calls) {
            fixture.end(call.token, &status(200));
        }
    }
    assert_eq!(fixture.count("held.outcome.delivered"), 2_000);
    assert!(fixture.outbox.is_empty());
}

#[test]
fn a_dead_webhook_is_probed_while_the_other_is_retried() {
    let mut fixture = Fixture::new(config(&["a", "b"]));
    for n in 0..5 {
        fixture.submit(vec![event(&format!("dead{n}"), &[0])]);
        fixture.respond(&format!("dead{n}"), 0, &CallResponse::default());
    }
    fixture.submit(vec![event("x", &[0, 1])]);
    fixture.respond("x", 0, &CallResponse::default());
    fixture.respond("x", 1, &status(500));
    fixture.pass(Duration::from_millis(1_200));
    let to = |webhook: &str| {
        fixture
            .under_way()
            .iter()
            .filter(|call| call.ends_with(webhook))
            .count()
    };
    assert_eq!((to(">0"), to(">1")), (1, 1), "{:?}", fixture.under_way());
}

/// A webhook's `Retry-After` may be longer than `retry.window`.
#[test]
fn nothing_is_kept_longer_than_the_window() {
    let mut fixture = Fixture::new(config_with(&["a"], |config| {
        config.retry.window = Duration::from_secs(30);
        config.retry.max_backoff = Duration::from_secs(3_600);
    }));
    fixture.submit(vec![event("x", &[0])]);
    let later = CallResponse {
        retry_after: Some(b"600".to_vec()),
        ..status(503)
    };
    fixture.respond("x", 0, &later);
    fixture.pass(Duration::from_secs(30));
    assert_eq!(fixture.outbox.held_events(), 0);
    assert_eq!(fixture.count("held.outcome.expired"), 1);
}
