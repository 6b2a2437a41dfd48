//! Whole bodies that wait for a turn of the host's loop.
//!
//! To read a body may take the worker as long as the limits allow, and many bodies may come in one
//! turn, of one client too. What is over the quota of a turn waits for the next ones, so that the
//! loop does what else there is in between. Small bodies go first, because most requests are small;
//! so that large ones have their turn, each turn reads one of them in any case.
//!
//! As with calls, what reading takes is counted and not measured.

use std::collections::VecDeque;

use crate::clock::{Now, SteadyMillis};
use crate::local_reply::LocalReply;
use crate::quota::Quota;
use crate::upload::Gathering;

/// A turn reads bodies until they have taken this many nanoseconds.
const MOST: u64 = 10_000_000;
/// A turn that takes long has to read more than this.
const LITTLE: u64 = MOST / 8;
/// A body of up to so many bytes, as it is received, is small. Unpacked it has 100 times as many at
/// most, unless the configuration says otherwise.
const SMALL: usize = 4_096;
/// To unpack a byte, to check it and to copy it, in nanoseconds.
const BYTE: u64 = 20;
/// To read the smallest request.
const REQUEST: u64 = 20_000;
/// To read an event.
const EVENT: u64 = 3_000;
/// To put an event into a webhook's queue.
const DELIVERY: u64 = 500;

/// What reading a body took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spent {
    /// Bytes of the body and of its layers.
    pub(super) bytes: usize,
    pub(super) events: usize,
    pub(super) deliveries: usize,
    /// What the rules took, in nanoseconds.
    pub(super) rules: u64,
}

/// A whole body, its stream, and when it came.
type Waiting = (Gathering, u32, Now);

/// The bodies that wait, and the replies to those that were refused since.
#[derive(Debug)]
pub(super) struct Bodies {
    small: VecDeque<Waiting>,
    large: VecDeque<Waiting>,
    /// This turn has not read a large body yet.
    owes_large: bool,
    refused: Vec<(u32, LocalReply)>,
    quota: Quota,
}

impl Default for Bodies {
    fn default() -> Self {
        Self {
            small: VecDeque::new(),
            large: VecDeque::new(),
            owes_large: false,
            refused: Vec::new(),
            quota: Quota::new(MOST, LITTLE),
        }
    }
}

impl Bodies {
    /// Whether this body has to wait.
    pub(super) fn must_wait(&self, body: &Gathering) -> bool {
        let is_first = self.small.is_empty() && (is_small(body) || self.large.is_empty());
        self.quota.is_used_up() || !is_first
    }

    /// This body waits. It came at this time.
    pub(super) fn push(&mut self, body: Gathering, stream: u32, came: Now) {
        let queue = if is_small(&body) {
            &mut self.small
        } else {
            &mut self.large
        };
        queue.push_back((body, stream, came));
    }

    /// The next body that this turn may read.
    pub(super) fn pop(&mut self) -> Option<Waiting> {
        if !self.quota.is_used_up() {
            if let Some(small) = self.small.pop_front() {
                return Some(small);
            }
        } else if !self.owes_large {
            return None;
        }
        self.owes_large = false;
        self.large.pop_front()
    }

    /// A body has been read.
    pub(super) fn count(&mut self, spent: Spent, now: SteadyMillis) {
        let each = |nanos: u64, times: usize| nanos.saturating_mul(times as u64);
        let nanos = REQUEST
            .saturating_add(each(BYTE, spent.bytes))
            .saturating_add(each(EVENT, spent.events))
            .saturating_add(each(DELIVERY, spent.deliveries))
            .saturating_add(spent.rules);
        self.quota.take(nanos, now);
    }

    /// A body that waited is refused.
    pub(super) fn refuse(&mut self, stream: u32, reply: LocalReply) {
        self.refused.push((stream, reply));
    }

    /// A reply to a body that was refused.
    pub(super) fn pop_refused(&mut self) -> Option<(u32, LocalReply)> {
        self.refused.pop()
    }

    /// A tick has come.
    pub(super) fn on_tick(&mut self, now: SteadyMillis) {
        self.quota.on_tick(now);
        self.owes_large = true;
    }

    /// When a tick should come.
    pub(super) fn wants_tick(&self, now: SteadyMillis) -> Option<SteadyMillis> {
        let waits = (!self.are_read()).then_some(now);
        waits.or(self.quota.wants_tick(now))
    }

    /// Nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.are_read() && self.refused.is_empty()
    }

    /// No body waits.
    fn are_read(&self) -> bool {
        self.small.is_empty() && self.large.is_empty()
    }
}

fn is_small(whole: &Gathering) -> bool {
    whole.body.len() + whole.collection.kept_bytes() <= SMALL
}

#[cfg(test)]
mod tests;
