//! An outbox, a clock, a host's shared data, and webhooks that do as they are told.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use crate::clock::{SteadyMillis, UnixSeconds};
use crate::config::Config;
use crate::delivery::dedupe::{EventId, Owner};
use crate::delivery::outcome::{CallResponse, NotSent};
use crate::delivery::{Outbox, PreparedEvent, Turn, Verdict};
use crate::event::Kind;
use crate::observe::{self, Change, Observe};
use crate::test_util::{self, SharedMemory};

/// A call under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) token: u32,
    pub(super) webhook: usize,
    pub(super) payload: String,
    pub(super) timeout: Duration,
    /// The reason and the webhooks that the headers of a dead letter name.
    pub(super) dead_letter: Option<(String, String)>,
    /// When the host ends it if the webhook does not.
    pub(super) ends_at: SteadyMillis,
}

pub(super) struct Fixture {
    pub(super) outbox: Outbox<u32>,
    observe: Observe,
    pub(super) shared: Rc<RefCell<SharedMemory>>,
    pub(super) now: SteadyMillis,
    pub(super) calls: Vec<Made>,
    pub(super) verdicts: Vec<(u32, Verdict)>,
    /// Webhooks whose calls the host refuses.
    pub(super) refusing: BTreeMap<usize, NotSent>,
    /// The model's webhook at each place of the configuration.
    pub(super) places: Vec<usize>,
    names: Vec<String>,
    counts: BTreeMap<String, u32>,
    pub(super) owner: u32,
    next_token: u32,
    next_request: u32,
}

/// An event that says what it is, with an id when it has a name.
pub(super) fn event(name: &str, webhooks: &[usize]) -> PreparedEvent {
    let id = name
        .bytes()
        .fold(7, |id: u128, byte| id.wrapping_mul(257) + u128::from(byte));
    PreparedEvent {
        index: 0,
        may_be_dead_letter: false,
        kind: Kind::Track,
        payload: name.as_bytes().into(),
        wanted: webhooks.iter().copied().collect(),
        redacted: Vec::new(),
        left_out: 0,
        webhook_id: None,
        source: 0,
        trace: None,
        id: Some(EventId::new((id >> 64) as u64, id as u64)),
    }
}

pub(super) fn status(status: u16) -> CallResponse {
    test_util::answer(status)
}

/// The verdict of a request whose events have all arrived.
pub(super) fn accepted() -> Verdict {
    let refused = Vec::new();
    Verdict::Accepted { refused }
}

/// The verdict of a request of one event.
pub(super) fn retry(seconds: u64, held: bool) -> Verdict {
    Verdict::Retry {
        after: Duration::from_secs(seconds),
        held,
        failed: 1,
    }
}

impl Fixture {
    pub(super) fn new(config: Config) -> Self {
        Self::sharing(config, Rc::default(), 1)
    }

    /// A worker beside others of the same process.
    pub(super) fn sharing(config: Config, shared: Rc<RefCell<SharedMemory>>, owner: u32) -> Self {
        let config = Rc::new(config);
        Self {
            places: (0..config.webhooks.len()).collect(),
            names: observe::metrics(&config.webhooks)
                .into_iter()
                .map(|metric| metric.name)
                .collect(),
            observe: Observe::new(&config.webhooks),
            outbox: Outbox::new(config, Owner(owner), u64::from(owner), 1_000),
            shared,
            now: 1_000,
            calls: Vec::new(),
            verdicts: Vec::new(),
            refusing: BTreeMap::new(),
            counts: BTreeMap::new(),
            owner,
            next_token: 4,
            next_request: 1,
        }
    }

    /// The successor of this one, at the same time and on the same host.
    pub(super) fn successor(&self, config: Config, owner: u32) -> Self {
        Self {
            now: self.now,
            ..Self::sharing(config, Rc::clone(&self.shared), owner)
        }
    }

