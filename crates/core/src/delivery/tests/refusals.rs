//! Failures that pass, and failures that are the event's own.

use std::time::Duration;

use super::fixture::{accepted, event, retry, status, Fixture};
use crate::delivery::outcome::CallResponse;
use crate::delivery::Verdict;
use crate::testing::{config, config_with};

/// Lets each round that comes in this time end with this status.
fn answer_for(fixture: &mut Fixture, seconds: u64, code: u16) -> usize {
    let mut calls = 0;
    for _ in 0..seconds {
        calls += fixture.calls.len();
        fixture.respond_all(code);
        fixture.pass(Duration::from_secs(1));
    }
    calls
}

fn refused(indices: &[u32]) -> Verdict {
    let refused = indices.to_vec();
    Verdict::Accepted { refused }
}

#[test]
fn the_first_answer_to_any_failure_is_to_send_the_event_again_later() {
    for code in [
        301, 302, 307, 400, 401, 403, 404, 408, 410, 413, 415, 422, 429, 500, 503, 999,
    ] {
        for max_refusals in [1, 3] {
            let mut fixture = Fixture::new(config_with(&["a", "b"], |config| {
                config.retry.max_refusals = max_refusals;
            }));
            let request = fixture.submit(vec![event("x", &[0, 1])]);
            fixture.respond("x", 0, &status(code));
            fixture.respond("x", 1, &status(code));
            let held = max_refusals > 1 || ![400, 413, 415, 422].contains(&code);
            let verdict = fixture.take_verdicts();
            assert!(
                matches!(verdict[..], [(of, Verdict::Retry { held: is, failed: 1, .. })]
                    if of == request && is == held),
                "{code}: {verdict:?}"
            );
        }
    }
}

#[test]
fn a_webhook_whose_key_was_rotated_gets_every_event_once_it_works_again() {
    for code in [301, 401, 403, 404, 410, 451] {
        let mut fixture = Fixture::new(config(&["a"]));
        for n in 0..20 {
            fixture.submit(vec![event(&format!("e{n}"), &[0])]);
        }
        let calls = answer_for(&mut fixture, 600, code);
        assert!(calls > 20, "{code}: {calls}");
        assert_eq!(fixture.outbox.held_events(), 20, "{code}");
        answer_for(&mut fixture, 120, 200);
        assert_eq!(fixture.count("held.outcome.delivered"), 20, "{code}");
        assert_eq!(fixture.count("held.outcome.refused"), 0, "{code}");
        assert!(fixture.outbox.is_empty(), "{code}");
    }
}

#[test]
fn a_webhook_that_answers_401_is_probed_like_one_that_is_down() {
    let calls = |code| {
        let mut fixture = Fixture::new(config(&["a"]));
        for n in 0..50 {
            fixture.submit(vec![event(&format!("e{n}"), &[0])]);
        }
        answer_for(&mut fixture, 300, code)
    };
    assert_eq!(calls(401), calls(503));
    assert!(calls(401) < 100, "{}", calls(401));
}

#[test]
fn a_pause_that_429_or_503_asks_for_is_kept() {
    for code in [429, 503] {
        let mut fixture = Fixture::new(config(&["a"]));
        fixture.submit(vec![event("x", &[0])]);
        let response = CallResponse {
            retry_after: Some(b"30".to_vec()),
            ..status(code)
        };
        fixture.respond("x", 0, &response);
        fixture.pass(Duration::from_millis(29_999));
        assert_eq!(fixture.under_way(), [""; 0]);
        fixture.pass(Duration::from_secs(7));
        assert_eq!(fixture.under_way(), ["x>0"]);
    }
}

#[test]
fn an_event_that_every_webhook_refuses_in_three_rounds_is_given_up_and_remembered() {
    let mut fixture = Fixture::new(config(&["a", "b"]));
    let request = fixture.submit(vec![event("x", &[0, 1])]);
    for round in 1..=3 {
        assert_eq!(fixture.under_way(), ["x>0", "x>1"], "{round}");
        fixture.respond("x", 0, &status(422));
        fixture.respond("x", 1, &status(400));
        fixture.pass(Duration::from_secs(5));
    }
    let verdicts = fixture.take_verdicts();
    assert!(matches!(verdicts[..], [(of, Verdict::Retry { held: true, .. })] if of == request));
    assert!(fixture.outbox.is_empty());
    assert_eq!(fixture.count("held.outcome.kept"), 1);
    assert_eq!(fixture.count("held.outcome.refused"), 1);
    // Sent again it is named, and its neighbours go on.
    let again = fixture.submit(vec![event("y", &[0]), event("x", &[0, 1])]);
    assert_eq!(fixture.under_way(), ["y>0"]);
    fixture.respond("y", 0, &status(200));
    assert_eq!(fixture.take_verdicts(), [(again, refused(&[1]))]);
    assert_eq!(fixture.count("events.type.track.outcome.refused"), 1);
    // Each re-send is remembered for another window.
    for _ in 0..8 {
        fixture.pass(Duration::from_secs(800));
        let again = fixture.submit(vec![event("x", &[0, 1])]);
        assert_eq!(fixture.take_verdicts(), [(again, refused(&[0]))]);
    }
    fixture.pass(Duration::from_secs(901));
    fixture.submit(vec![event("x", &[0, 1])]);
    assert_eq!(fixture.under_way(), ["x>0", "x>1"]);
}

