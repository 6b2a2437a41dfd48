//! Three workers, what may happen to them, and what must be true all the while.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use super::fixture::{event, status, Fixture, Made};
use crate::clock::{millis, SteadyMillis};
use crate::config::{Acknowledge, Batch, BatchFormat, Config, Guarantee};
use crate::delivery::dedupe::TOLD_WITHIN;
use crate::delivery::outcome::{CallResponse, NotSent};
use crate::delivery::{Outbox, PreparedEvent, Verdict};
use crate::test_util::SharedMemory;
use crate::testing::config;

pub(super) const WORKERS: usize = 3;
/// Those that get events; the dead letter webhook comes after them.
pub(super) const WEBHOOKS: usize = 3;
const DEAD_LETTER: usize = WEBHOOKS;
const MOST_IN_FLIGHT: usize = 2;
/// Events in one call to a webhook with `batch`.
const MOST_TOGETHER: usize = 4;
const MOST_HELD: usize = 4;
const MOST_BYTES: usize = 8 * 500;
/// Time passes in steps of at most this many milliseconds, and what happened is seen at their ends.
const LONGEST_STEP: SteadyMillis = 500;

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A request on a worker, with events by name and the webhooks that want them.
    Submit(usize, Vec<(u8, u8)>),
    /// The SDK sends an earlier request again, perhaps to another worker.
    SendAgain(usize, usize),
    /// The SDK sends the events of two earlier requests again in one, the last ones first.
    Regroup(usize, usize, usize),
    /// A call under way ends.
    End(usize, usize, Ending),
    /// The host refuses calls to a webhook, or makes them again.
    Refuse(usize, usize, bool),
    Pass(u64),
    /// A worker's VM dies and comes back empty.
    Die(usize),
    /// A worker gets a new configuration; the old one drains.
    Replace(usize),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Ending {
    Delivered,
    Status(u16),
    RetryAfter(u32),
    Broken,
    TimedOut,
}

fn configuration(acknowledge: Acknowledge) -> Config {
    let mut config = config(&["a", "b", "c", "dead"]);
    config.dead_letter = Some(DEAD_LETTER);
    config.webhooks[2].guarantee = Guarantee::Each;
    for (webhook, format, max_wait) in [
        (1, BatchFormat::JsonArray, Duration::ZERO),
        (2, BatchFormat::Ndjson, Duration::from_millis(50)),
    ] {
        config.webhooks[webhook].batch = Some(Batch {
            format,
            max_events: MOST_TOGETHER,
            max_wait,
            ..Batch::default()
        });
    }
    config.retry.max_refusals = 2;
    config.retry.window = Duration::from_secs(120);
    config.retry.max_backoff = Duration::from_secs(20);
    config.dedupe.window = Duration::from_secs(3_600);
    config.acknowledge = acknowledge;
    config.limits.max_in_flight_per_webhook = MOST_IN_FLIGHT;
    config.limits.max_in_flight_bytes = MOST_BYTES;
    config.retry.max_held_events = MOST_HELD;
    config
}

/// A request as its SDK remembers it.
#[derive(Clone, Debug)]
pub(super) struct Request {
    events: Vec<(u8, u8)>,
    sent: SteadyMillis,
    pub(super) verdict: Option<Verdict>,
}

/// The workers, and everything that an observer of both ends can know.
pub(super) struct World {
    acknowledge: Acknowledge,
    pub(super) fixtures: Vec<Fixture>,
    /// Configurations that have been replaced, each with its worker.
    pub(super) draining: Vec<(usize, Fixture)>,
    owners: u32,
    /// By owner and number.
    pub(super) requests: BTreeMap<(u32, u32), Request>,
    /// Event and webhook, once the webhook has said 2xx.
    delivered: BTreeSet<(String, usize)>,
    /// When which owner first heard that a webhook has the event.
    accepted: BTreeMap<String, (u32, SteadyMillis)>,
    /// Events whose owner died before it told that a webhook has them.
    untold: BTreeSet<String>,
    /// Event and webhook, once the webhook has refused it.
    refused: BTreeSet<(String, usize)>,
    seen_tokens: BTreeSet<(u32, u32)>,
}

impl World {
    pub(super) fn new(acknowledge: Acknowledge) -> Self {
        let shared = Rc::new(RefCell::new(SharedMemory::contended()));
        let fixtures = (0..WORKERS as u32)
            .map(|worker| {
                Fixture::sharing(configuration(acknowledge), Rc::clone(&shared), worker + 1)
            })
            .collect();
        Self {
            acknowledge,
            fixtures,
            draining: Vec::new(),
            owners: WORKERS as u32,
            requests: BTreeMap::new(),
            delivered: BTreeSet::new(),
            accepted: BTreeMap::new(),
            untold: BTreeSet::new(),
            refused: BTreeSet::new(),
            seen_tokens: BTreeSet::new(),
        }
    }

