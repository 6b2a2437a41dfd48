//! Finds out that Envoy keeps the bodies of requests to itself.
//!
//! A filter that stops at a request's head is given the body only with the setting
//! `allow_on_headers_stop_iteration`. An Envoy before 1.35 does not have it, and a control plane
//! that does not know it leaves it out. The module cannot read the setting, but it can see the
//! effect: bytes of a body have arrived at Envoy, and no callback has come.

use std::cell::{Cell, RefCell};

use crate::host;
use freshpaint_core::clock::SteadyMillis;
use freshpaint_core::upload::Unread;

/// How long the first request waits before its body is looked for.
pub(crate) const LOOK_AFTER_MILLIS: u64 = 500;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bodies {
    /// No request has had a body yet.
    Unknown,
    Given,
    Withheld,
}

/// The knowledge of one root about it. A new configuration makes a new root.
#[derive(Debug)]
pub(crate) struct BodyWatch {
    /// What the log says of requests when no body comes.
    consequence: &'static str,
    bodies: Cell<Bodies>,
    /// Streams that wait for their bodies while nothing is known, with the reply for the case that
    /// no body comes. In front of collectors they have none, and go on.
    waiting: RefCell<Vec<(u32, Option<Unread>)>>,
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

    pub(crate) fn is_withheld(&self) -> bool {
        self.bodies.get() == Bodies::Withheld
    }

    /// Whether nothing is known yet, so that [`BodyWatch::wait`] should be told of a stream.
    pub(crate) fn is_unknown(&self) -> bool {
        self.bodies.get() == Bodies::Unknown
    }

    /// A stream has begun to wait for its body.
    pub(crate) fn wait(&self, stream: u32, unread: Option<Unread>, now: SteadyMillis) {
        self.look_at.set(now.saturating_add(LOOK_AFTER_MILLIS));
        self.waiting.borrow_mut().push((stream, unread));
    }

    /// A body, or a piece of one, has been given.
    pub(crate) fn given(&self) {
        if self.is_unknown() {
            self.bodies.set(Bodies::Given);
            self.waiting.borrow_mut().clear();
        }
    }

    /// The stream is gone.
    pub(crate) fn forget(&self, stream: u32) {
        if self.is_unknown() {
            let mut waiting = self.waiting.borrow_mut();
            waiting.retain(|(known, _)| *known != stream);
        }
    }

    /// In how many milliseconds [`BodyWatch::withheld`] should look again.
    pub(crate) fn look_in(&self, now: SteadyMillis) -> Option<u64> {
        let is_waiting = !self.waiting.borrow().is_empty();
        is_waiting.then(|| self.look_at.get().saturating_sub(now))
    }

    /// Looks whether a body has arrived at Envoy. If so, returns every stream that waits for
    /// one.
    pub(crate) fn withheld(&self, now: SteadyMillis) -> Vec<(u32, Option<Unread>)> {
        let mut waiting = self.waiting.borrow_mut();
        if now < self.look_at.get() || waiting.is_empty() {
            return Vec::new();
        }
        let mut streams = waiting.iter();
        if !streams.any(|(stream, _)| host::enter(*stream).is_ok() && host::body_has_arrived()) {
            // The client is slow: its body has not arrived yet.
            self.look_at.set(now.saturating_add(LOOK_AFTER_MILLIS));
            return Vec::new();
        }
        log::error!(
            "Envoy gives this filter no request bodies, so {}. The filter's configuration in Envoy \
             needs allow_on_headers_stop_iteration: true, an Envoy from 1.35 on, and a control \
             plane that passes the setting on (docs/platforms.md, \"Requests get 503\")",
            self.consequence
        );
        self.bodies.set(Bodies::Withheld);
        std::mem::take(&mut waiting)
    }
}
