//! `guarantee: each`: an event is held for a webhook although another one has it.

use std::rc::Rc;
use std::time::Duration;

use super::fixture::{accepted, event, status, Fixture};
use crate::config::{Acknowledge, Config, Guarantee};
use crate::delivery::outcome::{CallResponse, NotSent};
use crate::testing::{config, config_with};

/// Webhook 1 wants each event; `a` does not.
fn each_to_b() -> Config {
    config_with(&["a", "b"], |config| {
        config.webhooks[1].guarantee = Guarantee::Each;
    })
}

/// An event that `a` has and `b` failed.
fn lacking_b(fixture: &mut Fixture) -> u32 {
    let request = fixture.submit(vec![event("x", &[0, 1])]);
    fixture.respond("x", 0, &status(200));
    fixture.respond("x", 1, &CallResponse::default());
    request
}

#[test]
fn the_sdk_is_answered_as_ever_and_the_event_is_kept_for_the_one_that_lacks_it() {
    let mut fixture = Fixture::new(each_to_b());
    let request = lacking_b(&mut fixture);
    assert_eq!(fixture.take_verdicts(), [(request, accepted())]);
    assert_eq!(fixture.outbox.held_events(), 1);
    fixture.pass(Duration::from_millis(1_200));
    assert_eq!(fixture.under_way(), ["x>1"]);
    fixture.respond("x", 1, &status(200));
    assert!(fixture.outbox.is_empty());
    assert_eq!(fixture.count("held.outcome.kept"), 1);
    assert_eq!(fixture.count("held.outcome.delivered"), 1);
    assert_eq!(fixture.count("events.type.track.outcome.accepted"), 1);
    fixture.pass(Duration::from_secs(3_600));
    assert_eq!(fixture.under_way(), [""; 0]);
}

#[test]
fn settled_does_not_wait_for_what_is_kept() {
    let mut configured = each_to_b();
    configured.acknowledge = Acknowledge::Settled;
    let mut fixture = Fixture::new(configured);
    let request = lacking_b(&mut fixture);
    let again = fixture.submit(vec![event("x", &[0, 1])]);
    let expected = [(request, accepted()), (again, accepted())];
    assert_eq!(fixture.take_verdicts(), expected);
}

#[test]
fn a_webhook_that_does_not_want_each_event_is_not_tried_again() {
    let mut fixture = Fixture::new(each_to_b());
    fixture.submit(vec![event("x", &[0, 1])]);
    fixture.respond("x", 0, &status(503));
    fixture.respond("x", 1, &status(200));
    assert!(fixture.outbox.is_empty());
}

#[test]
fn no_webhook_gets_an_event_again_that_it_has() {
    let mut fixture = Fixture::new(config_with(&["a", "b", "c"], |config| {
        for webhook in &mut config.webhooks {
            webhook.guarantee = Guarantee::Each;
        }
    }));
    fixture.submit(vec![event("x", &[0, 1, 2])]);
    for (webhook, rest) in [(1, vec!["x>0", "x>2"]), (2, vec!["x>0"]), (0, vec![])] {
        for call in std::mem::take(&mut fixture.calls) {
            let code = if call.webhook == webhook { 200 } else { 503 };
            fixture.end(call.token, &status(code));
        }
        fixture.submit(vec![event("x", &[0, 1, 2])]);
        assert_eq!(fixture.under_way(), [""; 0], "a re-send is recognised");
        fixture.pass(Duration::from_secs(6));
        assert_eq!(fixture.under_way(), rest);
    }
    assert_eq!(fixture.count("held.outcome.delivered"), 1);
}

#[test]
fn it_ends_with_the_window_or_with_the_webhooks_refusals() {
    for (code, outcome) in [(503, "expired"), (422, "refused")] {
        let mut fixture = Fixture::new(each_to_b());
        lacking_b(&mut fixture);
        for _ in 0..1_000 {
            if fixture.outbox.is_empty() {
                break;
            }
            fixture.pass(Duration::from_secs(1));
            fixture.respond_all(code);
        }
        assert!(fixture.outbox.is_empty());
        assert_eq!(fixture.count(&format!("held.outcome.{outcome}")), 1);
        let again = fixture.submit(vec![event("x", &[0, 1])]);
        fixture.take_verdicts();
        assert_eq!(fixture.under_way(), [""; 0], "{again}: a has it");
    }
}

