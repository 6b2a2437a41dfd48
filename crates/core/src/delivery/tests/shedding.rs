//! Events that give way when there is no room.

use super::fixture::{event, status, Fixture};
use crate::config::{Config, Guarantee};
use crate::delivery::outcome::CallResponse;
use crate::delivery::{Verdict, DELIVERY_OVERHEAD_BYTES, ENTRY_OVERHEAD_BYTES};
use crate::testing::config_with;

/// Events have names of ten bytes, and two webhooks want them.
const EVENT_BYTES: usize = 10 + ENTRY_OVERHEAD_BYTES + 2 * DELIVERY_OVERHEAD_BYTES;

/// Room for so many events, and one call at a time to each webhook.
fn room_for(events: usize) -> impl FnOnce(&mut Config) {
    move |config| {
        config.limits.max_in_flight_per_webhook = 1;
        // Less than a configuration may say.
        config.limits.max_in_flight_bytes = events * EVENT_BYTES;
    }
}

fn name(n: usize) -> String {
    format!("event-{n:04}")
}

/// Events `from..to` for the webhooks 0 and 1, which 1 has, so that they wait for 0 alone.
fn wait_for_0(fixture: &mut Fixture, from: usize, to: usize) {
    for n in from..to {
        fixture.submit(vec![event(&name(n), &[0, 1])]);
        fixture.respond(&name(n), 1, &status(200));
    }
    fixture.take_verdicts();
}

fn is_overloaded(fixture: &mut Fixture) -> bool {
    matches!(
        fixture.take_verdicts()[..],
        [(_, Verdict::Overloaded { .. })]
    )
}

#[test]
fn a_request_that_would_not_fit_all_the_same_costs_nobody_a_delivery() {
    let mut fixture = Fixture::new(config_with(&["a", "b", "c"], room_for(6)));
    // Two events that no webhook has, one under way to 0 and two that wait for it.
    fixture.submit(vec![event(&name(0), &[2])]);
    fixture.submit(vec![event(&name(1), &[2])]);
    wait_for_0(&mut fixture, 2, 5);
    // There is room for one more, and two could be shed.
    fixture.submit((5..9).map(|n| event(&name(n), &[1])).collect());
    assert!(is_overloaded(&mut fixture));
    assert_eq!(fixture.count("deliveries.webhook.a.outcome.not_sent"), 0);
    fixture.submit((5..8).map(|n| event(&name(n), &[1])).collect());
    assert!(!is_overloaded(&mut fixture));
    assert_eq!(fixture.count("deliveries.webhook.a.outcome.not_sent"), 2);
}

#[test]
fn an_event_with_a_call_under_way_keeps_its_memory_and_its_deliveries() {
    let mut fixture = Fixture::new(config_with(&["a", "b", "c"], |config| {
        room_for(2)(config);
        // A third webhook wants one of them.
        config.limits.max_in_flight_bytes += DELIVERY_OVERHEAD_BYTES;
    }));
    fixture.submit(vec![event(&name(0), &[0, 1])]);
    fixture.submit(vec![event(&name(1), &[0, 1, 2])]);
    fixture.respond(&name(0), 1, &status(200));
    fixture.respond(&name(1), 1, &status(200));
    assert_eq!(fixture.under_way(), ["event-0000>0", "event-0001>2"]);
    fixture.submit(vec![event(&name(2), &[1])]);
    assert!(fixture.under_way().len() == 2);
    assert_eq!(fixture.count("deliveries.webhook.a.outcome.not_sent"), 0);
    // Once it has ended, the delivery that waits is all that keeps the memory.
    fixture.respond(&name(1), 2, &status(200));
    fixture.submit(vec![event(&name(2), &[1])]);
    assert_eq!(fixture.under_way(), ["event-0000>0", "event-0002>1"]);
    assert_eq!(fixture.count("deliveries.webhook.a.outcome.not_sent"), 1);
}

#[test]
fn an_event_that_a_webhook_is_owed_is_not_shed() {
    let mut fixture = Fixture::new(config_with(&["a", "b"], |config| {
        config.webhooks[0].guarantee = Guarantee::Each;
        room_for(3)(config);
    }));
    wait_for_0(&mut fixture, 0, 3);
    fixture.submit(vec![event(&name(3), &[1])]);
    assert!(is_overloaded(&mut fixture));
    fixture.respond(&name(0), 0, &CallResponse::default());
    assert_eq!(fixture.under_way(), ["event-0001>0"]);
    assert_eq!(fixture.outbox.held_events(), 1);
}

#[test]
fn to_make_room_costs_the_same_however_much_waits() {
    let looks_of = |waiting: usize| {
        let mut fixture = Fixture::new(config_with(&["a", "b"], |config| {
            config.retry.max_held_events = waiting;
            room_for(waiting + 10)(config);
            config.limits.max_in_flight_bytes -= waiting * DELIVERY_OVERHEAD_BYTES;
        }));
        // One webhook wants these. Nobody has them, and they stand before those that could be shed.
        fixture.submit((0..waiting).map(|n| event(&name(n), &[0])).collect());
        wait_for_0(&mut fixture, 10_000, 10_010);
        let before = fixture.outbox.looks();
        wait_for_0(&mut fixture, 20_000, 20_100);
        let shed = fixture.count("deliveries.webhook.a.outcome.not_sent");
        // Names of five digits are a byte longer.
        assert!((100..=101).contains(&shed), "{shed}");
        let after = fixture.outbox.looks();
        fixture.submit((0..20).map(|n| event(&name(n + 30_000), &[1])).collect());
        assert!(is_overloaded(&mut fixture));
        (after - before, fixture.outbox.looks() - after)
    };
    let few = looks_of(10);
    assert_eq!(looks_of(10_000), few);
    assert!(few.0 < 40 * 100 && few.1 < 10, "{few:?}");
}