#[test]
fn a_poisoned_batch_that_is_sent_again_is_answered_with_success_soon() {
    let mut fixture = Fixture::new(config(&["a"]));
    let batch = || vec![event("good", &[0]), event("poison", &[0])];
    let mut rounds = 0;
    let verdict = loop {
        let request = fixture.submit(batch());
        for call in std::mem::take(&mut fixture.calls) {
            let code = if call.payload == "good" { 200 } else { 422 };
            fixture.end(call.token, &status(code));
        }
        match &fixture.take_verdicts()[..] {
            [(of, Verdict::Retry { failed: 1, .. })] if *of == request => rounds += 1,
            [(of, verdict)] if *of == request => break verdict.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((rounds, verdict), (2, refused(&[1])));
    assert_eq!(fixture.count("deliveries.webhook.a.outcome.delivered"), 1);
    assert_eq!(
        fixture.count("attempts.webhook.a.outcome.rejected.status_class.4xx"),
        3
    );
}

#[test]
fn while_one_is_down_no_refusal_of_another_ends_the_event() {
    let mut fixture = Fixture::new(config(&["a", "b"]));
    fixture.submit(vec![event("x", &[0, 1])]);
    for _ in 0..300 {
        for call in std::mem::take(&mut fixture.calls) {
            let code = if call.webhook == 0 { 422 } else { 503 };
            fixture.end(call.token, &status(code));
        }
        fixture.pass(Duration::from_secs(1));
    }
    assert!(fixture.count("attempts.webhook.a.outcome.rejected.status_class.4xx") > 3);
    assert_eq!(fixture.outbox.held_events(), 1);
    // The one that refused was repaired: it is asked as well.
    for _ in 0..120 {
        for call in std::mem::take(&mut fixture.calls) {
            let code = if call.webhook == 0 { 200 } else { 503 };
            fixture.end(call.token, &status(code));
        }
        fixture.pass(Duration::from_secs(1));
    }
    assert_eq!(fixture.count("held.outcome.delivered"), 1);
    assert!(fixture.outbox.is_empty());
}

#[test]
fn the_one_that_was_down_has_its_rounds_as_well() {
    let mut fixture = Fixture::new(config(&["a", "b"]));
    fixture.submit(vec![event("x", &[0, 1])]);
    let mut round = |b: &CallResponse| {
        fixture.respond("x", 0, &status(422));
        fixture.respond("x", 1, b);
        let held = fixture.outbox.held_events();
        while held > 0 && fixture.calls.len() < 2 {
            fixture.pass(Duration::from_secs(1));
        }
        held
    };
    for _ in 0..4 {
        assert_eq!(round(&CallResponse::default()), 1);
    }
    assert_eq!(round(&status(422)), 1);
    assert_eq!(round(&status(422)), 1);
    assert_eq!(round(&status(422)), 0);
    assert_eq!(fixture.count("held.outcome.refused"), 1);
}

#[test]
fn without_refusals_every_status_is_tried_until_the_window_ends() {
    let mut fixture = Fixture::new(config_with(&["a"], |config| {
        config.retry.refusals.clear();
        config.retry.window = Duration::from_secs(60);
    }));
    fixture.submit(vec![event("x", &[0])]);
    let calls = answer_for(&mut fixture, 120, 422);
    assert!(calls > 4, "{calls}");
    assert_eq!(fixture.count("held.outcome.refused"), 0);
    assert_eq!(fixture.count("held.outcome.expired"), 1);
}

#[test]
fn a_request_that_waits_while_the_event_is_given_up_is_told_so() {
    let mut fixture = Fixture::new(config_with(&["a"], |config| config.retry.max_refusals = 2));
    fixture.submit(vec![event("x", &[0])]);
    fixture.respond("x", 0, &status(422));
    fixture.take_verdicts();
    let again = fixture.submit(vec![event("x", &[0])]);
    fixture.respond("x", 0, &status(422));
    assert_eq!(fixture.take_verdicts(), [(again, refused(&[0]))]);
}

#[test]
fn another_worker_recognises_what_was_refused() {
    let shared = std::rc::Rc::default();
    let once = |config: &mut crate::config::Config| config.retry.max_refusals = 1;
    let configured = || config_with(&["a"], once);
    let mut one = Fixture::sharing(configured(), std::rc::Rc::clone(&shared), 1);
    let mut two = Fixture::sharing(configured(), shared, 2);
    let first = one.submit(vec![event("x", &[0])]);
    one.respond("x", 0, &status(422));
    assert_eq!(one.take_verdicts(), [(first, retry(1, false))]);
    let again = two.submit(vec![event("x", &[0]), event("y", &[0])]);
    two.respond("y", 0, &status(200));
    assert_eq!(two.take_verdicts(), [(again, refused(&[0]))]);
    let third = one.submit(vec![event("y", &[0])]);
    assert_eq!(one.take_verdicts(), [(third, accepted())]);
}
