//! More events than a webhook takes.

use std::collections::BTreeMap;
use std::time::Duration;

use super::fixture::{event, status, Fixture};
use crate::delivery::outcome::CallResponse;
use crate::delivery::Verdict;
use crate::testing::config_with;

const CALLS: usize = 16;
const STEP: Duration = Duration::from_millis(50);

/// The result of a minute of overload.
#[derive(Debug, Default)]
struct Minute {
    /// Events that the webhook accepted.
    accepted: usize,
    /// Calls of events that it had accepted before.
    doubled: usize,
    /// Calls that had less than the webhook's time.
    cut_short: usize,
    /// How long the slowest 503 took, in ms.
    slowest_503: u64,
    answered_503: usize,
}

/// Offers `rate` events a second to a webhook whose calls take this many ms, by the time in ms.
fn minute(rate: usize, takes: impl Fn(u64) -> u64) -> Minute {
    minute_of(rate, CALLS, |at| at + takes(at))
}

/// The same with so many calls at a time, and by when a call ends that begins now.
fn minute_of(rate: usize, calls: usize, mut ends: impl FnMut(u64) -> u64) -> Minute {
    let mut fixture = Fixture::new(config_with(&["a"], |config| {
        config.limits.max_in_flight_per_webhook = calls;
    }));
    let mut minute = Minute::default();
    let (mut sent, mut has) = (BTreeMap::new(), BTreeMap::new());
    let mut ends_at = BTreeMap::new();
    let (start, mut offered) = (fixture.now, 0);
    while fixture.now < start + 60_000 {
        fixture.pass(STEP);
        let now = fixture.now;
        for call in std::mem::take(&mut fixture.calls) {
            let began = call.ends_at - 5_000;
            minute.cut_short += usize::from(call.timeout < Duration::from_secs(5));
            let known = ends_at.entry(call.token);
            let takes = *known.or_insert_with(|| ends(began - start)) - (began - start);
            if now >= began + takes.min(5_000) {
                if takes <= 5_000 {
                    *has.entry(call.payload).or_insert(0) += 1;
                    fixture.end(call.token, &status(200));
                } else {
                    fixture.end(call.token, &timed_out());
                }
            } else {
                fixture.calls.push(call);
            }
        }
        while offered < rate * (now - start) as usize / 1_000 {
            let request = fixture.submit(vec![event(&format!("e{offered}"), &[0])]);
            sent.insert(request, now);
            offered += 1;
        }
        for (request, verdict) in fixture.take_verdicts() {
            if matches!(verdict, Verdict::Retry { .. }) {
                minute.answered_503 += 1;
                minute.slowest_503 = minute.slowest_503.max(now - sent[&request]);
            }
        }
    }
    minute.accepted = has.len();
    minute.doubled = has.values().filter(|times| **times > 1).count();
    minute
}

/// Envoy's answer to a call that took too long.
fn timed_out() -> CallResponse {
    CallResponse {
        status: Some(504),
        ..CallResponse::default()
    }
}

#[test]
fn twice_what_a_healthy_webhook_takes_leaves_it_what_it_takes() {
    for takes in [100, 1_000, 2_500] {
        let capacity = CALLS * 1_000 / takes as usize;
        let minute = minute(2 * capacity, |_| takes);
        let could = 60 * capacity;
        assert!(minute.accepted * 10 >= could * 8, "{could}: {minute:?}");
        assert_eq!((minute.doubled, minute.cut_short), (0, 0));
        assert!(minute.answered_503 > could / 2, "{could}: {minute:?}");
        assert!(minute.slowest_503 <= 1_000, "{takes}: {minute:?}");
    }
}

#[test]
fn a_webhook_that_becomes_half_as_quick_loses_nothing_that_was_queued() {
    let minute = minute(2 * CALLS, |at| if at < 30_000 { 1_000 } else { 2_000 });
    let could = 30 * CALLS + 15 * CALLS;
    assert!(minute.accepted * 10 >= could * 8, "{could}: {minute:?}");
    assert_eq!((minute.doubled, minute.cut_short), (0, 0));
    assert!(minute.slowest_503 <= 1_000, "{minute:?}");
}

/// It works on 128 calls at a time, and the others wait in it.
#[test]
fn a_limit_that_is_tried_out_queues_no_more_than_the_webhook_takes() {
    let mut free_at = [0; 128];
    let minute = minute_of(320, 256, |at| {
        let first = free_at.iter_mut().min().unwrap();
        *first = at.max(*first) + if at < 30_000 { 800 } else { 1_600 };
        *first
    });
    let could = 30 * 160 + 30 * 80;
    assert!(minute.accepted * 10 >= could * 8, "{could}: {minute:?}");
    assert_eq!((minute.doubled, minute.cut_short), (0, 0));
    assert!(minute.slowest_503 <= 1_000, "{minute:?}");
}

