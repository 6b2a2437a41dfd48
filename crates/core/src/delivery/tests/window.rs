//! How many calls are under way to webhooks that are quick, slow, or now one and now the other.

use std::collections::{BTreeMap, BTreeSet};

use super::fixture::{event, status, Fixture};
use crate::clock::SteadyMillis;
use crate::testing::config_with;

const LIMIT: usize = 256;

/// A worker's time for a call, in microseconds.
const CALL: u64 = 40;
const CALLS_PER_MILLI: usize = 25;

/// A worker that always has more to deliver to each webhook than it takes, and its event loop.
struct Saturated {
    fixture: Fixture,
    /// In microseconds.
    now: u64,
    /// How many microseconds a webhook takes for a call that begins at a time in milliseconds.
    latency: Box<dyn Fn(usize, SteadyMillis) -> u64>,
    /// When the calls under way are answered, with their tokens.
    answers: BTreeSet<(u64, u32)>,
    /// By token: the webhook of each call under way.
    calls: BTreeMap<u32, usize>,
    /// By webhook: events sent, calls ended, and the most calls under way at a time.
    sent: Vec<usize>,
    ended: Vec<usize>,
    most: Vec<usize>,
}

impl Saturated {
    fn new(webhooks: usize, latency: impl Fn(usize, SteadyMillis) -> u64 + 'static) -> Self {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let fixture = Fixture::new(config_with(&names[..webhooks], |config| {
            config.limits.max_in_flight_per_webhook = LIMIT;
        }));
        Self {
            now: fixture.now * 1_000,
            fixture,
            latency: Box::new(latency),
            answers: BTreeSet::new(),
            calls: BTreeMap::new(),
            sent: vec![0; webhooks],
            ended: vec![0; webhooks],
            most: vec![0; webhooks],
        }
    }

    fn run(&mut self, millis: SteadyMillis) {
        let until = self.fixture.now + millis;
        while self.fixture.now < until {
            self.top_up();
            self.turn();
        }
    }

    fn top_up(&mut self) {
        for webhook in 0..self.sent.len() {
            while self.sent[webhook] < self.ended[webhook] + 3 * LIMIT {
                let numbers = self.sent[webhook]..self.sent[webhook] + LIMIT;
                let events = numbers.map(|n| event(&format!("{webhook}-{n}"), &[webhook]));
                self.fixture.submit(events.collect());
                self.sent[webhook] += LIMIT;
                self.note_calls();
            }
        }
    }

    /// A turn of the event loop: it waits for an answer or a timer, ends the calls whose answers
    /// are there, and then runs the timer.
    fn turn(&mut self) {
        let answer = self.answers.first().map(|(at, _)| *at);
        let timer = self.fixture.outbox.poll_timeout().map(|at| at * 1_000);
        let next = answer.into_iter().chain(timer).min();
        self.pass_to(next.unwrap());
        let later = self.answers.split_off(&(self.now + 1, 0));
        for (_, token) in std::mem::replace(&mut self.answers, later) {
            self.pass_to(self.now + CALL);
            let webhook = self.calls.remove(&token).unwrap();
            self.ended[webhook] += 1;
            self.fixture.end(token, &status(200));
            self.note_calls();
        }
        let timer = self.fixture.outbox.poll_timeout();
        if timer.is_some_and(|at| at <= self.fixture.now) {
            self.fixture.tick();
            self.note_calls();
        }
    }

    fn pass_to(&mut self, now: u64) {
        self.now = self.now.max(now);
        self.fixture.now = self.now / 1_000;
    }

    /// The calls that have just begun are answered when their webhooks get to it.
    fn note_calls(&mut self) {
        for call in std::mem::take(&mut self.fixture.calls) {
            let takes = (self.latency)(call.webhook, self.fixture.now);
            self.answers.insert((self.now + takes, call.token));
            self.calls.insert(call.token, call.webhook);
            let under_way = self.calls.values().filter(|to| **to == call.webhook);
            self.most[call.webhook] = self.most[call.webhook].max(under_way.count());
        }
    }
}

