//! Events that would be dropped go to the dead letter webhook, and nothing else does.

use std::rc::Rc;
use std::time::Duration;

use super::fixture::{event, retry, status, Fixture};
use crate::config::{Config, Guarantee};
use crate::delivery::PreparedEvent;
use crate::routing::{Glob, Rules};
use crate::testing::config_with;

/// `a`, `b` and the dead letter webhook `dead`.
fn configured(change: impl FnOnce(&mut Config)) -> Config {
    config_with(&["a", "b", "dead"], |config| {
        config.dead_letter = Some(2);
        change(config);
    })
}

fn letter(name: &str, webhooks: &[usize]) -> PreparedEvent {
    PreparedEvent {
        may_be_dead_letter: true,
        ..event(name, webhooks)
    }
}

/// The calls to the dead letter webhook: payload, reason and webhooks.
fn dead(fixture: &Fixture) -> Vec<String> {
    let calls = fixture.calls.iter().filter(|call| call.webhook == 2);
    calls
        .map(|call| {
            let (reason, webhooks) = call.dead_letter.clone().expect("the headers");
            format!("{} {reason} {webhooks}", call.payload)
        })
        .collect()
}

/// Until so many seconds are over, calls to other webhooks end with this status.
fn fail_for(fixture: &mut Fixture, seconds: u64, code: u16) {
    for _ in 0..seconds {
        let (letters, calls): (Vec<_>, Vec<_>) = std::mem::take(&mut fixture.calls)
            .into_iter()
            .partition(|call| call.webhook == 2);
        fixture.calls = letters;
        for call in calls {
            assert_eq!(call.dead_letter, None);
            fixture.end(call.token, &status(code));
        }
        fixture.pass(Duration::from_secs(1));
        if !dead(fixture).is_empty() {
            return;
        }
    }
}

#[test]
fn a_refused_event_goes_there_with_the_reason_and_the_names() {
    for (code, reason) in [(422, "refused"), (413, "oversized")] {
        let mut fixture = Fixture::new(configured(|_| {}));
        fixture.submit(vec![letter("x", &[0, 1])]);
        assert_eq!(fixture.under_way(), ["x>0", "x>1"]);
        fail_for(&mut fixture, 60, code);
        assert_eq!(dead(&fixture), [format!("x {reason} a,b")]);
        fixture.respond("x", 2, &status(200));
        assert!(fixture.outbox.is_empty());
        assert_eq!(fixture.count("held.outcome.dead_letter"), 1);
        assert_eq!(fixture.count("held.outcome.refused"), 0);
        assert_eq!(fixture.count("held.outcome.lost"), 0);
        assert_eq!(
            fixture.count("deliveries.webhook.dead.outcome.delivered"),
            1
        );
    }
}

#[test]
fn an_event_that_expires_goes_to_the_dead_letter_webhook() {
    let mut fixture = Fixture::new(configured(|config| {
        config.retry.window = Duration::from_secs(60);
    }));
    fixture.submit(vec![letter("x", &[0])]);
    fail_for(&mut fixture, 120, 503);
    assert_eq!(dead(&fixture), ["x expired a"]);
    fixture.respond("x", 2, &status(200));
    assert_eq!(fixture.count("held.outcome.dead_letter"), 1);
    assert!(fixture.outbox.is_empty());
}

#[test]
fn an_event_without_room_goes_there_at_once() {
    let mut fixture = Fixture::new(configured(|config| config.retry.max_held_events = 1));
    let request = fixture.submit(vec![letter("x", &[0]), letter("y", &[0])]);
    fixture.respond("x", 0, &status(503));
    fixture.respond("y", 0, &status(503));
    assert_eq!(dead(&fixture), ["y no_room a"]);
    assert!(fixture.verdicts[0].0 == request);
    fixture.respond("y", 2, &status(200));
    assert_eq!(fixture.outbox.held_events(), 1);
    assert_eq!(fixture.outbox.in_flight_bytes(), 0);
    assert_eq!(fixture.count("held.outcome.dead_letter"), 1);
}