#[test]
fn another_worker_does_not_send_what_is_kept_for_one_webhook() {
    let mut one = Fixture::new(each_to_b());
    let mut two = Fixture::sharing(each_to_b(), Rc::clone(&one.shared), 2);
    lacking_b(&mut one);
    let again = two.submit(vec![event("x", &[0, 1])]);
    assert_eq!(two.take_verdicts(), [(again, accepted())]);
    assert_eq!(two.under_way(), [""; 0]);
    one.pass(Duration::from_secs(2));
    assert_eq!(one.under_way(), ["x>1"]);
}

#[test]
fn an_event_kept_for_one_webhook_is_remembered_for_as_long() {
    let mut configured = each_to_b();
    configured.dedupe.window = Duration::from_secs(120);
    let mut fixture = Fixture::new(configured.clone());
    lacking_b(&mut fixture);
    for _ in 0..700 {
        fixture.respond_all(503);
        fixture.pass(Duration::from_secs(1));
    }
    let mut two = Fixture::sharing(configured, Rc::clone(&fixture.shared), 2);
    two.now = fixture.now;
    two.submit(vec![event("x", &[0, 1])]);
    assert_eq!(two.under_way(), [""; 0]);
}

#[test]
fn the_bounds_hold_for_it() {
    let mut configured = each_to_b();
    configured.retry.max_held_events = 1;
    let mut fixture = Fixture::new(configured);
    fixture.refusing.insert(1, NotSent::NoCapacity);
    for name in ["x", "y"] {
        let request = fixture.submit(vec![event(name, &[0, 1])]);
        fixture.respond(name, 0, &status(200));
        assert_eq!(fixture.take_verdicts(), [(request, accepted())]);
    }
    assert_eq!(fixture.outbox.held_events(), 1);
    assert_eq!(fixture.count("held.outcome.no_room"), 1);
    assert_eq!(fixture.outbox.in_flight_bytes(), 0);
}

#[test]
fn a_newer_configuration_goes_on_with_those_that_lack_it() {
    let mut old = Fixture::new(each_to_b());
    lacking_b(&mut old);
    for (names, each, calls) in [
        (["c", "b"], true, vec!["x>1"]),
        (["a", "b"], false, vec![]),
        (["c", "d"], true, vec![]),
    ] {
        let mut source = Fixture::new(each_to_b());
        lacking_b(&mut source);
        let mut new = source.successor(
            config_with(&names, |config| {
                if each {
                    config.webhooks[1].guarantee = Guarantee::Each;
                }
            }),
            2,
        );
        assert_eq!(source.hand_over(&mut new), 1);
        new.pass(Duration::from_millis(100));
        assert_eq!(new.under_way(), calls, "{names:?}");
        new.respond_all(200);
        assert!(new.outbox.is_empty());
    }
    let mut new = old.successor(config(&["a", "b"]), 2);
    old.hand_over(&mut new);
    let again = new.submit(vec![event("x", &[0, 1])]);
    assert_eq!(new.take_verdicts(), [(again, accepted())]);
}

/// The names of webhooks that have none say their places, which change with the list.
#[test]
fn a_webhook_without_a_name_is_found_by_its_url() {
    let at = |urls: &[&str]| {
        config_with(&["webhook_0", "webhook_1"][..urls.len()], |config| {
            for (webhook, url) in config.webhooks.iter_mut().zip(urls) {
                webhook.authority = (*url).to_owned();
                webhook.guarantee = Guarantee::Each;
            }
        })
    };
    for (urls, calls) in [
        (vec!["a.test", "b.test"], vec!["x>1"]),
        (vec!["b.test", "a.test"], vec!["x>0"]),
        (vec!["b.test"], vec!["x>0"]),
        (vec!["a.test"], vec![]),
        // Its url has been corrected.
        (vec!["a.test", "c.test"], vec!["x>1"]),
        (vec!["c.test", "a.test"], vec![]),
    ] {
        let mut old = Fixture::new(at(&["a.test", "b.test"]));
        lacking_b(&mut old);
        let mut new = old.successor(at(&urls), 2);
        assert_eq!(old.hand_over(&mut new), 1);
        new.pass(Duration::from_millis(100));
        assert_eq!(new.under_way(), calls, "{urls:?}");
    }
    let mut named = at(&["b.test"]);
    named.webhooks[0].name = "crm".into();
    let mut old = Fixture::new(at(&["a.test", "b.test"]));
    lacking_b(&mut old);
    let mut new = old.successor(named, 2);
    old.hand_over(&mut new);
    new.pass(Duration::from_millis(100));
    assert_eq!(new.under_way(), ["x>0"]);
}
