//! Events that say a state and nothing of when: each is recognised until another state comes.

use std::time::Duration;

use super::dedupe::ROOM;
use super::fixture::{accepted, event, status, Fixture};
use crate::config::{Config, Guarantee};
use crate::delivery::dedupe::{Claim, DedupeTable, EventId, Owner, State};
use crate::delivery::PreparedEvent;
use crate::test_util::SharedMemory;
use crate::testing::{config, config_with};

const DEVICE: u64 = 7;

/// A state of the first subject of the device.
fn state(content: u64) -> EventId {
    EventId::of_state(DEVICE, 1 << 40, content << 40)
}

/// A worker that is alive, and whose webhooks accept everything.
struct Worker(DedupeTable);

impl Worker {
    fn new(owner: u32, shared: &mut SharedMemory) -> Self {
        let mut table = DedupeTable::new(Owner(owner), 64 * 128, Duration::from_secs(900));
        table.beat_if_due(0, shared);
        Self(table)
    }

    /// Says whether it delivered the event at this time.
    fn delivers(&mut self, id: EventId, now: u64, shared: &mut SharedMemory) -> bool {
        let Self(table) = self;
        let claim = table.claim(id, now, shared);
        if let Claim::Ours(date) = claim {
            table.settle(id, Some(date), State::Accepted, now, shared);
        }
        claim != Claim::Accepted
    }
}

#[test]
fn workers_know_the_last_state_and_no_older_one() {
    let mut shared = SharedMemory::default();
    let mut workers = [1, 2].map(|owner| Worker::new(owner, &mut shared));
    let sent = [(0, 1), (1, 1), (1, 2), (0, 2), (0, 1), (1, 1), (0, 2)];
    let delivered = (1..).zip(sent).map(|(now, (worker, content))| {
        let worker: &mut Worker = &mut workers[worker];
        worker.delivers(state(content), now * 1_000, &mut shared)
    });
    let delivered: Vec<_> = delivered.collect();
    assert_eq!(delivered, [true, false, true, false, true, false, true]);
}

#[test]
fn a_state_of_something_else_ends_none() {
    let mut shared = SharedMemory::default();
    let mut worker = Worker::new(1, &mut shared);
    assert!(worker.delivers(state(1), 0, &mut shared));
    for other in [
        EventId::of_state(DEVICE, 2 << 40, 5 << 40),
        EventId::new(DEVICE, u64::MAX),
    ] {
        assert!(worker.delivers(other, 0, &mut shared));
        assert!(!worker.delivers(state(1), 0, &mut shared), "{other:?}");
    }
}

#[test]
fn the_last_state_is_known_where_a_home_has_run_over() {
    let mut shared = SharedMemory::default();
    let mut worker = Worker::new(1, &mut shared);
    for n in 0..ROOM {
        assert!(worker.delivers(EventId::new(DEVICE, n), 0, &mut shared));
    }
    let sent = [1, 1, 2, 2, 1, 1];
    let delivered = sent.map(|content| worker.delivers(state(content), 0, &mut shared));
    assert_eq!(delivered, [true, false, true, false, true, false]);
}

#[test]
fn an_acceptance_that_is_told_late_does_not_bring_a_state_back() {
    let mut shared = SharedMemory::default();
    let Worker(mut table) = Worker::new(1, &mut shared);
    // It keeps the worker's mark from passing the claims after it.
    let slow = table.claim(EventId::new(DEVICE, 1), 0, &mut shared);
    assert!(matches!(slow, Claim::Ours(_)), "{slow:?}");
    for content in [1, 2] {
        let claim = table.claim(state(content), content, &mut shared);
        let Claim::Ours(date) = claim else {
            panic!("{claim:?}");
        };
        table.settle(
            state(content),
            Some(date),
            State::Accepted,
            content,
            &mut shared,
        );
    }
    table.beat_if_due(1_000, &mut shared);
    let mut other = DedupeTable::new(Owner(2), 64 * 128, Duration::from_secs(900));
    let claims = [2, 1].map(|content| other.claim(state(content), 1_000, &mut shared));
    assert!(
        matches!(claims, [Claim::Accepted, Claim::Ours(_)]),
        "{claims:?}"
    );
}

