//! Random schedules of requests, answers, failures, re-sends and time on two workers, held against what must always be true.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::bed::{event, status, Bed, Made};
use crate::clock::SteadyMillis;
use crate::config::Config;
use crate::delivery::outcome::{CallResponse, NotSent};
use crate::delivery::Verdict;
use crate::testing::config_with;

const WEBHOOKS: usize = 3;
const MOST_IN_FLIGHT: usize = 2;
const MOST_HELD: usize = 4;

#[derive(Clone, Debug)]
enum Step {
    /// A request on a worker, with events by name and the webhooks that want them.
    Submit(usize, Vec<(u8, u8)>),
    /// The SDK sends an earlier request again, perhaps to the other worker.
    SendAgain(usize, usize),
    /// A call under way ends.
    End(usize, usize, Ending),
    /// The host refuses calls to a webhook, or makes them again.
    Refuse(usize, usize, bool),
    Pass(u64),
}

#[derive(Clone, Copy, Debug)]
enum Ending {
    Delivered,
    Status(u16),
    RetryAfter(u32),
    Broken,
    TimedOut,
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        4 => Just(Ending::Delivered),
        3 => prop::sample::select(vec![500, 503, 408, 429, 400, 404, 302]).prop_map(Ending::Status),
        1 => (0_u32..100).prop_map(Ending::RetryAfter),
        1 => Just(Ending::Broken),
        1 => Just(Ending::TimedOut),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let worker = 0..2_usize;
    let events = vec((0..12_u8, 1..(1_u8 << WEBHOOKS)), 0..5);
    prop_oneof![
        4 => (worker.clone(), events).prop_map(|(worker, events)| Step::Submit(worker, events)),
        2 => (worker.clone(), any::<usize>()).prop_map(|(worker, request)| Step::SendAgain(worker, request)),
        10 => (worker.clone(), any::<usize>(), ending()).prop_map(|(worker, call, how)| Step::End(worker, call, how)),
        1 => (worker, 0..WEBHOOKS, any::<bool>()).prop_map(|(worker, webhook, on)| Step::Refuse(worker, webhook, on)),
        4 => prop_oneof![1..200_u64, 200..6_000_u64, Just(25_000_u64)].prop_map(Step::Pass),
    ]
}

fn configuration() -> Config {
    let mut config = config_with(
        &["a", "b", "c"],
        r#", "retry": {"window": "120s", "max_backoff": "20s"}, "dedupe": {"window": "3600s"}"#,
    );
    config.limits.max_in_flight_per_webhook = MOST_IN_FLIGHT;
    config.limits.max_in_flight_bytes = 8 * 300;
    config.retry.max_held_events = MOST_HELD;
    config
}

/// A request as its SDK remembers it.
#[derive(Clone, Debug)]
struct Request {
    events: Vec<(u8, u8)>,
    sent: SteadyMillis,
    verdict: Option<Verdict>,
}

/// Two workers, and everything that an observer of both ends can know.
struct World {
    beds: Vec<Bed>,
    requests: BTreeMap<(usize, u32), Request>,
    /// Event and webhook, once the webhook has said 2xx.
    delivered: BTreeSet<(String, usize)>,
    seen_tokens: BTreeSet<(usize, u32)>,
}

impl World {
    fn new() -> Self {
        let shared = Rc::default();
        let beds = (0..2)
            .map(|worker| Bed::sharing(configuration(), Rc::clone(&shared), worker + 1))
            .collect();
        Self {
            beds,
            requests: BTreeMap::new(),
            delivered: BTreeSet::new(),
            seen_tokens: BTreeSet::new(),
        }
    }

