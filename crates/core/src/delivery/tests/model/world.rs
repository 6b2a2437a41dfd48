//! Three workers, the webhooks that they call, and what an observer of both ends knows.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use super::configuration::{Variant, DEAD_LETTER};
use super::step::{Ending, Step};
use crate::clock::{millis, SteadyMillis};
use crate::config::Acknowledge;
use crate::delivery::dedupe::TOLD_WITHIN;
use crate::delivery::outcome::{CallResponse, NotSent};
use crate::delivery::tests::fixture::{event, status, Fixture, Made};
use crate::delivery::{PreparedEvent, Verdict};
use crate::test_util::SharedMemory;

pub(super) const WORKERS: usize = 3;
/// Time passes in steps of at most this many milliseconds, and what happened is seen at their ends.
pub(super) const LONGEST_STEP: SteadyMillis = 500;

/// A request as its SDK remembers it.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) events: Vec<(u8, u8)>,
    pub(super) sent: SteadyMillis,
    pub(super) verdict: Option<Verdict>,
}

/// A configuration that has been replaced.
pub(super) struct Old {
    worker: usize,
    pub(super) fixture: Fixture,
    is_retired: bool,
}

/// The workers, and everything that an observer of both ends can know.
pub(super) struct World {
    acknowledge: Acknowledge,
    pub(super) fixtures: Vec<Fixture>,
    /// Configurations that have been replaced.
    pub(super) old: Vec<Old>,
    owners: u32,
    /// By owner and number.
    pub(super) requests: BTreeMap<(u32, u32), Request>,
    /// Event and webhook, once the webhook has said 2xx.
    pub(super) delivered: BTreeSet<(String, usize)>,
    /// When which owner first heard that a webhook has the event.
    pub(super) accepted: BTreeMap<String, (u32, SteadyMillis)>,
    /// Events whose owner died, or was taken for dead, before it told that a webhook has them.
    pub(super) untold: BTreeSet<String>,
    /// Event and webhook, once the webhook has refused it.
    pub(super) refused: BTreeSet<(String, usize)>,
    pub(super) seen_tokens: BTreeSet<(u32, u32)>,
    /// The webhooks that want an event, by its name: those of its first request.
    wanted: BTreeMap<u8, u8>,
    /// No event is sent again: each has a new name.
    pub(super) sends_once: bool,
    pub(super) has_died: bool,
    /// How long all workers stood still.
    pub(super) frozen: SteadyMillis,
}

impl World {
    pub(super) fn new(acknowledge: Acknowledge) -> Self {
        let shared = Rc::new(RefCell::new(SharedMemory::contended()));
        let fixtures = (0..WORKERS as u32)
            .map(|worker| {
                let config = Variant::default().configuration(acknowledge);
                Fixture::sharing(config, Rc::clone(&shared), worker + 1)
            })
            .collect();
        Self {
            acknowledge,
            fixtures,
            old: Vec::new(),
            owners: WORKERS as u32,
            requests: BTreeMap::new(),
            delivered: BTreeSet::new(),
            accepted: BTreeMap::new(),
            untold: BTreeSet::new(),
            refused: BTreeSet::new(),
            seen_tokens: BTreeSet::new(),
            wanted: BTreeMap::new(),
            sends_once: false,
            has_died: false,
            frozen: 0,
        }
    }

    /// Puts an empty outbox in the place of a worker's.
    fn replace(&mut self, worker: usize, variant: Variant) -> Fixture {
        self.owners += 1;
        let config = variant.configuration(self.acknowledge);
        let mut new = self.fixtures[worker].successor(config, self.owners);
        new.places = variant.places();
        std::mem::replace(&mut self.fixtures[worker], new)
    }

    /// Retired configurations give their kept events to the worker's newest one.
    fn hand_over(&mut self) {
        for old in self.old.iter_mut().filter(|old| old.is_retired) {
            let new = &mut self.fixtures[old.worker];
            old.fixture.hand_over(new);
            new.drive();
        }
    }

