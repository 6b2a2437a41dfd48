//! Gauges of the whole process, summed up over its workers.
//!
//! A gauge of Envoy has one value for all workers, and keeps it when the VM dies that set it. So
//! each worker shares its own values, and the worker that looks sets the gauges to the sum. A
//! worker looks while it has something to report. A worker that has never had a request looks now
//! and then, in case others have died. The main thread gets no requests, so it always does.

use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;

use super::peers::{Board, Peers};
use super::{Gauge, Observe};
use crate::clock::{millis, SteadyMillis, UnixSeconds};
use crate::config::Config;
use crate::delivery::dedupe::Owner;
use crate::delivery::levels::Levels;

/// How often a worker looks while it has something to report.
const LOOK_EVERY_MILLIS: SteadyMillis = 1_000;
/// How often a worker looks that has never had a request.
const WATCH_EVERY_MILLIS: SteadyMillis = 5_000;
/// The values of a worker are left out of the sum when it has not looked for this long.
const LIVE_FOR_MILLIS: SteadyMillis = 5_000;

#[cfg(test)]
mod tests;

/// One worker's part in the gauges.
#[derive(Debug)]
pub(crate) struct Gauges {
    peers: Peers,
    /// The webhooks' names, hashed: another configuration may have them in another order.
    webhooks: Vec<u64>,
    /// When each of them last accepted an event, as far as the gauges say.
    successes: Vec<Option<SteadyMillis>>,
    retry_window_seconds: u64,
    look_at: SteadyMillis,
    has_changed: bool,
    has_looked: bool,
    /// There has been no request yet.
    watches: bool,
}

/// The work that is due when the gauges are looked at.
pub(crate) struct Look<'l> {
    pub(crate) now: SteadyMillis,
    pub(crate) unix: UnixSeconds,
    pub(crate) board: &'l mut dyn Board,
    pub(crate) observe: &'l mut Observe,
}

impl Gauges {
    pub(crate) fn new(config: &Config, owner: Owner, now: SteadyMillis) -> Self {
        let webhooks = config.webhooks.iter();
        let names = webhooks.map(|webhook| FxBuildHasher.hash_one(webhook.name.as_str()));
        Self {
            peers: Peers::new("freshpaint.gauges", owner, LIVE_FOR_MILLIS),
            webhooks: names.collect(),
            successes: vec![None; config.webhooks.len()],
            retry_window_seconds: millis(config.retry.window) / 1_000,
            look_at: now.saturating_add(WATCH_EVERY_MILLIS),
            has_changed: false,
            has_looked: false,
            watches: true,
        }
    }

    /// There is a request.
    pub(crate) fn serve(&mut self) {
        self.watches = false;
    }

    /// The values of this worker may have changed.
    pub(crate) fn touch(&mut self) {
        self.has_changed = true;
        if !self.has_looked {
            self.look_at = 0;
        }
    }

    /// When to look next; `None` while there is nothing to see.
    pub(crate) fn poll_timeout(&self) -> Option<SteadyMillis> {
        (self.has_changed || self.watches).then_some(self.look_at)
    }

    /// Shares the values of this worker, and sets the gauges to the sum of all.
    pub(crate) fn look(&mut self, levels: &Levels, look: Look<'_>) {
        let Look {
            now,
            unix,
            board,
            observe,
        } = look;
        let is_idle = levels.is_idle();
        if is_idle {
            self.peers.leave(board);
        } else {
            let value = encode(levels, &self.webhooks);
            self.peers.share(&value, now, board);
        }
        let mut sums = Sums::new(self.webhooks.len());
        self.peers
            .each(now, board, |value| sums.add(value, &self.webhooks));
        sums.tell(now, observe);
        self.tell_successes(levels, now, unix, observe);
        if !std::mem::replace(&mut self.has_looked, true) {
            observe.set(Gauge::BuildInfo, 1);
            observe.set(Gauge::RetryWindowSeconds, self.retry_window_seconds);
        }
        self.has_changed = !is_idle;
        let every = if self.watches {
            WATCH_EVERY_MILLIS
        } else {
            LOOK_EVERY_MILLIS
        };
        self.look_at = now.saturating_add(every);
    }