    /// Puts an empty outbox in the place of a worker's.
    fn replace(&mut self, worker: usize) -> Fixture {
        self.owners += 1;
        let new = self.fixtures[worker].successor(configuration(self.acknowledge), self.owners);
        std::mem::replace(&mut self.fixtures[worker], new)
    }

    /// What drains gives what it keeps to the worker's newest configuration.
    fn hand_over(&mut self) {
        for (worker, old) in &mut self.draining {
            let new = &mut self.fixtures[*worker];
            old.hand_over(new);
            new.drive();
        }
    }

    pub(super) fn run(&mut self, step: &Step) {
        match step {
            Step::Submit(worker, events) => self.submit(*worker, events.clone()),
            Step::SendAgain(worker, index) => {
                let again = self
                    .requests
                    .values()
                    .nth(index % self.requests.len().max(1));
                if let Some(events) = again.map(|request| request.events.clone()) {
                    self.submit(*worker, events);
                }
            }
            Step::Regroup(worker, one, other) => {
                let earlier: Vec<_> = self.requests.values().collect();
                let events = [one, other].map(|index| {
                    let request = earlier.get(index % earlier.len().max(1));
                    request.map_or(&[][..], |request| &request.events)
                });
                let mut events = events.concat();
                events.reverse();
                self.submit(*worker, events);
            }
            Step::End(worker, index, how) => {
                let calls = &self.fixtures[*worker].calls;
                if let Some(call) = calls.get(index % calls.len().max(1)).cloned() {
                    self.end(*worker, &call, *how);
                }
            }
            Step::Refuse(worker, webhook, on) => {
                let refusing = &mut self.fixtures[*worker].refusing;
                if *on {
                    refusing.insert(*webhook, NotSent::NoCapacity);
                } else {
                    refusing.remove(webhook);
                }
            }
            Step::Pass(millis) => self.pass(*millis),
            Step::Die(worker) => {
                let dead = self.replace(*worker);
                let told_by = dead.now.saturating_sub(millis(TOLD_WITHIN));
                let untold = self
                    .accepted
                    .iter()
                    .filter(|(_, (owner, at))| *owner == dead.owner && *at >= told_by);
                self.untold.extend(untold.map(|(name, _)| name.clone()));
                self.requests.retain(|(owner, _), request| {
                    *owner != dead.owner || request.verdict.is_some()
                });
            }
            Step::Replace(worker) => {
                let old = self.replace(*worker);
                self.draining.push((*worker, old));
                self.hand_over();
            }
        }
        self.observe();
    }

    fn submit(&mut self, worker: usize, events: Vec<(u8, u8)>) {
        let fixture = &mut self.fixtures[worker];
        let request = Request {
            events: events.clone(),
            sent: fixture.now,
            verdict: None,
        };
        let events = events
            .iter()
            .map(|(name, wanted)| {
                let webhooks: Vec<_> = (0..WEBHOOKS)
                    .filter(|webhook| wanted >> webhook & 1 == 1)
                    .collect();
                PreparedEvent {
                    may_be_dead_letter: name % 2 == 0,
                    ..event(&format!("event-{name}"), &webhooks)
                }
            })
            .collect();
        let number = fixture.submit(events);
        self.requests.insert((fixture.owner, number), request);
    }

    fn end(&mut self, worker: usize, call: &Made, how: Ending) {
        let response = match how {
            Ending::Delivered => status(200),
            Ending::Status(code) => status(code),
            Ending::RetryAfter(seconds) => CallResponse {
                retry_after: Some(seconds.to_string().into_bytes()),
                ..status(429)
            },
            Ending::Broken => CallResponse::default(),
            Ending::TimedOut => CallResponse {
                status: Some(504),
                ..CallResponse::default()
            },
        };
        let events = events_of(call);
        // Of several nobody knows which one is refused.
        if let (Ending::Status(400), [event]) = (how, &events[..]) {
            self.refused.insert((event.clone(), call.webhook));
        }
        if matches!(how, Ending::Delivered) && call.webhook != DEAD_LETTER {
            let fixture = self.fixture(worker);
            let heard = (fixture.owner, fixture.now);
            for event in events {
                self.accepted.entry(event.clone()).or_insert(heard);
                self.delivered.insert((event, call.webhook));
            }
        }
        let fixture = self.fixture(worker);
        fixture.calls.retain(|made| made.token != call.token);
        fixture.end(call.token, &response);
        self.hand_over();
    }

    /// The workers, then what drains.
    fn fixture(&mut self, index: usize) -> &mut Fixture {
        match index.checked_sub(self.fixtures.len()) {
            None => &mut self.fixtures[index],
            Some(index) => &mut self.draining[index].1,
        }
    }

