//! Kept events go to the configuration that comes next.

use std::rc::Rc;
use std::time::Duration;

use super::fixture::{accepted, event, status, Fixture};
use super::held::failed_everywhere;
use crate::config::{Config, Guarantee};
use crate::delivery::outcome::{CallResponse, NotSent};
use crate::delivery::{same_webhook, Verdict};
use crate::event::Kind;
use crate::redaction::{Path, Redaction};
use crate::routing::Rules;
use crate::testing::{config, config_with};

fn refused() -> Verdict {
    let refused = vec![0];
    Verdict::Accepted { refused }
}

#[test]
fn a_newer_configuration_takes_over_what_is_kept() {
    let mut old = Fixture::new(config(&["a", "b"]));
    failed_everywhere(&mut old);
    let mut new = Fixture::sharing(config(&["c", "b"]), Rc::clone(&old.shared), 2);
    old.hand_over(&mut new);
    assert!(old.outbox.is_empty());
    old.drive();
    assert_eq!(old.count("held.outcome.handed_over"), 1);
    new.pass(Duration::from_millis(100));
    assert_eq!(new.under_way(), ["x>1"], "the webhook of the same name");
    new.respond("x", 1, &status(200));
    assert!(new.outbox.is_empty());
}

/// Envoy ends the older configuration `--drain-time-s` after the newer one has come.
#[test]
fn an_event_that_the_newer_configuration_has_delivered_meanwhile_is_not_delivered_again() {
    for (status_then, outcome) in [(200, accepted()), (422, refused())] {
        let mut old = Fixture::new(config(&["a", "b"]));
        failed_everywhere(&mut old);
        let change = |config: &mut Config| config.retry.max_refusals = 1;
        let mut new = old.successor(config_with(&["a", "b"], change), 2);
        new.submit(vec![event("x", &[0, 1])]);
        new.respond_all(status_then);
        old.hand_over(&mut new);
        new.pass(Duration::from_secs(120));
        assert_eq!(new.under_way(), [""; 0]);
        assert_eq!(new.outbox.held_events(), 0);
        new.take_verdicts();
        let again = new.submit(vec![event("x", &[0, 1])]);
        assert_eq!(new.take_verdicts(), [(again, outcome)]);
    }
}

#[test]
fn a_pause_that_a_webhook_asked_for_outlives_the_configuration() {
    let mut old = Fixture::new(config(&["a"]));
    old.submit(vec![event("x", &[0])]);
    let later = CallResponse {
        retry_after: Some(b"20".to_vec()),
        ..status(429)
    };
    old.respond("x", 0, &later);
    let mut new = old.successor(config(&["a"]), 2);
    old.hand_over(&mut new);
    new.pass(Duration::from_secs(19));
    assert_eq!(new.under_way(), [""; 0]);
    new.pass(Duration::from_secs(5));
    assert_eq!(new.under_way(), ["x>0"]);
}

#[test]
fn an_event_that_is_handed_over_counts_as_it_failed_when_nobody_tries_it_again() {
    let mut old = Fixture::new(config(&["a", "b"]));
    failed_everywhere(&mut old);
    let mut new = old.successor(config(&["b", "a"]), 2);
    new.refusing
        .extend([0, 1].map(|webhook| (webhook, NotSent::NoCapacity)));
    old.pass(Duration::from_millis(500));
    new.now = old.now + 900_000;
    old.hand_over(&mut new);
    new.pass(Duration::from_secs(1));
    assert_eq!(new.count("held.outcome.expired"), 1);
    assert_eq!(new.count("deliveries.webhook.a.outcome.rejected"), 1);
    assert_eq!(new.count("deliveries.webhook.b.outcome.unreachable"), 1);
}

#[test]
fn a_type_that_the_newer_configuration_leaves_out_is_not_delivered_by_it() {
    let mut old = Fixture::new(config_with(&["a"], |config| {
        config.webhooks[0].options.enable_identify_events = true;
    }));
    let identify = crate::delivery::PreparedEvent {
        kind: Kind::Identify,
        ..event("x", &[0])
    };
    old.submit(vec![identify]);
    old.respond("x", 0, &status(503));
    let mut new = Fixture::sharing(config(&["a"]), Rc::clone(&old.shared), 2);
    old.hand_over(&mut new);
    new.drive();
    new.pass(Duration::from_secs(60));
    assert_eq!(new.under_way(), [""; 0]);
    assert_eq!(new.count("held.outcome.refused"), 1);
    assert!(new.outbox.is_empty());
}