/// An event that says this state, for two webhooks.
fn says(name: &str, content: u64) -> PreparedEvent {
    PreparedEvent {
        may_be_dead_letter: true,
        id: Some(state(content)),
        ..event(name, &[0, 1])
    }
}

#[test]
fn a_state_comes_back_while_a_slow_webhook_still_has_the_older_one() {
    let mut fixture = Fixture::new(config(&["fast", "slow"]));
    for (name, content) in [("pro", 1), ("free", 2)] {
        fixture.submit(vec![says(name, content)]);
        fixture.respond(name, 0, &status(200));
    }
    fixture.take_verdicts();
    let last = fixture.submit(vec![says("pro", 1)]);
    assert_eq!(fixture.under_way(), ["pro>1", "free>1", "pro>0", "pro>1"]);
    fixture.respond("pro", 0, &status(200));
    assert_eq!(fixture.take_verdicts(), [(last, accepted())]);

    let again = fixture.submit(vec![says("pro", 1)]);
    assert_eq!(fixture.take_verdicts(), [(again, accepted())]);
    fixture.respond_all(200);
    assert_eq!(fixture.under_way(), [""; 0]);
    fixture.submit(vec![says("pro", 1)]);
    assert_eq!(
        fixture.under_way(),
        [""; 0],
        "recognised after all have ended"
    );
}

/// `b` is promised each event, and does not have the first `pro` when the third state comes.
fn comes_back_while_it_is_kept(fixture: &mut Fixture) {
    for (name, content) in [("pro", 1), ("free", 2)] {
        fixture.submit(vec![says(name, content)]);
        fixture.respond(name, 0, &status(200));
        fixture.respond(name, 1, &status(503));
    }
    fixture.take_verdicts();
    fixture.submit(vec![says("pro", 1)]);
    assert_eq!(fixture.under_way(), ["pro>0", "pro>1"]);
}

fn each_to_b(change: impl FnOnce(&mut Config)) -> Fixture {
    Fixture::new(config_with(&["a", "b", "dead"], |config| {
        config.webhooks[1].guarantee = Guarantee::Each;
        change(config);
    }))
}

#[test]
fn the_end_of_an_older_state_does_not_pass_for_that_of_the_same_one_which_came_back() {
    let mut fixture = each_to_b(|config| config.dead_letter = Some(2));
    comes_back_while_it_is_kept(&mut fixture);
    fixture.respond("pro", 1, &status(503));
    // The call to `a` hangs, and the older events become letters.
    for _ in 0..4 {
        fixture.pass(Duration::from_secs(5));
        let calls = std::mem::take(&mut fixture.calls);
        let (hangs, others): (Vec<_>, _) = calls.into_iter().partition(|call| call.webhook == 0);
        fixture.calls = hangs;
        for call in others {
            fixture.end(call.token, &status(422));
        }
    }
    assert_eq!(fixture.count("held.outcome.dead_letter"), 2);
    fixture.take_verdicts();
    fixture.submit(vec![says("pro", 1)]);
    assert_eq!(fixture.take_verdicts(), [], "nobody has it yet");
}

#[test]
fn a_retry_of_an_older_state_does_not_settle_the_same_one_which_came_back() {
    let mut fixture = each_to_b(|_| {});
    comes_back_while_it_is_kept(&mut fixture);
    fixture.pass(Duration::from_millis(1_300));
    // The older ones are tried again at `b`, and then all webhooks fail the new one.
    fixture.respond_all(503);
    fixture.pass(Duration::from_secs(10));
    assert!(
        fixture.under_way().contains(&"pro>0".to_owned()),
        "{:?}",
        fixture.under_way()
    );
    assert_eq!(fixture.count("held.outcome.handed_over"), 0);
}