    fn tell_successes(
        &mut self,
        levels: &Levels,
        now: SteadyMillis,
        unix: UnixSeconds,
        observe: &mut Observe,
    ) {
        let levels = levels.webhooks.iter().enumerate();
        for ((webhook, level), told) in levels.zip(&mut self.successes) {
            let Some(at) = level.last_success.filter(|at| Some(*at) != *told) else {
                continue;
            };
            *told = Some(at);
            let age = now.saturating_sub(at).div_ceil(1_000);
            let unix = u64::try_from(unix.0).unwrap_or(0).saturating_sub(age);
            observe.raise(Gauge::LastSuccessSeconds(webhook), unix);
        }
    }
}

/// Four words about held events, then three for each webhook that has something.
fn encode(levels: &Levels, webhooks: &[u64]) -> Vec<u8> {
    let mut value = Vec::new();
    let mut put = |word: u64| value.extend_from_slice(&word.to_le_bytes());
    put(levels.held_events as u64);
    put(levels.held_bytes as u64);
    put(levels.held_used_percent.into());
    put(levels.held_since.unwrap_or(u64::MAX));
    for (level, name) in levels.webhooks.iter().zip(webhooks) {
        if !level.is_idle() {
            put(*name);
            put(level.in_flight as u64);
            put(level.breaker_is_open.into());
        }
    }
    value
}

/// The sum over all workers.
#[derive(Debug)]
struct Sums {
    held_events: u64,
    held_bytes: u64,
    held_used_percent: u64,
    held_since: u64,
    /// By the webhook's index: calls under way, and open breakers.
    webhooks: Vec<[u64; 2]>,
}

impl Sums {
    fn new(webhooks: usize) -> Self {
        Self {
            held_events: 0,
            held_bytes: 0,
            held_used_percent: 0,
            held_since: u64::MAX,
            webhooks: vec![[0; 2]; webhooks],
        }
    }

    /// Adds what one worker has, as [`encode`] wrote it. Webhooks of another configuration are left
    /// out.
    fn add(&mut self, value: &[u8], webhooks: &[u64]) {
        let chunks = value.chunks_exact(8);
        let mut words = chunks
            .filter_map(|chunk| chunk.first_chunk().copied())
            .map(u64::from_le_bytes);
        let mut next = || words.next();
        let (Some(events), Some(bytes), Some(percent), Some(since)) =
            (next(), next(), next(), next())
        else {
            return;
        };
        self.held_events = self.held_events.saturating_add(events);
        self.held_bytes = self.held_bytes.saturating_add(bytes);
        self.held_used_percent = self.held_used_percent.max(percent);
        self.held_since = self.held_since.min(since);
        while let (Some(name), Some(in_flight), Some(open)) = (next(), next(), next()) {
            let known = webhooks.iter().position(|known| *known == name);
            if let Some([calls, breakers]) = known.and_then(|at| self.webhooks.get_mut(at)) {
                *calls = calls.saturating_add(in_flight);
                *breakers = breakers.saturating_add(open);
            }
        }
    }

    fn tell(&self, now: SteadyMillis, observe: &mut Observe) {
        // Zero when nothing is held.
        let oldest = now.saturating_sub(self.held_since) / 1_000;
        observe.set(Gauge::HeldEvents, self.held_events);
        observe.set(Gauge::HeldBytes, self.held_bytes);
        observe.set(Gauge::HeldUsedPercent, self.held_used_percent);
        observe.set(Gauge::HeldOldestSeconds, oldest);
        for (webhook, [in_flight, open]) in self.webhooks.iter().enumerate() {
            observe.set(Gauge::InFlight(webhook), *in_flight);
            observe.set(Gauge::BreakerOpen(webhook), *open);
        }
    }
}