#[test]
fn with_no_window_what_fails_goes_there_at_once_and_the_sdk_is_asked_again() {
    let mut fixture = Fixture::new(configured(|config| config.retry.window = Duration::ZERO));
    let request = fixture.submit(vec![letter("x", &[0])]);
    fixture.respond("x", 0, &status(503));
    assert_eq!(fixture.take_verdicts(), [(request, retry(1, false))]);
    assert_eq!(dead(&fixture), ["x expired a"]);
    fixture.submit(vec![letter("x", &[0])]);
    assert_eq!(fixture.under_way(), ["x>2", "x>0"]);
    fixture.respond("x", 0, &status(200));
    fixture.respond("x", 2, &status(500));
    assert_eq!(fixture.count("held.outcome.lost"), 1);
    assert!(fixture.outbox.is_empty());
}

#[test]
fn it_names_the_webhooks_that_lack_an_event_that_others_have() {
    let mut fixture = Fixture::new(configured(|config| {
        config.webhooks[1].guarantee = Guarantee::Each;
    }));
    fixture.submit(vec![letter("x", &[0, 1])]);
    fixture.respond("x", 0, &status(200));
    fail_for(&mut fixture, 60, 422);
    assert_eq!(dead(&fixture), ["x refused b"]);
    // The event stays accepted.
    fixture.submit(vec![letter("x", &[0, 1])]);
    assert_eq!(fixture.under_way(), ["x>2"]);
}

#[test]
fn a_dead_letter_that_fails_is_kept_and_lost_when_even_that_ends() {
    let mut fixture = Fixture::new(configured(|config| {
        config.retry.window = Duration::from_secs(60);
        config.retry.max_refusals = 1;
    }));
    fixture.submit(vec![letter("x", &[0])]);
    fail_for(&mut fixture, 5, 422);
    let mut tries = 0;
    for _ in 0..120 {
        tries += dead(&fixture).len();
        fixture.respond_all(503);
        fixture.pass(Duration::from_secs(1));
    }
    assert!((4..=16).contains(&tries), "{tries}");
    assert!(fixture.outbox.is_empty());
    assert_eq!(fixture.count("held.outcome.lost"), 1);
    assert_eq!(fixture.count("held.outcome.kept"), 0);
}

#[test]
fn an_event_that_its_rules_do_not_let_through_is_dropped() {
    let mut fixture = Fixture::new(configured(|config| config.retry.max_refusals = 1));
    fixture.submit(vec![event("x", &[0])]);
    fixture.respond("x", 0, &status(422));
    assert!(fixture.outbox.is_empty());
    assert_eq!(fixture.under_way(), [""; 0]);
}

#[test]
fn its_payload_is_redacted_for_it() {
    let mut fixture = Fixture::new(configured(|config| config.retry.max_refusals = 1));
    let mut whole = letter("whole", &[0]);
    whole.redacted = vec![([2].into_iter().collect(), b"less".as_slice().into())];
    fixture.submit(vec![whole]);
    fixture.respond("whole", 0, &status(422));
    assert_eq!(dead(&fixture), ["less refused a"]);
}

#[test]
fn the_budget_bounds_how_many_go_out_at_once() {
    let mut fixture = Fixture::new(configured(|config| {
        config.retry.window = Duration::from_secs(30);
        config.limits.max_in_flight_per_webhook = 10_000;
    }));
    let events = (0..500).map(|n| letter(&format!("e{n}"), &[0])).collect();
    fixture.submit(events);
    fixture.respond_all(503);
    fail_for(&mut fixture, 60, 503);
    let letters = dead(&fixture).len();
    assert!((1..=150).contains(&letters), "{letters}");
    for _ in 0..60 {
        fixture.respond_all(200);
        fixture.pass(Duration::from_secs(1));
    }
    assert_eq!(
        fixture.count("deliveries.webhook.dead.outcome.delivered"),
        500
    );
    assert!(fixture.outbox.is_empty());
}

