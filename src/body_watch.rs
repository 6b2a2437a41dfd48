//! Finds out that Envoy keeps the bodies of requests to itself.
//!
//! A filter that stops at a request's head is given the body only with the setting
//! `allow_on_headers_stop_iteration`. An Envoy before 1.35 does not have it, and a control plane
//! that does not know it leaves it out. The module cannot read the setting, but it can see the
//! effect: bytes of a body have arrived at Envoy, and no callback has come.

use std::cell::{Cell, RefCell};

use freshpaint_core::clock::SteadyMillis;
use freshpaint_core::upload::Unread;

use crate::host;

/// How long the first request waits before its body is looked for.
pub(crate) const LOOK_AFTER_MILLIS: u64 = 500;

/// After how long a request waits for its body again. Another filter may have held the body that
/// was missing, and a control plane may have learnt the setting.
const FIND_OUT_AFTER_MILLIS: u64 = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bodies {
    /// No request has had a body yet.
    Unknown,
    Given,
    /// Until then, no request waits for its body.
    Withheld(SteadyMillis),
}

/// A stream that waits for its body while nothing is known.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) stream: u32,
    /// The reply for the case that no body comes. In front of collectors there is none.
    pub(crate) unread: Option<Unread>,
    since: SteadyMillis,
}

/// The knowledge of one root about it. A new configuration makes a new root.
#[derive(Debug)]
pub(crate) struct BodyWatch {
    /// The words of the log about requests when no body comes.
    consequence: &'static str,
    bodies: Cell<Bodies>,
    /// In the order in which they came.
    waiting: RefCell<Vec<Waiting>>,
    look_at: Cell<SteadyMillis>,
}

impl BodyWatch {
    pub(crate) fn new(consequence: &'static str) -> Self {
        Self {
            consequence,
            bodies: Cell::new(Bodies::Unknown),
            waiting: RefCell::default(),
            look_at: Cell::new(0),
        }
    }

    /// Whether bodies come, as far as is known.
    pub(crate) fn are_given(&self) -> bool {
        self.bodies.get() == Bodies::Given
    }

    /// Whether no body will come.
    pub(crate) fn are_withheld(&self, now: SteadyMillis) -> bool {
        match self.bodies.get() {
            Bodies::Unknown | Bodies::Given => false,
            Bodies::Withheld(until) if now < until => true,
            Bodies::Withheld(_) => {
                self.bodies.set(Bodies::Unknown);
                false
            }
        }
    }

    /// A stream has begun to wait for its body.
    pub(crate) fn wait(&self, stream: u32, unread: Option<Unread>, now: SteadyMillis) {
        let mut waiting = self.waiting.borrow_mut();
        if waiting.is_empty() {
            self.look_at.set(now.saturating_add(LOOK_AFTER_MILLIS));
        }
        waiting.push(Waiting {
            stream,
            unread,
            since: now,
        });
    }

    /// A body, or a piece of one, has been given. A request that was let go on without its body is
    /// given it then, which says nothing.
    pub(crate) fn given(&self) {
        if self.bodies.get() == Bodies::Unknown {
            self.bodies.set(Bodies::Given);
            self.waiting.borrow_mut().clear();
        }
    }

    /// The stream is gone.
    pub(crate) fn forget(&self, stream: u32) {
        if !self.are_given() {
            let mut waiting = self.waiting.borrow_mut();
            waiting.retain(|one| one.stream != stream);
        }
    }

    /// In how many milliseconds [`BodyWatch::withheld`] should look again.
    pub(crate) fn look_in(&self, now: SteadyMillis) -> Option<u64> {
        let is_waiting = !self.waiting.borrow().is_empty();
        is_waiting.then(|| self.look_at.get().saturating_sub(now))
    }

    /// Looks whether a body has arrived at Envoy. If so, returns the streams that wait for one, as
    /// many as one callback may end; [`BodyWatch::look_in`] says when the rest is due.
    pub(crate) fn withheld(&self, now: SteadyMillis) -> Vec<Waiting> {
        let mut waiting = self.waiting.borrow_mut();
        if now < self.look_at.get() || waiting.is_empty() {
            return Vec::new();
        }
        if self.bodies.get() == Bodies::Unknown && !self.find_out(&waiting, now) {
            return Vec::new();
        }
        let most = waiting.len().min(host::MAX_ENDED_STREAMS);
        waiting.drain(..most).collect()
    }

    /// Whether a body has arrived that no callback has come for.
    fn find_out(&self, waiting: &[Waiting], now: SteadyMillis) -> bool {
        let long_ago = now.saturating_sub(LOOK_AFTER_MILLIS);
        let mut streams = waiting.iter().take_while(|one| one.since <= long_ago);
        if !streams.any(|one| host::enter(one.stream).is_ok() && host::body_has_arrived()) {
            // The clients are slow: their bodies have not arrived yet.
            self.look_at.set(now.saturating_add(LOOK_AFTER_MILLIS));
            return false;
        }
        log::error!(
            "Envoy gives this filter no request bodies, so {}. The filter's configuration in Envoy \
             needs allow_on_headers_stop_iteration: true, an Envoy from 1.35 on, and a control \
             plane that passes the setting on (docs/platforms.md, \"Requests get 503\")",
            self.consequence
        );
        let until = now.saturating_add(FIND_OUT_AFTER_MILLIS);
        self.bodies.set(Bodies::Withheld(until));
        true
    }
}
