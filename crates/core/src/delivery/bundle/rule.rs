//! When a call starts that several events may share.

use std::time::Duration;

use crate::clock::{millis, SteadyMillis};
use crate::config::{Batch, Webhook};
use crate::delivery::ready::{Ready, Waiting};
use crate::delivery::TOTAL_TIMEOUT;

/// While a call is under way, the next call that is not full starts this long after it. A webhook
/// that answers sooner gets one call after the other, and the events that come in meanwhile share
/// the next one. A slow webhook has many calls under way at once, and an event waits no longer than
/// this for the next.
const APART_MILLIS: SteadyMillis = 5;

/// The rule of one webhook with `batch`.
#[derive(Debug)]
pub(in super::super) struct Bundling {
    max_events: u32,
    max_bytes: usize,
    /// An event waits for others until this long before it is too late for its call.
    before_too_late: SteadyMillis,
    /// When the last call began.
    began: SteadyMillis,
}

impl Bundling {
    /// The rule of this webhook; `None` when each event has a call of its own.
    pub(in super::super) fn of(webhook: &Webhook) -> Option<Self> {
        let Batch {
            max_events,
            max_bytes,
            max_wait,
            ..
        } = *webhook.batch.as_ref()?;
        let begins_within = TOTAL_TIMEOUT.saturating_sub(webhook.timeout);
        let before_too_late = begins_within
            .saturating_sub(max_wait)
            .saturating_add(Duration::from_millis(1));
        Some(Self {
            max_events: u32::try_from(max_events).unwrap_or(u32::MAX),
            max_bytes,
            before_too_late: millis(before_too_late),
            began: 0,
        })
    }

    /// How many events may share a call.
    pub(in super::super) fn max_events(&self) -> u32 {
        self.max_events
    }

    /// Bytes that a body has room for beside this delivery.
    pub(in super::super) fn room_beside(&self, first: &Waiting) -> usize {
        // The brackets of an array are one byte more than a separator for each event.
        let room = self.max_bytes.saturating_sub(1);
        room.saturating_sub(first.body_bytes())
    }

    pub(in super::super) fn begin_call(&mut self, now: SteadyMillis) {
        self.began = now;
    }

    /// When the next call may start; `None` when nothing waits.
    pub(in super::super) fn starts_at(
        &self,
        ready: &Ready,
        in_flight: usize,
    ) -> Option<SteadyMillis> {
        let first = ready.front()?;
        let is_full =
            ready.len() >= self.max_events as usize || ready.body_bytes() >= self.max_bytes;
        // Nothing new joins one that was part of a refused call or keeps failing.
        if is_full || first.share < self.max_events {
            return Some(0);
        }
        let waited = first.too_late.saturating_sub(self.before_too_late);
        Some(match in_flight {
            0 => waited,
            _ => waited.max(self.began.saturating_add(APART_MILLIS)),
        })
    }

    /// How many calls these deliveries take.
    pub(in super::super) fn calls(&self, ready: &Ready) -> usize {
        let by_events = ready.len().div_ceil((self.max_events as usize).max(1));
        by_events.max(ready.body_bytes().div_ceil(self.max_bytes.max(1)))
    }
}
