//! The delivery machine alone: events in, calls made and ended, verdicts out.

use std::collections::VecDeque;
use std::hint::black_box;
use std::rc::Rc;

use freshpaint_core::clock::{SteadyMillis, UnixSeconds};
use freshpaint_core::config::Config;
use freshpaint_core::delivery::dedupe::{EventId, Owner};
use freshpaint_core::delivery::{Outbox, PreparedEvent, Turn, Verdict};
use freshpaint_core::event::Kind;
use freshpaint_core::observe::Observe;
use freshpaint_core::test_util::{self, SharedMemory};

use super::memory;
use super::Case;

/// The payload of an event of 614 bytes.
const PAYLOAD: usize = 500;

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (events, webhooks) in [(1, 1), (1, 3), (1, 32), (20, 1), (20, 3), (1_000, 1)] {
        let name = format!("accepted: {events} in a request, {webhooks} webhooks");
        cases.push(Case::new("delivery", name, events, move || {
            let mut bed = Bed::new(webhooks);
            move || bed.deliver(events)
        }));
    }
    for events in [1, 20] {
        let name = format!("sent again and recognised: {events} in a request");
        cases.push(Case::new("delivery", name, events, move || {
            let mut bed = Bed::new(1);
            bed.deliver(events);
            move || bed.send_again(events)
        }));
    }
    for events in [1, 1_000] {
        let name = format!("failed, kept, delivered later: {events} at a time");
        cases.push(Case::new("delivery", name, events, move || {
            let mut bed = Bed::new(1);
            move || {
                bed.fail(events);
                bed.deliver_kept();
            }
        }));
    }
    for kept in [0, 1_000, 10_000] {
        let name = format!("a tick, nothing due: {kept} kept");
        cases.push(Case::new("delivery", name, 1, move || {
            let mut bed = Bed::new(1);
            bed.fail(kept);
            move || bed.tick()
        }));
    }
    for others in [0, 1_000, 9_990] {
        let name = format!("accepted: 1 in a request, {others} others under way or waiting");
        cases.push(Case::new("delivery", name, 1, move || {
            let mut bed = Bed::new(1);
            (0..others).for_each(|_| bed.submit(1));
            move || {
                bed.submit(1);
                bed.end_one(200);
            }
        }));
    }
    cases
}

/// An outbox and a host that does at once what it is asked.
struct Bed {
    outbox: Outbox<()>,
    shared: SharedMemory,
    observe: Observe,
    now: SteadyMillis,
    payload: Vec<u8>,
    webhooks: usize,
    last_id: u64,
    last_token: u32,
    calls: VecDeque<u32>,
}

impl Bed {
    fn new(webhooks: usize) -> Self {
        let mut config = config(webhooks);
        // So that as many as a case asks for may wait.
        config.limits.max_in_flight_per_webhook = 10_000;
        Self {
            shared: memory::full(),
            observe: Observe::new(&config.webhooks),
            outbox: Outbox::new(Rc::new(config), Owner(1), 1, 1_000),
            now: 1_000,
            payload: vec![b'x'; PAYLOAD],
            webhooks,
            last_id: 0,
            last_token: 0,
            calls: VecDeque::new(),
        }
    }

    /// As the shell does it: each answer of a webhook is a callback of its own.
    fn deliver(&mut self, events: u64) {
        self.submit(events);
        while !self.calls.is_empty() {
            self.end_one(200);
        }
    }

    fn fail(&mut self, events: u64) {
        if events > 0 {
            self.submit(events);
        }
        while !self.calls.is_empty() {
            self.end_one(503);
        }
    }

    /// Lets time pass until everything that is kept has been delivered.
    fn deliver_kept(&mut self) {
        while !self.outbox.is_empty() {
            let wake_at = self.outbox.poll_timeout().unwrap();
            self.now = wake_at.max(self.now);
            self.tick();
            while !self.calls.is_empty() {
                self.end_one(200);
            }
        }
    }

    fn submit(&mut self, events: u64) {
        let first = self.last_id + 1;
        self.last_id += events;
        self.submit_from(first, events);
    }

    fn send_again(&mut self, events: u64) {
        self.submit_from(self.last_id + 1 - events, events);
        assert!(self.calls.is_empty());
    }

    fn submit_from(&mut self, first: u64, events: u64) {
        // Spread over the table's buckets as hashes are; a request comes from one device.
        let hash = |id: u64| id.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let event = |id: u64| PreparedEvent {
            index: 0,
            may_be_dead_letter: false,
            kind: Kind::Track,
            payload: self.payload.as_slice().into(),
            redacted: Vec::new(),
            left_out: 0,
            wanted: (0..self.webhooks).collect(),
            webhook_id: None,
            source: 0,
            trace: None,
            id: Some(EventId::new(hash(first), hash(id))),
        };
        let events = (first..first + events).map(event).collect();
        self.turn(|outbox, turn| outbox.handle_events((), 1, events, turn));
        self.drive();
    }

    fn end_one(&mut self, status: u16) {
        let response = test_util::answer(status);
        let token = self.calls.pop_front().unwrap();
        self.turn(|outbox, turn| outbox.handle_response(token, &response, turn));
        self.drive();
    }

    fn tick(&mut self) {
        self.turn(Outbox::handle_timeout);
        self.drive();
    }

    /// The work of the shell after each callback.
    fn drive(&mut self) {
        while let Some(call) =
            self.turn(|outbox, turn| outbox.poll_call(turn, UnixSeconds::default))
        {
            self.last_token = self.last_token.wrapping_add(1);
            self.calls.push_back(self.last_token);
            let made = Ok(self.last_token);
            self.turn(|outbox, turn| outbox.handle_dispatched(&call, made, turn));
            // Only so many calls are made in one go.
            self.now += 1;
        }
        while let Some((_, (), verdict)) = self.outbox.poll_verdict() {
            assert!(!matches!(verdict, Verdict::Overloaded { .. }));
        }
        self.observe.take_changes(|_, _| {});
        self.observe.log_lines.take();
        black_box(self.outbox.poll_timeout());
    }

    /// One callback of the host.
    fn turn<R>(&mut self, act: impl FnOnce(&mut Outbox<()>, &mut Turn<'_>) -> R) -> R {
        let mut turn = Turn::new(self.now, &mut self.shared, &mut self.observe);
        act(&mut self.outbox, &mut turn)
    }
}

/// A configuration with this many webhooks, everything else as by default.
pub fn config(webhooks: usize) -> Config {
    let webhooks: Vec<_> = (0..webhooks)
        .map(|index| format!(r#"{{"url": "https://webhook-{index}.example.com/in"}}"#))
        .collect();
    let text = format!(r#"{{"webhooks": [{}]}}"#, webhooks.join(","));
    freshpaint_config::parse(text.as_bytes(), &|_| None).unwrap()
}