#[test]
fn events_kept_for_webhooks_that_are_gone_go_to_the_new_ones() {
    let mut old = Fixture::new(config(&["a", "b"]));
    failed_everywhere(&mut old);
    let mut new = Fixture::new(config(&["c", "d"]));
    old.hand_over(&mut new);
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
fn a_kept_event_does_not_get_past_rules_that_it_was_not_held_against() {
    for (then, now, goes) in [
        (ruled("a", Kind::Track), ruled("a", Kind::Track), true),
        (ruled("a", Kind::Track), ruled("a", Kind::Group), false),
        (ruled("a", Kind::Track), config(&["a"]), false),
        (config(&["a"]), ruled("a", Kind::Track), false),
        (ruled("a", Kind::Track), config(&["b"]), true),
        (config(&["a"]), ruled("b", Kind::Track), false),
    ] {
        let mut old = Fixture::new(then);
        old.submit(vec![event("x", &[0])]);
        old.respond("x", 0, &status(500));
        let mut new = Fixture::new(now);
        assert_eq!(old.hand_over(&mut new), 1);
        assert_eq!(new.outbox.held_events(), usize::from(goes));
        new.pass(Duration::from_millis(100));
        new.drive();
        assert_eq!(new.count("held.outcome.refused"), u32::from(!goes));
        assert_eq!(new.under_way().len(), usize::from(goes));
    }
}

#[test]
fn a_kept_event_goes_on_as_it_was_redacted_for_each() {
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
    let mut old = Fixture::new(config_with(&["a", "b", "c"], redacts));
    let mut kept = event("whole", &[0, 1, 2]);
    kept.redacted = vec![([1, 2].into_iter().collect(), b"less".as_slice().into())];
    old.submit(vec![kept]);
    old.respond("whole", 0, &status(500));
    old.respond("less", 1, &status(500));
    old.respond("less", 2, &status(500));
    let mut new = Fixture::new(config_with(&["c", "d", "a"], redacts));
    old.hand_over(&mut new);
    new.pass(Duration::from_millis(100));
    assert_eq!(new.under_way(), ["less>0", "whole>2"]);
}

/// Two webhooks without a name have one url, and each its own rules.
#[test]
fn the_payload_of_a_webhook_with_other_rules_does_not_go_on() {
    let denies = |field: &str| {
        let rules = Rules {
            redaction: Some(Redaction {
                deny: vec![Path::parse(field).unwrap()],
                ..Redaction::default()
            }),
            ..Rules::default()
        };
        Some(Rc::new(rules))
    };
    let mut old = Fixture::new(config_with(&["webhook_0", "webhook_1"], |config| {
        config.webhooks[0].rules = denies("traits.phone");
        config.webhooks[1].rules = denies("traits.email");
        config.webhooks[1].authority = config.webhooks[0].authority.clone();
    }));
    let mut kept = event("whole", &[0, 1]);
    kept.redacted = [(0, "email"), (1, "phone")]
        .map(|(webhook, left)| ([webhook].into_iter().collect(), left.as_bytes().into()))
        .into();
    old.submit(vec![kept]);
    old.respond("email", 0, &status(500));
    old.respond("phone", 1, &status(500));
    let mut new = Fixture::new(config_with(&["webhook_0"], |config| {
        config.webhooks[0].rules = denies("traits.email");
    }));
    old.hand_over(&mut new);
    new.pass(Duration::from_millis(100));
    assert_eq!(new.under_way(), ["phone>0"]);
}

/// As when somebody sees that a webhook will be away for longer.
#[test]
fn a_window_that_changes_holds_for_what_is_kept() {
    for (window, minutes) in [(3_600, 60), (900, 15), (240, 4), (30, 2)] {
        let mut old = Fixture::new(config(&["a"]));
        old.submit(vec![event("x", &[0])]);
        old.respond("x", 0, &status(503));
        let change = |config: &mut Config| config.retry.window = Duration::from_secs(window);
        let mut new = old.successor(config_with(&["a"], change), 2);
        new.refusing.insert(0, NotSent::NoCapacity);
        new.pass(Duration::from_secs(100));
        old.hand_over(&mut new);
        assert_eq!(new.outbox.levels().held_since, Some(1_000));
        let mut kept = 1;
        while new.outbox.held_events() > 0 {
            kept += 1;
            new.now = kept * 60_000;
            new.tick();
        }
        assert_eq!(kept, minutes + u64::from(minutes > 2), "{window}");
        assert_eq!(new.count("held.outcome.expired"), 1);
    }
}

#[test]
fn a_webhook_that_is_renamed_gets_what_is_kept_for_it() {
    let each = |names: &[&str]| {
        config_with(names, |config| {
            config.webhooks[1].authority = "one.test".into();
            config.webhooks[1].guarantee = Guarantee::Each;
            config.webhooks[1].rules = ruled("any", Kind::Track).webhooks[0].rules.clone();
        })
    };
    for accepted_by_other in [true, false] {
        let mut old = Fixture::new(each(&["a", "b"]));
        old.submit(vec![event("x", &[0, 1])]);
        old.respond("x", 0, &status(if accepted_by_other { 200 } else { 503 }));
        old.respond("x", 1, &status(503));
        let mut new = old.successor(each(&["c", "renamed"]), 2);
        old.hand_over(&mut new);
        new.pass(Duration::from_millis(100));
        assert_eq!(new.under_way(), ["x>1"]);
    }
}

#[test]
fn of_several_webhooks_under_one_url_none_is_guessed() {
    let under_one_url = |names: &[&str]| {
        let config = config_with(names, |config| {
            for webhook in &mut config.webhooks {
                webhook.authority = "one.test".into();
            }
        });
        config.webhooks
    };
    for (then, now, found) in [
        (&["a"][..], &["x"][..], Some(0)),
        (&["a", "b"], &["x", "b"], Some(0)),
        (&["a", "b"], &["x", "y"], None),
        (&["a"], &["x", "y"], None),
    ] {
        let place = same_webhook::find(&under_one_url(then), 0, &under_one_url(now));
        assert_eq!(place, found, "{then:?} {now:?}");
    }
}

#[test]
fn an_event_that_may_go_to_nobody_any_more_counts_as_it_failed() {
    let each = |config: &mut Config| config.webhooks[1].guarantee = Guarantee::Each;
    let mut old = Fixture::new(config_with(&["a", "b"], each));
    for (name, code) in [("accepted", 200), ("failed", 503)] {
        old.submit(vec![event(name, &[0, 1])]);
        old.respond(name, 0, &status(code));
        old.respond(name, 1, &status(422));
    }
    let mut new = old.successor(
        config_with(&["a", "b"], |config| {
            for webhook in &mut config.webhooks {
                webhook.rules = ruled("any", Kind::Group).webhooks[0].rules.clone();
            }
        }),
        2,
    );
    assert_eq!(old.hand_over(&mut new), 2);
    new.drive();
    assert!(new.outbox.is_empty());
    assert_eq!(new.count("held.outcome.refused"), 1);
    let lacks = |webhook| format!("deliveries.webhook.{webhook}.outcome.rejected");
    assert_eq!(["a", "b"].map(|webhook| new.count(&lacks(webhook))), [1, 2]);
}

#[test]
fn events_move_over_many_turns_of_the_loop() {
    let mut old = Fixture::new(config(&["a"]));
    old.submit((0..1_200).map(|n| event(&format!("e{n}"), &[0])).collect());
    while old.outbox.held_events() < 1_200 {
        old.respond_all(500);
        old.pass(Duration::from_millis(4));
    }
    let mut new = old.successor(config(&["a"]), 2);
    let moved: Vec<_> = (0..4).map(|_| old.hand_over(&mut new)).collect();
    assert_eq!(moved, [512, 512, 176, 0]);
    assert_eq!(new.outbox.held_events(), 1_200);
}
