//! Events that every webhook failed: "the event will be retried later" (seed, "Considerations").

use std::rc::Rc;
use std::time::Duration;

use super::bed::{event, retry, status, Bed};
use crate::config::Config;
use crate::delivery::outcome::CallResponse;
use crate::delivery::Verdict;
use crate::event::Kind;
use crate::redaction::{Path, Redaction};
use crate::routing::Rules;
use crate::testing::{config, config_with};

fn failed_everywhere(bed: &mut Bed) -> u32 {
    let request = bed.submit(vec![event("x", &[0, 1])]);
    bed.respond("x", 0, &status(503));
    bed.respond("x", 1, &CallResponse::default());
    request
}

#[test]
fn a_failed_event_is_kept_and_delivered_later() {
    let mut bed = Bed::new(config(&["a", "b"]));
    let request = failed_everywhere(&mut bed);
    let verdicts = bed.take_verdicts();
    assert!(
        matches!(verdicts[..], [(of, Verdict::Retry { kept: true, .. })] if of == request),
        "{verdicts:?}"
    );
    assert_eq!(bed.under_way(), [""; 0]);
    bed.pass(Duration::from_millis(1_200));
    assert_eq!(bed.under_way(), ["x>0", "x>1"]);
    bed.respond("x", 0, &status(200));
    bed.respond("x", 1, &status(500));
    assert!(bed.outbox.is_empty());
    assert_eq!(bed.count("held.outcome.kept"), 1);
    assert_eq!(bed.count("held.outcome.delivered"), 1);
    assert_eq!(bed.take_verdicts(), []);
    bed.pass(Duration::from_secs(3_600));
    assert_eq!(bed.under_way(), [""; 0]);
}

#[test]
fn the_sdk_is_told_when_the_next_try_is() {
    let mut bed = Bed::new(config(&["a"]));
    let request = bed.submit(vec![event("x", &[0])]);
    let wish = CallResponse {
        retry_after: Some(b"30".to_vec()),
        ..status(429)
    };
    bed.respond("x", 0, &wish);
    let verdicts = bed.take_verdicts();
    let [(
        of,
        Verdict::Retry {
            after,
            kept: true,
            failed: 1,
        },
    )] = verdicts[..]
    else {
        panic!("{verdicts:?}")
    };
    assert_eq!(of, request);
    assert!((30..=36).contains(&after.as_secs()), "{after:?}");
    bed.pass(Duration::from_millis(29_999));
    assert_eq!(bed.under_way(), [""; 0]);
    bed.pass(Duration::from_secs(7));
    assert_eq!(bed.under_way(), ["x>0"]);
}

#[test]
fn what_every_webhook_refuses_for_good_is_not_kept() {
    let mut bed = Bed::new(config(&["a", "b"]));
    let request = bed.submit(vec![event("x", &[0, 1])]);
    bed.respond("x", 0, &status(400));
    bed.respond("x", 1, &status(301));
    assert_eq!(bed.take_verdicts(), [(request, retry(1, false))]);
    assert!(bed.outbox.is_empty());
    assert_eq!(bed.count("held.outcome.refused"), 1);
    assert_eq!(bed.count("held.outcome.kept"), 0);
}

#[test]
fn a_webhook_that_refused_for_good_is_not_tried_again() {
    let mut bed = Bed::new(config(&["a", "b"]));
    bed.submit(vec![event("x", &[0, 1])]);
    bed.respond("x", 0, &status(410));
    bed.respond("x", 1, &status(500));
    bed.pass(Duration::from_millis(1_200));
    assert_eq!(bed.under_way(), ["x>1"]);
    bed.respond("x", 1, &status(403));
    assert!(bed.outbox.is_empty());
    assert_eq!(bed.count("held.outcome.refused"), 1);
}

#[test]
fn tries_end_with_the_window() {
    let mut bed = Bed::new(config_with(&["a"], |config| {
        config.retry.window = Duration::from_secs(60);
        config.retry.max_backoff = Duration::from_secs(10);
    }));
    bed.submit(vec![event("x", &[0])]);
    let mut tries = 0;
    for _ in 0..120 {
        if bed.under_way() == ["x>0"] {
            tries += 1;
            bed.respond("x", 0, &status(500));
        }
        bed.pass(Duration::from_secs(1));
    }
    assert!((6..=16).contains(&tries), "{tries}");
    assert_eq!(bed.count("held.outcome.expired"), 1);
    assert!(bed.outbox.is_empty());
}