#[test]
fn webhooks_that_answer_at_once_have_few_calls_under_way_and_keep_the_worker_busy() {
    for webhooks in [1, 3, 8] {
        let mut worker = Saturated::new(webhooks, |_, _| 100);
        worker.run(300);
        let ended: usize = worker.ended.iter().sum();
        assert!(ended >= 295 * CALLS_PER_MILLI, "{:?}", worker.ended);
        // The last few calls that a look is too early for are old after the next one.
        let most = worker.most.iter().max();
        assert!(most <= Some(&36), "{:?}", worker.most);
    }
}

#[test]
fn webhooks_that_are_neither_have_as_many_as_keep_the_worker_busy() {
    for millis in [3, 5, 7, 10] {
        let mut worker = Saturated::new(1, move |_, _| millis * 1_000);
        worker.run(100);
        let before = worker.ended[0];
        worker.run(300);
        let ended = worker.ended[0] - before;
        let could = 300 * CALLS_PER_MILLI;
        assert!(ended * 100 >= could * 95, "{millis} ms: {ended} of {could}");
    }
}

#[test]
fn slow_webhooks_have_as_many_calls_under_way_as_the_limit_allows() {
    for (millis, webhooks) in [(20, 1), (50, 3), (500, 3)] {
        let mut worker = Saturated::new(webhooks, move |_, _| millis * 1_000);
        worker.run(5 * millis);
        // The first calls are begun at once, and end when the second ones begin.
        let could = 4 * LIMIT;
        let ended = worker.ended.iter().min();
        assert!(ended >= Some(&could), "{millis} ms: {:?}", worker.ended);
        assert_eq!(worker.most, vec![LIMIT; webhooks], "{millis} ms");
    }
}

#[test]
fn a_webhook_that_turns_slow_and_quick_again_loses_nothing() {
    const PHASE: u64 = 3_000;
    let is_slow = |now| now / PHASE % 2 == 1;
    let mut worker = Saturated::new(1, move |_, now| if is_slow(now) { 1_000_000 } else { 100 });
    worker.run(PHASE - worker.fixture.now % PHASE);
    let before = worker.ended[0];
    worker.run(PHASE);
    // What begins in the last second ends in the next phase.
    let ended = worker.ended[0] - before;
    assert!(ended >= 2 * LIMIT, "slow: {ended}");
    let before = worker.ended[0];
    worker.run(PHASE);
    let ended = worker.ended[0] - before;
    let could = PHASE as usize * CALLS_PER_MILLI;
    assert!(ended * 100 >= could * 99, "quick again: {ended} of {could}");
}

#[test]
fn a_slow_webhook_and_quick_ones_do_not_disturb_each_other() {
    let mut worker = Saturated::new(3, |webhook, _| if webhook == 0 { 500_000 } else { 100 });
    worker.run(2_000);
    assert_eq!(worker.most[0], LIMIT);
    assert!(
        worker.most[1..].iter().all(|most| *most <= 36),
        "{:?}",
        worker.most
    );
    assert!(worker.ended[0] >= 3 * LIMIT, "{:?}", worker.ended);
    let quick = worker.ended[1] + worker.ended[2];
    let could = 2_000 * CALLS_PER_MILLI - worker.ended[0];
    assert!(quick * 100 >= could * 99, "{quick} of {could}");
}

#[test]
fn what_comes_first_is_delivered_as_quickly_as_the_limit_allows() {
    let mut worker = Saturated::new(1, |_, _| 1_000_000);
    let events = (0..10 * LIMIT).map(|n| event(&format!("e{n}"), &[0]));
    let began = worker.fixture.now;
    worker.fixture.submit(events.collect());
    while worker.ended[0] < 10 * LIMIT {
        worker.turn();
    }
    // The limit is reached after 8 looks.
    let took = worker.fixture.now - began;
    assert!(took <= 10_000 + 50, "{took} ms");
}