    fn run(&mut self, step: &Step) {
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
            Step::End(worker, index, how) => {
                let calls = &self.beds[*worker].calls;
                if let Some(call) = calls.get(index % calls.len().max(1)).cloned() {
                    self.end(*worker, &call, *how);
                }
            }
            Step::Refuse(worker, webhook, on) => {
                let refusing = &mut self.beds[*worker].refusing;
                if *on {
                    refusing.insert(*webhook, NotSent::NoCapacity);
                } else {
                    refusing.remove(webhook);
                }
            }
            Step::Pass(millis) => self.pass(*millis),
        }
        self.observe();
    }

    fn submit(&mut self, worker: usize, events: Vec<(u8, u8)>) {
        let bed = &mut self.beds[worker];
        let request = Request {
            events: events.clone(),
            sent: bed.now,
            verdict: None,
        };
        let events = events
            .iter()
            .map(|(name, wanted)| {
                let webhooks: Vec<_> = (0..WEBHOOKS)
                    .filter(|webhook| wanted >> webhook & 1 == 1)
                    .collect();
                event(&format!("event-{name}"), &webhooks)
            })
            .collect();
        let number = bed.submit(events);
        self.requests.insert((worker, number), request);
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
        if matches!(how, Ending::Delivered) {
            self.delivered.insert((call.payload.clone(), call.webhook));
        }
        let bed = &mut self.beds[worker];
        bed.calls.retain(|made| made.token != call.token);
        bed.end(call.token, &response);
    }

    /// Time passes for both workers alike; calls end at their timeout as the host would end them.
    fn pass(&mut self, millis: u64) {
        let until = self.beds[0].now + millis;
        while self.beds[0].now < until {
            let now = self.beds[0].now;
            let calls = self.beds.iter().flat_map(|bed| &bed.calls);
            let next_end = calls.map(|call| call.ends_at).min().unwrap_or(until);
            let to = next_end.clamp(now + 1, until.min(now + 500));
            for worker in 0..self.beds.len() {
                self.beds[worker].pass(Duration::from_millis(to - now));
                for call in self.beds[worker].calls.clone() {
                    if call.ends_at <= to {
                        self.end(worker, &call, Ending::TimedOut);
                    }
                }
            }
            self.observe();
        }
    }

    fn observe(&mut self) {
        for (worker, bed) in self.beds.iter_mut().enumerate() {
            for (number, verdict) in bed.take_verdicts() {
                let request = self.requests.get_mut(&(worker, number)).unwrap();
                assert_eq!(request.verdict, None, "answered twice: {request:?}");
                assert!(
                    bed.now - request.sent <= 25_050,
                    "answered late: {request:?} at {}",
                    bed.now
                );
                if verdict == Verdict::Accepted {
                    for (name, _) in &request.events {
                        let name = format!("event-{name}");
                        let has_it = (0..WEBHOOKS)
                            .any(|webhook| self.delivered.contains(&(name.clone(), webhook)));
                        assert!(has_it, "{name} answered as accepted, and nobody has it");
                    }
                }
                request.verdict = Some(verdict);
            }
            let mut in_flight = [0; WEBHOOKS];
            for call in &bed.calls {
                in_flight[call.webhook] += 1;
                if self.seen_tokens.insert((worker, call.token)) {
                    let to = (call.payload.clone(), call.webhook);
                    assert!(
                        !self.delivered.contains(&to),
                        "sent again to who has it: {call:?}"
                    );
                }
            }
            for count in in_flight {
                assert!(count <= MOST_IN_FLIGHT, "{count} calls in flight");
            }
            assert!(bed.outbox.held_events() <= MOST_HELD);
            assert!(bed.outbox.in_flight_bytes() <= configuration().limits.max_in_flight_bytes);
        }
    }

    /// Everything fails from now on, until nothing is left.
    fn end_all(&mut self) {
        for bed in &mut self.beds {
            bed.refusing.clear();
        }
        for _ in 0..200 {
            for worker in 0..self.beds.len() {
                for call in self.beds[worker].calls.clone() {
                    self.end(worker, &call, Ending::TimedOut);
                }
            }
            self.pass(1_000);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_or_doubled_whatever_happens(steps in vec(step(), 1..80)) {
        let mut world = World::new();
        for step in &steps {
            world.run(step);
        }
        world.end_all();
        for (of, request) in &world.requests {
            assert!(request.verdict.is_some(), "{of:?} was never answered: {request:?}");
        }
        for bed in &world.beds {
            assert!(bed.outbox.is_empty(), "{:?}", bed.outbox);
            let held = |outcome: &str| bed.count(&format!("held.outcome.{outcome}"));
            // `refused` also counts events that were refused at once and so never kept.
            let ended = held("delivered") + held("expired") + held("handed_over");
            assert!(ended <= held("kept") && held("kept") <= ended + held("refused"), "{held}", held = held("kept"));
        }
    }
}