#[test]
fn what_does_not_fit_is_not_kept_and_the_sdk_is_told_so() {
    let mut bed = Bed::new(config_with(&["a"], |config| {
        config.retry.max_held_events = 1
    }));
    let request = bed.submit(vec![event("x", &[0]), event("y", &[0])]);
    bed.respond("x", 0, &status(500));
    bed.respond("y", 0, &status(500));
    let verdicts = bed.take_verdicts();
    assert!(
        matches!(verdicts[..], [(of, Verdict::Retry { kept: false, .. })] if of == request),
        "{verdicts:?}"
    );
    assert_eq!(bed.count("held.outcome.kept"), 1);
    assert_eq!(bed.count("held.outcome.no_room"), 1);
    bed.pass(Duration::from_millis(1_200));
    assert_eq!(bed.under_way(), ["x>0"], "the older one stays");
}

#[test]
fn a_total_outage_does_not_double_the_load() {
    let mut bed = Bed::new(config(&["a"]));
    let (mut sent, mut called) = (0, 0);
    for second in 0..120 {
        for n in 0..50 {
            sent += 1;
            bed.submit(vec![event(&format!("e{second}-{n}"), &[0])]);
        }
        for _ in 0..10 {
            bed.pass(Duration::from_millis(100));
            for call in std::mem::take(&mut bed.calls) {
                called += 1;
                bed.end(call.token, &status(503));
            }
        }
    }
    let ratio = f64::from(called) / f64::from(sent);
    assert!(ratio < 1.25, "{called} calls for {sent} events");
}