    /// Time passes for all workers alike; calls end at their timeout as the host would end them.
    fn pass(&mut self, millis: u64) {
        let until = self.fixtures[0].now + millis;
        while self.fixtures[0].now < until {
            let now = self.fixtures[0].now;
            let draining = self.draining.iter().map(|(_, fixture)| fixture);
            let calls = self
                .fixtures
                .iter()
                .chain(draining)
                .flat_map(|fixture| &fixture.calls);
            let next_end = calls.map(|call| call.ends_at).min().unwrap_or(until);
            let to = next_end.clamp(now + 1, until.min(now + LONGEST_STEP));
            for index in 0..self.fixtures.len() + self.draining.len() {
                self.fixture(index).pass(Duration::from_millis(to - now));
                for call in self.fixture(index).calls.clone() {
                    if call.ends_at <= to {
                        self.end(index, &call, Ending::TimedOut);
                    }
                }
            }
            self.hand_over();
            self.observe();
        }
    }

    fn observe(&mut self) {
        let draining = self.draining.iter_mut().map(|(_, fixture)| fixture);
        for fixture in self.fixtures.iter_mut().chain(draining) {
            for (number, verdict) in fixture.take_verdicts() {
                let request = self.requests.get_mut(&(fixture.owner, number)).unwrap();
                assert_eq!(request.verdict, None, "answered twice: {request:?}");
                assert!(
                    fixture.now - request.sent <= 25_000 + LONGEST_STEP,
                    "answered late: {request:?} at {}",
                    fixture.now
                );
                if let Verdict::Accepted { refused } = &verdict {
                    for (index, (name, _)) in (0_u32..).zip(&request.events) {
                        if refused.contains(&index) {
                            let refused = (0..WEBHOOKS).any(|webhook| {
                                self.refused.contains(&(format!("event-{name}"), webhook))
                            });
                            assert!(refused, "{name} named as refused, and nobody refused it");
                            continue;
                        }
                        let name = format!("event-{name}");
                        let has_it = (0..WEBHOOKS)
                            .any(|webhook| self.delivered.contains(&(name.clone(), webhook)));
                        assert!(has_it, "{name} answered as accepted, and nobody has it");
                    }
                }
                request.verdict = Some(verdict);
            }
            let mut in_flight = [0; WEBHOOKS + 1];
            for call in &fixture.calls {
                in_flight[call.webhook] += 1;
                assert_eq!(
                    call.webhook == DEAD_LETTER,
                    call.dead_letter.is_some(),
                    "{call:?}"
                );
                if self.seen_tokens.insert((fixture.owner, call.token)) {
                    let events = events_of(call);
                    for event in &events {
                        let to = (event.clone(), call.webhook);
                        assert!(
                            !self.delivered.contains(&to) || self.untold.contains(event),
                            "sent again to who has it: {call:?}"
                        );
                    }
                    let different: BTreeSet<_> = events.iter().collect();
                    assert_eq!(different.len(), events.len(), "twice in one call: {call:?}");
                    assert!(events.len() <= MOST_TOGETHER, "{call:?}");
                }
            }
            for count in in_flight {
                assert!(count <= MOST_IN_FLIGHT, "{count} calls in flight");
            }
            assert!(fixture.outbox.held_events() <= MOST_HELD);
            assert!(fixture.outbox.in_flight_bytes() <= MOST_BYTES);
        }
    }

    /// Everything fails from now on, until nothing is left.
    pub(super) fn end_all(&mut self) {
        for fixture in &mut self.fixtures {
            fixture.refusing.clear();
        }
        for (_, fixture) in &mut self.draining {
            fixture.refusing.clear();
        }
        // Two windows: what expires may be a dead letter for another one.
        for _ in 0..400 {
            for index in 0..self.fixtures.len() + self.draining.len() {
                for call in self.fixture(index).calls.clone() {
                    self.end(index, &call, Ending::TimedOut);
                }
            }
            self.pass(1_000);
        }
    }
}

/// The names of the events that a call carries.
fn events_of(call: &Made) -> Vec<String> {
    let list = match call.webhook {
        1 => call
            .payload
            .strip_prefix('[')
            .unwrap()
            .strip_suffix(']')
            .unwrap(),
        2 => call.payload.strip_suffix('\n').unwrap(),
        _ => return vec![call.payload.clone()],
    };
    list.split([',', '\n']).map(str::to_owned).collect()
}

impl<T: std::fmt::Debug> Outbox<T> {
    /// How often an event has been looked up.
    pub(super) fn looks(&self) -> usize {
        self.store.looks()
    }

    /// Nothing is left, and every counter says so.
    pub(super) fn assert_idle(&self) {
        assert!(self.is_empty(), "{self:?}");
        assert!(self.attempts.is_empty(), "{self:?}");
        assert_eq!(self.store.counters(), [0; 6], "{self:?}");
        assert_eq!(self.queues.in_flight(), 0, "{self:?}");
    }
}
