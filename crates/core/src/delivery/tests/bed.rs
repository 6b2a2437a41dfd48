//! An outbox, a clock, a host's shared data, and webhooks that do as they are told.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use crate::clock::SteadyMillis;
use crate::config::Config;
use crate::delivery::outcome::{CallResponse, NotSent};
use crate::delivery::table::{EventId, Owner};
use crate::delivery::{Event, Outbox, Overloaded, Submitted, Verdict};
use crate::event::Kind;
use crate::observe::{self, Change};
use crate::testing::FakeShared;

/// A call under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) token: u32,
    pub(super) webhook: usize,
    pub(super) payload: String,
    pub(super) timeout: Duration,
    /// When the host ends it if the webhook does not.
    pub(super) ends_at: SteadyMillis,
}

pub(super) struct Bed {
    pub(super) outbox: Outbox<u32>,
    pub(super) shared: Rc<RefCell<FakeShared>>,
    pub(super) now: SteadyMillis,
    pub(super) calls: Vec<Made>,
    pub(super) verdicts: Vec<(u32, Verdict)>,
    /// Webhooks whose calls the host refuses.
    pub(super) refusing: BTreeMap<usize, NotSent>,
    names: Vec<String>,
    counts: BTreeMap<String, u32>,
    pub(super) owner: u32,
    next_token: u32,
    next_request: u32,
}

/// An event that says what it is, with an id when it has a name.
pub(super) fn event(name: &str, webhooks: &[usize]) -> Event {
    let id = name
        .bytes()
        .fold(7, |id: u128, byte| id * 257 + u128::from(byte));
    Event {
        kind: Kind::Track,
        payload: name.as_bytes().into(),
        wanted: webhooks.iter().copied().collect(),
        redacted: Vec::new(),
        webhook_id: None,
        id: Some(EventId(id)),
    }
}

pub(super) fn status(status: u16) -> CallResponse {
    CallResponse {
        status: Some(status),
        answered: true,
        ..CallResponse::default()
    }
}

/// What a request of one event is told.
pub(super) fn retry(seconds: u64, kept: bool) -> Verdict {
    Verdict::Retry {
        after: Duration::from_secs(seconds),
        kept,
        failed: 1,
    }
}

impl Bed {
    pub(super) fn new(config: Config) -> Self {
        Self::sharing(config, Rc::default(), 1)
    }

    /// A worker beside others of the same process.
    pub(super) fn sharing(config: Config, shared: Rc<RefCell<FakeShared>>, owner: u32) -> Self {
        let config = Rc::new(config);
        Self {
            names: observe::metrics(&config.webhooks)
                .into_iter()
                .map(|metric| metric.name)
                .collect(),
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

    /// What comes in the place of this one, at the same time and on the same host.
    pub(super) fn successor(&self, config: Config, owner: u32) -> Self {
        Self {
            now: self.now,
            ..Self::sharing(config, Rc::clone(&self.shared), owner)
        }
    }

    /// Submits a request; its number is its stream and its ticket.
    pub(super) fn submit(&mut self, events: Vec<Event>) -> u32 {
        let request = self.next_request;
        self.next_request += 1;
        match self.outbox.submit(
            request,
            request,
            events,
            self.now,
            &mut *self.shared.borrow_mut(),
        ) {
            Ok(Submitted::Pending) => {}
            Ok(Submitted::Decided(ticket, verdict)) => self.verdicts.push((ticket, verdict)),
            Err(Overloaded { ticket, after }) => {
                let (kept, failed) = (false, 0);
                self.verdicts.push((
                    ticket,
                    Verdict::Retry {
                        after,
                        kept,
                        failed,
                    },
                ));
            }
        }
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
        self.outbox
            .ended(token, response, self.now, &mut *self.shared.borrow_mut());
        self.drive();
    }

    /// Lets time pass, ticking whenever the outbox asks for it.
    pub(super) fn pass(&mut self, duration: Duration) {
        let until = self.now + duration.as_millis() as u64;
        while let Some(wake_at) = self.outbox.wake_at().filter(|wake_at| *wake_at <= until) {
            self.now = self.now.max(wake_at);
            self.outbox.tick(self.now, &mut *self.shared.borrow_mut());
            self.drive();
        }
        self.now = until;
    }

    pub(super) fn drive(&mut self) {
        let shared = Rc::clone(&self.shared);
        let shared = &mut *shared.borrow_mut();
        while let Some(call) = self.outbox.next_call(self.now, shared) {
            let made = match self.refusing.get(&call.webhook) {
                Some(reason) => Err(*reason),
                None => {
                    self.next_token += 4;
                    self.calls.push(Made {
                        token: self.next_token,
                        webhook: call.webhook,
                        payload: String::from_utf8_lossy(&call.payload).into_owned(),
                        timeout: call.timeout,
                        ends_at: self.now + call.timeout.as_millis() as u64,
                    });
                    Ok(self.next_token)
                }
            };
            self.outbox.called(&call, made, self.now, shared);
        }
        while let Some((stream, ticket, verdict)) = self.outbox.next_verdict() {
            assert_eq!(stream, ticket);
            self.verdicts.push((ticket, verdict));
        }
        let (names, counts) = (&self.names, &mut self.counts);
        self.outbox.observe().take_changes(|id, change| {
            let name = names[id.index()].trim_start_matches("freshpaint_webhooks.");
            if let Change::Add(count) = change {
                *counts.entry(name.to_owned()).or_default() += count;
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