#[test]
fn a_newer_configuration_takes_letters_over_for_the_same_webhook_alone() {
    for (names, dead_letter, calls) in [
        (["a", "b", "dead"], Some(2), vec!["x>2"]),
        (["a", "b", "other"], Some(2), vec![]),
        (["a", "b", "dead"], None, vec![]),
    ] {
        let mut old = Fixture::new(configured(|_| {}));
        old.submit(vec![letter("x", &[0, 1])]);
        fail_for(&mut old, 60, 422);
        old.respond("x", 2, &status(503));
        assert_eq!(old.outbox.held_events(), 1);
        let change = |config: &mut Config| config.dead_letter = dead_letter;
        let mut new = old.successor(config_with(&names, change), 2);
        assert_eq!(old.hand_over(&mut new), 1);
        new.pass(Duration::from_millis(100));
        assert_eq!(new.under_way(), calls, "{names:?} {dead_letter:?}");
        let lost = u32::from(new.calls.is_empty());
        new.respond_all(200);
        new.drive();
        assert_eq!(new.count("held.outcome.lost"), lost);
        assert!(new.outbox.is_empty());
    }
}

/// Nobody may get an event whose payload the new rules were not applied to.
#[test]
fn an_event_that_new_rules_end_goes_there_if_its_own_have_not_changed() {
    let denying = |config: &mut Config, webhook: usize| {
        config.webhooks[webhook].rules = Some(Rc::new(Rules {
            deny: vec![Glob::new("y")],
            ..Rules::default()
        }));
    };
    for (changed, letters) in [(vec![0], vec!["x refused "]), (vec![0, 2], vec![])] {
        let mut old = Fixture::new(configured(|_| {}));
        old.submit(vec![letter("x", &[0])]);
        old.respond("x", 0, &status(503));
        let change = |config: &mut Config| changed.iter().for_each(|at| denying(config, *at));
        let mut new = old.successor(configured(change), 2);
        assert_eq!(old.hand_over(&mut new), 1);
        new.drive();
        assert_eq!(dead(&new), letters);
        new.respond_all(200);
        assert!(new.outbox.is_empty());
        // The event is not taken for one that its webhooks have refused.
        new.submit(vec![letter("x", &[0])]);
        assert_eq!(new.under_way(), ["x>0"]);
    }
}

#[test]
fn a_webhook_that_becomes_the_dead_letter_webhook_gets_nothing_else() {
    let mut old = Fixture::new(config_with(&["a", "b"], |_| {}));
    old.submit(vec![event("x", &[0, 1])]);
    old.respond_all(503);
    let change = |config: &mut Config| config.dead_letter = Some(1);
    let mut new = old.successor(config_with(&["a", "b"], change), 2);
    old.hand_over(&mut new);
    new.pass(Duration::from_millis(100));
    assert_eq!(new.under_way(), ["x>0"]);
}

#[test]
fn an_event_that_is_handed_over_is_held_within_the_new_bounds() {
    let mut old = Fixture::new(configured(|_| {}));
    for n in 0..5 {
        old.submit(vec![letter(&format!("e{n}"), &[0])]);
    }
    old.respond_all(503);
    let mut new = old.successor(configured(|config| config.retry.max_held_events = 2), 2);
    assert_eq!(old.hand_over(&mut new), 5);
    assert_eq!(new.outbox.held_events(), 2);
    new.drive();
    assert_eq!(new.count("held.outcome.dead_letter"), 3);
    assert_eq!(dead(&new).len(), 3);
}

#[test]
fn an_event_that_is_handed_over_loses_the_clients_address_with_the_option() {
    let with_ip = r#"{"type":"track","context":{"ip":"10.1.2.3","page":null}}"#;
    let without = r#"{"type":"track","context":{"page":null}}"#;
    for (before, after, payload) in [
        (true, false, without),
        (true, true, with_ip),
        (false, false, with_ip),
    ] {
        let mut old = Fixture::new(config_with(&["a"], |config| config.context_ip = before));
        old.submit(vec![event(with_ip, &[0])]);
        old.respond_all(503);
        let change = |config: &mut Config| config.context_ip = after;
        let mut new = old.successor(config_with(&["a"], change), 2);
        old.hand_over(&mut new);
        new.pass(Duration::from_millis(100));
        assert_eq!(new.under_way(), [format!("{payload}>0")]);
    }
}