    /// The places of the webhooks that have a bit in this set of the model's webhooks.
    pub(super) fn wants(&self, webhooks: u8) -> impl Iterator<Item = usize> + '_ {
        let wanted = move |place: &usize| webhooks >> self.places[*place] & 1 == 1;
        (0..self.places.len()).filter(wanted)
    }

    /// Submits a request; its number is its stream and its ticket.
    pub(super) fn submit(&mut self, mut events: Vec<PreparedEvent>) -> u32 {
        for (index, event) in (0..).zip(&mut events) {
            event.index = index;
        }
        let request = self.next_request;
        self.next_request += 1;
        self.turn(|outbox, turn| outbox.handle_events(request, request, events, turn));
        self.drive();
        request
    }

    /// Answers the call to `webhook` that carries `payload`.
    pub(super) fn respond(&mut self, payload: &str, webhook: usize, response: &CallResponse) {
        let at = self
            .calls
            .iter()
            .position(|call| call.webhook == webhook && call.payload == payload)
            .unwrap_or_else(|| panic!("no call of {payload} to {webhook} among {:?}", self.calls));
        let call = self.calls.remove(at);
        self.end(call.token, response);
    }

    pub(super) fn end(&mut self, token: u32, response: &CallResponse) {
        self.turn(|outbox, turn| outbox.handle_response(token, response, turn));
        self.drive();
    }

    /// Does what is due now.
    pub(super) fn tick(&mut self) {
        self.turn(|outbox, turn| outbox.handle_timeout(turn));
        self.drive();
    }

    /// Gives what is held to a newer configuration.
    pub(super) fn hand_over(&mut self, new: &mut Self) -> usize {
        let held = self.turn(|outbox, turn| outbox.take_held(turn));
        let events = held.len();
        for handover in held {
            new.turn(|outbox, turn| outbox.adopt(handover, turn));
        }
        events
    }

    /// Somebody wants what is kept to be tried at once.
    pub(super) fn retry_now(&mut self, webhook: Option<usize>) {
        self.turn(|outbox, turn| outbox.retry_now(webhook, None, turn));
        self.drive();
    }

    /// One callback of the host.
    fn turn<R>(&mut self, act: impl FnOnce(&mut Outbox<u32>, &mut Turn<'_>) -> R) -> R {
        let mut shared = self.shared.borrow_mut();
        let mut turn = Turn::new(self.now, &mut *shared, &mut self.observe);
        act(&mut self.outbox, &mut turn)
    }

    /// Answers every call under way, to whichever webhook, with this status.
    pub(super) fn respond_all(&mut self, code: u16) {
        for call in std::mem::take(&mut self.calls) {
            self.end(call.token, &status(code));
        }
    }

    /// Lets time pass, ticking whenever the outbox asks for it.
    pub(super) fn pass(&mut self, duration: Duration) {
        let until = self.now + duration.as_millis() as u64;
        let is_due = |wake_at: &SteadyMillis| *wake_at <= until;
        while let Some(wake_at) = self.outbox.poll_timeout().filter(is_due) {
            self.now = self.now.max(wake_at);
            self.tick();
        }
        self.now = until;
    }

    pub(super) fn drive(&mut self) {
        while let Some(call) =
            self.turn(|outbox, turn| outbox.poll_call(turn, UnixSeconds::default))
        {
            let header = |name: &str| {
                let name = format!("freshpaint-dead-letter-{name}");
                let headers = call.headers();
                let found = headers.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            let made = match self.refusing.get(&call.webhook()) {
                Some(reason) => Err(*reason),
                None => {
                    self.next_token += 4;
                    self.calls.push(Made {
                        token: self.next_token,
                        webhook: call.webhook(),
                        payload: String::from_utf8_lossy(call.body()).into_owned(),
                        timeout: call.timeout(),
                        dead_letter: header("reason").zip(header("webhooks")),
                        ends_at: self.now + call.timeout().as_millis() as u64,
                    });
                    Ok(self.next_token)
                }
            };
            self.turn(|outbox, turn| outbox.handle_dispatched(&call, made, turn));
        }
        while let Some((stream, ticket, verdict)) = self.outbox.poll_verdict() {
            assert_eq!(stream, ticket);
            self.verdicts.push((ticket, verdict));
        }
        let (names, counts) = (&self.names, &mut self.counts);
        self.observe.take_changes(|id, change| {
            let name = names[id.index()].trim_start_matches("freshpaint_webhooks.");
            // Of a gauge or a histogram the last value counts.
            match change {
                Change::Add(count) => *counts.entry(name.to_owned()).or_default() += count,
                Change::Record(value) | Change::Raise(value) => {
                    counts.insert(name.to_owned(), u32::try_from(value).unwrap());
                }
            }
        });
    }

    /// Calls under way, as `payload>webhook`.
    pub(super) fn under_way(&self) -> Vec<String> {
        self.calls
            .iter()
            .map(|call| format!("{}>{}", call.payload, call.webhook))
            .collect()
    }

    pub(super) fn take_verdicts(&mut self) -> Vec<(u32, Verdict)> {
        std::mem::take(&mut self.verdicts)
    }

    pub(super) fn count(&self, name: &str) -> u32 {
        self.counts.get(name).copied().unwrap_or(0)
    }
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