#[test]
fn behind_a_webhook_that_keeps_failing_nobody_waits() {
    let mut fixture = Fixture::new(config_with(&["a"], |config| {
        config.limits.max_in_flight_per_webhook = CALLS;
    }));
    fixture.submit((0..100).map(|n| event(&format!("e{n}"), &[0])).collect());
    assert_eq!(fixture.calls.len(), CALLS);
    // The fifth failure shows that it keeps failing: events that wait are given back.
    fixture.pass(Duration::from_secs(5));
    for _ in 0..5 {
        let call = fixture.calls.remove(0);
        fixture.end(call.token, &timed_out());
    }
    assert_eq!(fixture.calls.len(), CALLS - 1);
    assert_eq!(fixture.outbox.held_events(), 100 - (CALLS - 1));
    // There is room for one call, and then for none.
    fixture.submit(vec![event("new", &[0])]);
    assert_eq!(fixture.calls.len(), CALLS);
    let request = fixture.submit(vec![event("newer", &[0])]);
    assert!(matches!(
        fixture.take_verdicts()[..],
        [(late, Verdict::Retry { held: true, .. })] if late == request
    ));
}

#[test]
fn copies_of_calls_are_bounded_as_payloads_are() {
    let mut fixture = Fixture::new(config_with(&["a", "b"], |config| {
        config.limits.max_in_flight_bytes = 65_536;
    }));
    for name in ["x", "y", "z"] {
        let mut large = event(name, &[0, 1]);
        large.payload = vec![b'a'; 20_000].into();
        fixture.submit(vec![large]);
    }
    // The fourth comes to more than the limit, and those after it wait.
    assert_eq!(fixture.calls.len(), 4);
    let call = fixture.calls.remove(0);
    fixture.end(call.token, &status(200));
    assert_eq!(fixture.calls.len(), 4);
    for _ in 0..5 {
        let call = fixture.calls.remove(0);
        fixture.end(call.token, &status(200));
    }
    assert!(fixture.outbox.is_empty());
}

#[test]
fn a_retry_without_a_turn_waits_and_is_no_failure() {
    let mut fixture = Fixture::new(config_with(&["a"], |config| {
        config.limits.max_in_flight_per_webhook = 1;
    }));
    // Each call takes 4 s, and there are always more than have their turn in time.
    let mut busy = 0;
    while fixture.now < 200_000 {
        fixture.submit(
            (busy..busy + 4)
                .map(|n| event(&format!("e{n}"), &[0]))
                .collect(),
        );
        busy += 4;
        fixture.pass(Duration::from_secs(4));
        fixture.respond_all(200);
    }
    let held = fixture.outbox.held_events();
    assert!(held > 50, "{held}");
    // Nothing has been tried in vain, so that each comes as soon as there is a turn for it.
    let quiet = fixture.now;
    while fixture.now < quiet + 10_000 {
        fixture.respond_all(200);
        fixture.pass(Duration::from_millis(10));
    }
    assert_eq!(fixture.outbox.held_events(), 0);
}

#[test]
fn many_calls_are_made_over_many_turns_of_the_loop() {
    let names: Vec<_> = (0..32).map(|n| format!("w{n}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let mut fixture = Fixture::new(crate::testing::config(&names));
    let all: Vec<_> = (0..32).collect();
    fixture.submit((0..256).map(|n| event(&format!("e{n}"), &all)).collect());
    let mut made = vec![fixture.calls.len()];
    while fixture.calls.len() < 32 * 32 {
        let at = fixture.outbox.poll_timeout().unwrap();
        assert!(at <= fixture.now + 4, "{at}");
        fixture.pass(Duration::from_millis(at - fixture.now));
        made.push(fixture.calls.len() - made.iter().sum::<usize>());
    }
    assert!(made.iter().all(|calls| *calls <= 150), "{made:?}");
    assert!((8..=12).contains(&made.len()), "{made:?}");
    assert!(fixture
        .calls
        .iter()
        .all(|call| call.timeout == Duration::from_secs(5)));
}

#[test]
fn a_turn_of_the_loop_in_which_many_calls_end_makes_no_more_than_another() {
    let names: Vec<_> = (0..32).map(|n| format!("w{n}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let mut fixture = Fixture::new(crate::testing::config(&names));
    let all: Vec<_> = (0..32).collect();
    fixture.submit((0..256).map(|n| event(&format!("e{n}"), &all)).collect());
    fixture.pass(Duration::from_millis(20));
    let under_way = fixture.calls.len();
    assert!((500..32 * 32).contains(&under_way), "{under_way}");
    // Time passes in this turn, and no tick comes.
    for call in std::mem::take(&mut fixture.calls) {
        fixture.now += 1;
        fixture.end(call.token, &status(200));
    }
    assert!(fixture.calls.len() <= 134, "{}", fixture.calls.len());
}
