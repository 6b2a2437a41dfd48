//! Calls in flight and bytes in memory.

use std::rc::Rc;
use std::time::Duration;

use super::fixture::{accepted, event, status, Fixture};
use crate::config::Config;
use crate::delivery::outcome::CallResponse;
use crate::delivery::{PreparedEvent, Verdict, DELIVERY_OVERHEAD_BYTES, ENTRY_OVERHEAD_BYTES};
use crate::testing::config_with;
use crate::trace_context::TraceContext;

#[test]
fn calls_to_one_webhook_are_capped_and_go_out_in_order() {
    let mut fixture = Fixture::new(config_with(&["a"], at_most::<2>));
    fixture.submit((0..5).map(|n| event(&format!("e{n}"), &[0])).collect());
    assert_eq!(fixture.under_way(), ["e0>0", "e1>0"]);
    fixture.respond("e1", 0, &status(200));
    assert_eq!(fixture.under_way(), ["e0>0", "e2>0"]);
    fixture.respond("e2", 0, &status(500));
    assert_eq!(fixture.under_way(), ["e0>0", "e3>0"]);
}

#[test]
fn the_least_busy_webhook_is_called_first() {
    let mut fixture = Fixture::new(crate::testing::config(&["a", "b"]));
    for name in ["x", "y"] {
        fixture.submit(vec![event(name, &[0, 1])]);
        fixture.respond(name, 1, &status(200));
    }
    fixture.calls.clear();
    fixture.submit(vec![event("z", &[0, 1])]);
    assert_eq!(fixture.under_way(), ["z>1", "z>0"]);
}

#[test]
fn a_webhook_that_keeps_failing_is_called_last() {
    let mut fixture = Fixture::new(crate::testing::config(&["a", "b"]));
    for n in 0..5 {
        fixture.submit(vec![event(&format!("e{n}"), &[0, 1])]);
        fixture.respond(&format!("e{n}"), 0, &CallResponse::default());
    }
    fixture.calls.clear();
    fixture.submit(vec![event("z", &[0, 1])]);
    assert_eq!(fixture.under_way(), ["z>1", "z>0"]);
}

#[test]
fn one_webhooks_cap_does_not_hold_up_another() {
    let mut fixture = Fixture::new(config_with(&["a", "b"], at_most::<1>));
    let request = fixture.submit((0..3).map(|n| event(&format!("e{n}"), &[0, 1])).collect());
    assert_eq!(fixture.under_way(), ["e0>0", "e0>1"]);
    for n in 0..3 {
        fixture.respond(&format!("e{n}"), 1, &status(200));
    }
    assert_eq!(fixture.under_way(), ["e0>0"]);
    assert_eq!(fixture.take_verdicts(), [(request, accepted())]);
}

/// At most so many calls to each webhook.
fn at_most<const CALLS: usize>(config: &mut Config) {
    config.limits.max_in_flight_per_webhook = CALLS;
}

/// Room for four events with ten bytes of payload, that all these webhooks want.
fn tight(webhooks: &[&str]) -> Fixture {
    let mut config = config_with(webhooks, at_most::<1>);
    // Less than a configuration may say, so that four events fill it.
    let deliveries = webhooks.len() * DELIVERY_OVERHEAD_BYTES;
    config.limits.max_in_flight_bytes = 4 * (10 + ENTRY_OVERHEAD_BYTES + deliveries);
    Fixture::new(config)
}

fn ten_bytes(n: usize, webhooks: &[usize]) -> PreparedEvent {
    event(&format!("event-{n:04}"), webhooks)
}

#[test]
fn past_the_cap_on_bytes_a_request_is_refused_whole() {
    let mut fixture = tight(&["a", "b"]);
    fixture.submit((0..3).map(|n| ten_bytes(n, &[0])).collect());
    let request = fixture.submit((3..5).map(|n| ten_bytes(n, &[0])).collect());
    let after = Duration::from_secs(2);
    assert_eq!(
        fixture.take_verdicts(),
        [(request, Verdict::Overloaded { after })]
    );
    fixture.respond("event-0000", 0, &status(200));
    fixture.submit((5..7).map(|n| ten_bytes(n, &[0])).collect());
    assert_eq!(fixture.take_verdicts(), []);
    for n in [1, 2, 5, 6] {
        fixture.respond(&format!("event-{n:04}"), 0, &status(200));
    }
    assert!(fixture.outbox.is_empty());
}

#[test]
fn a_dead_webhook_does_not_cost_new_events_their_place() {
    let mut fixture = tight(&["a", "b"]);
    // Webhook 0 never answers; webhook 1 accepts, so that only waiting deliveries to 0 hold the
    // memory.
    for n in 0..12 {
        fixture.submit(vec![ten_bytes(n, &[0, 1])]);
        fixture.respond(&format!("event-{n:04}"), 1, &status(200));
        let verdicts = fixture.take_verdicts();
        assert!(
            matches!(verdicts[..], [(_, Verdict::Accepted { .. })]),
            "{n}: {verdicts:?}"
        );
    }
    assert_eq!(fixture.under_way(), ["event-0000>0"]);
    assert_eq!(fixture.count("deliveries.webhook.a.outcome.not_sent"), 8);
    assert_eq!(fixture.count("deliveries.webhook.b.outcome.delivered"), 12);
}