#[test]
fn retries_to_many_webhooks_do_not_double_the_load() {
    let mut bed = Bed::new(config(&["a", "b", "c", "d", "e"]));
    let (mut first, mut called) = (0, 0);
    for n in 0..2_000 {
        first += 5;
        // An event that is refused for good in between keeps the webhooks from being given up.
        let name = if n % 4 == 0 { "refused" } else { "failed" };
        bed.submit(vec![event(&format!("{name}-{n}"), &[0, 1, 2, 3, 4])]);
        bed.pass(Duration::from_millis(20));
        for call in std::mem::take(&mut bed.calls) {
            called += 1;
            let code = if call.payload.starts_with("refused") {
                404
            } else {
                503
            };
            bed.end(call.token, &status(code));
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
    let mut bed = Bed::new(config(&["a"]));
    for n in 0..2_000 {
        bed.submit(vec![event(&format!("e{n}"), &[0])]);
    }
    bed.pass(Duration::from_millis(1));
    while let Some(call) = bed.calls.pop() {
        bed.end(call.token, &status(503));
    }
    assert_eq!(bed.count("held.outcome.kept"), 2_000);
    for _ in 0..600 {
        bed.pass(Duration::from_millis(100));
        for call in std::mem::take(&mut bed.calls) {
            bed.end(call.token, &status(200));
        }
    }
    assert_eq!(bed.count("held.outcome.delivered"), 2_000);
    assert!(bed.outbox.is_empty());
}

#[test]
fn a_dead_webhook_is_probed_while_the_other_is_retried() {
    let mut bed = Bed::new(config(&["a", "b"]));
    for n in 0..5 {
        bed.submit(vec![event(&format!("dead{n}"), &[0])]);
        bed.respond(&format!("dead{n}"), 0, &CallResponse::default());
    }
    bed.submit(vec![event("x", &[0, 1])]);
    bed.respond("x", 0, &CallResponse::default());
    bed.respond("x", 1, &status(500));
    bed.pass(Duration::from_millis(1_200));
    let to = |webhook: &str| {
        bed.under_way()
            .iter()
            .filter(|call| call.ends_with(webhook))
            .count()
    };
    assert_eq!((to(">0"), to(">1")), (1, 1), "{:?}", bed.under_way());
}

#[test]
fn a_newer_configuration_takes_over_what_is_kept() {
    let mut old = Bed::new(config(&["a", "b"]));
    failed_everywhere(&mut old);
    let held = old.outbox.take_held(old.now, &mut *old.shared.borrow_mut());
    assert!(old.outbox.is_empty());
    old.drive();
    assert_eq!(old.count("held.outcome.handed_over"), 1);
    let mut new = Bed::sharing(config(&["c", "b"]), Rc::clone(&old.shared), 2);
    for handover in held {
        new.outbox.adopt(handover, new.now);
    }
    new.pass(Duration::from_millis(100));
    assert_eq!(new.under_way(), ["x>1"], "the webhook of the same name");
    new.respond("x", 1, &status(200));
    assert!(new.outbox.is_empty());
}

#[test]
fn a_type_that_the_newer_configuration_leaves_out_is_not_delivered_by_it() {
    let mut old = Bed::new(config_with(&["a"], |config| {
        config.webhooks[0].options.enable_identify_events = true;
    }));
    let identify = crate::delivery::Event {
        kind: Kind::Identify,
        ..event("x", &[0])
    };
    old.submit(vec![identify]);
    old.respond("x", 0, &status(503));
    let held = old.outbox.take_held(old.now, &mut *old.shared.borrow_mut());
    let mut new = Bed::sharing(config(&["a"]), Rc::clone(&old.shared), 2);
    for handover in held {
        new.outbox.adopt(handover, new.now);
    }
    new.drive();
    new.pass(Duration::from_secs(60));
    assert_eq!(new.under_way(), [""; 0]);
    assert_eq!(new.count("held.outcome.refused"), 1);
    assert!(new.outbox.is_empty());
}

#[test]
fn what_is_kept_for_webhooks_that_are_gone_goes_to_the_new_ones() {
    let mut old = Bed::new(config(&["a", "b"]));
    failed_everywhere(&mut old);
    let mut new = Bed::new(config(&["c", "d"]));
    let held = old.outbox.take_held(old.now, &mut *old.shared.borrow_mut());
    for handover in held {
        new.outbox.adopt(handover, new.now);
    }
    new.pass(Duration::from_millis(100));
    assert_eq!(new.under_way(), ["x>0", "x>1"]);
}

/// A configuration whose first webhook takes this type alone.
fn ruled(name: &str, kind: Kind) -> Config {
    let rules = Rules {
        types: vec![vec![kind]],
        ..Rules::default()
    };
    config_with(&[name], |config| {
        config.webhooks[0].rules = Some(Rc::new(rules));
    })
}

#[test]
fn what_is_kept_does_not_get_past_rules_that_it_was_not_held_against() {
    for (then, now, goes) in [
        (ruled("a", Kind::Track), ruled("a", Kind::Track), true),
        (ruled("a", Kind::Track), ruled("a", Kind::Group), false),
        (ruled("a", Kind::Track), config(&["a"]), false),
        (config(&["a"]), ruled("a", Kind::Track), false),
        (ruled("a", Kind::Track), config(&["b"]), true),
        (config(&["a"]), ruled("b", Kind::Track), false),
    ] {
        let mut old = Bed::new(then);
        old.submit(vec![event("x", &[0])]);
        old.respond("x", 0, &status(500));
        let held = old.outbox.take_held(old.now, &mut *old.shared.borrow_mut());
        assert_eq!(held.len(), 1);
        let mut new = Bed::new(now);
        for handover in held {
            new.outbox.adopt(handover, new.now);
        }
        assert_eq!(new.outbox.held_events(), usize::from(goes));
        new.pass(Duration::from_millis(100));
        new.drive();
        assert_eq!(new.count("held.outcome.refused"), u32::from(!goes));
        assert_eq!(new.under_way().len(), usize::from(goes));
    }
}

#[test]
fn what_is_kept_goes_on_as_it_was_redacted_for_each() {
    let redacts = |config: &mut Config| {
        let rules = Rules {
            redaction: Some(Redaction {
                deny: vec![Path::parse("userId").unwrap()],
                ..Redaction::default()
            }),
            ..Rules::default()
        };
        let rules = Rc::new(rules);
        for webhook in &mut config.webhooks {
            webhook.rules = Some(Rc::clone(&rules));
        }
    };
    let mut old = Bed::new(config_with(&["a", "b", "c"], redacts));
    let mut kept = event("whole", &[0, 1, 2]);
    kept.redacted = vec![([1, 2].into_iter().collect(), b"less".as_slice().into())];
    old.submit(vec![kept]);
    old.respond("whole", 0, &status(500));
    old.respond("less", 1, &status(500));
    old.respond("less", 2, &status(500));
    let mut new = Bed::new(config_with(&["c", "d", "a"], redacts));
    let held = old.outbox.take_held(old.now, &mut *old.shared.borrow_mut());
    for handover in held {
        new.outbox.adopt(handover, new.now);
    }
    new.pass(Duration::from_millis(100));
    assert_eq!(new.under_way(), ["less>0", "whole>2"]);
}