    pub(super) fn run(&mut self, step: &Step) {
        match step {
            Step::Submit(worker, events) => self.submit(*worker, events.clone()),
            Step::SendAgain(..) | Step::Regroup(..) if self.sends_once => {}
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
                let worker = worker % self.workers();
                let calls = &self.fixture(worker).calls;
                if let Some(call) = calls.get(index % calls.len().max(1)).cloned() {
                    self.end(worker, &call, *how);
                }
            }
            Step::Refuse(worker, webhook, on) => {
                let refusing = &mut self.fixture_at(*worker).refusing;
                if *on {
                    refusing.insert(*webhook, NotSent::NoCapacity);
                } else {
                    refusing.remove(webhook);
                }
            }
            Step::Pass(millis) => self.pass(*millis),
            Step::Freeze(millis) => {
                self.frozen += millis;
                // Each worker may take the others for dead.
                let names = self.wanted.keys().map(|name| format!("event-{name}"));
                self.untold.extend(names);
                for index in 0..self.workers() {
                    self.fixture(index).now += millis;
                }
                self.pass(1);
            }
            Step::Die(worker) => self.die(*worker),
            Step::Replace(worker, variant) => {
                let fixture = self.replace(*worker, *variant);
                self.old.push(Old {
                    worker: *worker,
                    fixture,
                    is_retired: false,
                });
            }
            Step::Retire(index) => {
                let old = self.old.len().max(1);
                if let Some(old) = self.old.get_mut(index % old) {
                    old.is_retired = true;
                }
                self.hand_over();
            }
            Step::TakeBack(index) => {
                let old = self.old.len().max(1);
                if let Some(old) = self.old.get_mut(index % old) {
                    if !old.is_retired {
                        std::mem::swap(&mut old.fixture, &mut self.fixtures[old.worker]);
                    }
                }
                self.hand_over();
            }
            Step::RetryNow(worker, webhook) => {
                let fixture = self.fixture_at(*worker);
                fixture.retry_now(*webhook);
            }
        }
        self.observe();
    }

    /// The VM of a worker dies, with every configuration in it.
    fn die(&mut self, worker: usize) {
        self.has_died = true;
        let mut dead = vec![self.replace(worker, Variant::default())];
        let (died, old) = std::mem::take(&mut self.old)
            .into_iter()
            .partition::<Vec<_>, _>(|old| old.worker == worker);
        self.old = old;
        dead.extend(died.into_iter().map(|old| old.fixture));
        for dead in dead {
            let told_by = dead.now.saturating_sub(millis(TOLD_WITHIN));
            let untold = self
                .accepted
                .iter()
                .filter(|(_, (owner, at))| *owner == dead.owner && *at >= told_by);
            self.untold.extend(untold.map(|(name, _)| name.clone()));
            self.requests
                .retain(|(owner, _), request| *owner != dead.owner || request.verdict.is_some());
        }
    }

    fn submit(&mut self, worker: usize, mut events: Vec<(u8, u8)>) {
        for (name, wanted) in &mut events {
            if self.sends_once {
                *name = u8::try_from(self.wanted.len()).unwrap();
            }
            *wanted = *self.wanted.entry(*name).or_insert(*wanted);
        }
        let fixture = self.fixture_at(worker);
        // The others would be left out before.
        events.retain(|(_, wanted)| fixture.wants(*wanted).next().is_some());
        let request = Request {
            events: events.clone(),
            sent: fixture.now,
            verdict: None,
        };
        let events = events
            .iter()
            .map(|(name, wanted)| {
                let webhooks: Vec<_> = fixture.wants(*wanted).collect();
                PreparedEvent {
                    may_be_dead_letter: name % 2 == 0,
                    ..event(&format!("event-{name}"), &webhooks)
                }
            })
            .collect();
        let of = (fixture.owner, fixture.submit(events));
        self.requests.insert(of, request);
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
        let webhook = self.fixture(worker).places[call.webhook];
        // Of several nobody knows which one is refused.
        if let (Ending::Status(400), [event]) = (how, &events[..]) {
            self.refused.insert((event.clone(), webhook));
        }
        if matches!(how, Ending::Delivered) && webhook != DEAD_LETTER {
            let fixture = self.fixture(worker);
            let heard = (fixture.owner, fixture.now);
            for event in events {
                self.accepted.entry(event.clone()).or_insert(heard);
                self.delivered.insert((event, webhook));
            }
        }
        let fixture = self.fixture(worker);
        fixture.calls.retain(|made| made.token != call.token);
        fixture.end(call.token, &response);
        self.hand_over();
    }

    /// The workers, then what has been replaced.
    fn fixture(&mut self, index: usize) -> &mut Fixture {
        match index.checked_sub(self.fixtures.len()) {
            None => &mut self.fixtures[index],
            Some(index) => &mut self.old[index].fixture,
        }
    }

    /// How many there are in all.
    fn workers(&self) -> usize {
        self.fixtures.len() + self.old.len()
    }

    fn fixture_at(&mut self, index: usize) -> &mut Fixture {
        let index = index % self.workers();
        self.fixture(index)
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &Fixture> {
        let old = self.old.iter().map(|old| &old.fixture);
        self.fixtures.iter().chain(old)
    }

    /// Time passes for all workers alike; calls end at their timeout as the host would end them.
    fn pass(&mut self, millis: u64) {
        let until = self.fixtures[0].now + millis;
        while self.fixtures[0].now < until {
            let now = self.fixtures[0].now;
            let calls = self.all().flat_map(|fixture| &fixture.calls);
            let next_end = calls.map(|call| call.ends_at).min().unwrap_or(until);
            let to = next_end.clamp(now + 1, until.min(now + LONGEST_STEP));
            for index in 0..self.workers() {
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

    /// Everything fails from now on, until nothing is left.
    pub(super) fn end_all(&mut self) {
        for index in 0..self.workers() {
            self.fixture(index).refusing.clear();
        }
        for old in &mut self.old {
            old.is_retired = true;
        }
        self.hand_over();
        // Two windows: an event that expires may be a dead letter for another one.
        for _ in 0..400 {
            for index in 0..self.workers() {
                for call in self.fixture(index).calls.clone() {
                    self.end(index, &call, Ending::TimedOut);
                }
            }
            self.pass(1_000);
        }
    }
}

/// The names of the events that a call carries.
pub(super) fn events_of(call: &Made) -> Vec<String> {
    let list = call.payload.trim_matches(['[', ']', '\n']);
    list.split([',', '\n']).map(str::to_owned).collect()
}