#[test]
fn a_kept_event_that_is_sent_again_and_again_takes_no_more_memory() {
    let mut fixture = Fixture::new(config_with(&["a"], |_| {}));
    let wish = CallResponse {
        retry_after: Some(b"60".to_vec()),
        ..status(503)
    };
    for _ in 0..1_000 {
        fixture.submit(vec![event("x", &[0])]);
        fixture.respond("x", 0, &wish);
        fixture.pass(Duration::from_millis(10));
    }
    assert_eq!(fixture.outbox.held_events(), 1);
    let times = fixture.outbox.schedule.len();
    assert!(times < 100, "{times}");
    // The last of them holds.
    fixture.pass(Duration::from_secs(59));
    assert_eq!(fixture.under_way(), [""; 0]);
    fixture.pass(Duration::from_secs(30));
    assert_eq!(fixture.under_way(), ["x>0"]);
}

#[test]
fn the_oldest_event_makes_room_with_all_its_deliveries() {
    let mut fixture = tight(&["a", "b", "c"]);
    // Webhooks 0 and 1 never answer.
    for n in 0..12 {
        fixture.submit(vec![ten_bytes(n, &[0, 1, 2])]);
        fixture.respond(&format!("event-{n:04}"), 2, &status(200));
    }
    for webhook in ["a", "b"] {
        let shed = fixture.count(&format!("deliveries.webhook.{webhook}.outcome.not_sent"));
        assert_eq!(shed, 8, "{webhook}");
    }
    fixture.respond("event-0000", 0, &CallResponse::default());
    fixture.respond("event-0000", 1, &CallResponse::default());
    assert_eq!(fixture.under_way(), ["event-0009>0", "event-0009>1"]);
}

#[test]
fn a_request_that_can_never_fit_costs_nobody_a_place() {
    let mut fixture = tight(&["a", "b"]);
    for n in 0..3 {
        fixture.submit(vec![ten_bytes(n, &[0, 1])]);
        fixture.respond(&format!("event-{n:04}"), 1, &status(200));
    }
    fixture.take_verdicts();
    fixture.submit((3..8).map(|n| ten_bytes(n, &[0, 1])).collect());
    assert!(matches!(
        fixture.take_verdicts()[..],
        [(_, Verdict::Overloaded { .. })]
    ),);
    assert_eq!(fixture.count("deliveries.webhook.a.outcome.not_sent"), 0);
}

#[test]
fn the_places_in_queues_are_counted() {
    let [one, three] = [&[0][..], &[0, 1, 2]].map(|webhooks| event("x", webhooks).cost());
    assert_eq!(three - one, 2 * DELIVERY_OVERHEAD_BYTES);
}

#[test]
fn the_memory_of_a_trace_is_counted() {
    let plain = event("x", &[0]);
    let value = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let traced = PreparedEvent {
        trace: TraceContext::parse(value).map(Rc::new),
        ..plain.clone()
    };
    assert_eq!(traced.cost() - plain.cost(), TraceContext::COST_BYTES);
}

/// As many webhooks as there may be, of which each wants each of these events.
fn crowd(events: usize) -> Fixture {
    let names: Vec<_> = (0..32).map(|n| format!("w{n}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let all: Vec<_> = (0..32).collect();
    let mut fixture = Fixture::new(config_with(&names, |_| {}));
    fixture.submit((0..events).map(|n| event(&format!("e{n}"), &all)).collect());
    fixture.pass(Duration::from_secs(1));
    fixture
}

#[test]
fn calls_to_all_webhooks_together_have_a_bound() {
    let mut fixture = crowd(500);
    let (mut most, mut made) = (0, 0);
    while !fixture.calls.is_empty() {
        most = most.max(fixture.calls.len());
        // All of them answer in one moment.
        made += fixture.calls.len();
        fixture.respond_all(200);
        fixture.pass(Duration::from_secs(1));
    }
    assert!((1_024..=2_048).contains(&most), "{most}");
    assert_eq!(made, 500 * 32);
    assert!(fixture.outbox.is_empty());
}

#[test]
fn webhooks_that_hang_leave_calls_to_the_others() {
    let mut fixture = crowd(400);
    let mut delivered = 0;
    // Before the first call times out, the others have everything.
    for _ in 0..300 {
        let (hang, answer): (Vec<_>, Vec<_>) = std::mem::take(&mut fixture.calls)
            .into_iter()
            .partition(|call| call.webhook < 16);
        fixture.calls = hang;
        delivered += answer.len();
        for call in answer {
            fixture.end(call.token, &status(200));
        }
        assert!(fixture.calls.len() <= 2_048, "{}", fixture.calls.len());
        fixture.pass(Duration::from_millis(10));
    }
    assert_eq!(delivered, 400 * 16);
}
