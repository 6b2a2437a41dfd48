//! Calls under way: their tokens, how they end, and those that the host forgets.

use std::time::Duration;

use rustc_hash::FxHashMap;

use super::key::EntryKey;
use super::outcome::{CallResponse, Outcome};
use super::timers::{Timer, Timers};
use crate::clock::{millis, SteadyMillis};

/// A call that the host never ends is given up this long after its timeout.
const LOST_AFTER_MILLIS: u64 = 5_000;

/// A timer of the host may run out this much early by the clock that a module reads: the host
/// counts from the start of its event loop's turn.
const EARLY_MILLIS: u64 = 50;

/// One HTTP call, of one delivery or of several that share it.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    entry: EntryKey,
    /// All that a webhook with `batch` gets in it, the first one included; empty for the others.
    bundle: Vec<EntryKey>,
    webhook: usize,
    began: SteadyMillis,
    /// When it is given up if the host never ends it.
    lost_at: SteadyMillis,
    /// Bytes of its body.
    bytes: usize,
}

impl Attempt {
    /// A call that begins now.
    pub(super) fn new(
        webhook: usize,
        entry: EntryKey,
        bundle: Vec<EntryKey>,
        now: SteadyMillis,
    ) -> Self {
        Self {
            entry,
            bundle,
            webhook,
            began: now,
            lost_at: now,
            bytes: 0,
        }
    }

    /// The same with a body of so many bytes, which times out this long after `now`.
    pub(super) fn with(self, bytes: usize, timeout: Duration, now: SteadyMillis) -> Self {
        let times_out_at = now.saturating_add(millis(timeout));
        Self {
            bytes,
            lost_at: times_out_at.saturating_add(LOST_AFTER_MILLIS),
            ..self
        }
    }

    /// The event whose turn it was.
    pub(super) fn entry(&self) -> EntryKey {
        self.entry
    }

    /// The event of a call that carries one.
    pub(super) fn only_entry(&self) -> Option<EntryKey> {
        (self.bundle.len() <= 1).then_some(self.entry)
    }

    /// The events of a call that carries several.
    pub(super) fn bundle(&self) -> &[EntryKey] {
        &self.bundle
    }

    pub(super) fn webhook(&self) -> usize {
        self.webhook
    }

    pub(super) fn began(&self) -> SteadyMillis {
        self.began
    }

    /// How it ended. A call ends without headers when its answer breaks off, and also when its
    /// answer is not whole in time. Only the clock tells the two apart. The second is a timeout
    /// (seed, "Considerations").
    fn outcome(&self, response: &CallResponse, now: SteadyMillis) -> Outcome {
        let times_out_at = self.lost_at.saturating_sub(LOST_AFTER_MILLIS);
        if response.status.is_none() && now.saturating_add(EARLY_MILLIS) >= times_out_at {
            return Outcome::Timeout;
        }
        Outcome::of(response)
    }
}

/// The calls that the host makes for us, by its tokens.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    calls: FxHashMap<u32, Attempt>,
    /// Bytes of all their bodies.
    bytes: usize,
}

impl Attempts {
    pub(super) fn insert(&mut self, token: u32, attempt: Attempt, timers: &mut Timers) {
        self.bytes += attempt.bytes;
        timers.start(Timer::LostCall, attempt.lost_at);
        self.calls.insert(token, attempt);
    }

    /// Takes out a call that has ended; `None` where no call under way has this token.
    pub(super) fn remove(
        &mut self,
        token: u32,
        response: &CallResponse,
        now: SteadyMillis,
        timers: &mut Timers,
    ) -> Option<(Attempt, Outcome)> {
        let attempt = self.calls.remove(&token)?;
        self.bytes = self.bytes.saturating_sub(attempt.bytes);
        if self.calls.is_empty() {
            timers.set(Timer::LostCall, None);
        }
        let outcome = attempt.outcome(response, now);
        Some((attempt, outcome))
    }

    /// Takes out the calls that the host should have ended long ago.
    pub(super) fn remove_lost(&mut self, now: SteadyMillis, timers: &mut Timers) -> Vec<Attempt> {
        let mut lost = Vec::new();
        self.calls.retain(|_, attempt| {
            let is_lost = attempt.lost_at <= now;
            if is_lost {
                lost.push(attempt.clone());
            }
            !is_lost
        });
        let bytes = lost.iter().map(|attempt: &Attempt| attempt.bytes);
        self.bytes = self.bytes.saturating_sub(bytes.sum());
        let next = (!self.calls.is_empty()).then(|| now.saturating_add(LOST_AFTER_MILLIS));
        timers.set(Timer::LostCall, next);
        lost
    }

    /// Bytes of the bodies of all calls, of which the host has copies.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }
}
