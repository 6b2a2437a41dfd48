//! Tells the live page and the log about deliveries. Without either, each of these functions asks
//! one question and returns.

use super::event::PreparedEvent;
use super::outcome::{NotSent, Outcome};
use super::Turn;
use crate::clock::SteadyMillis;
use crate::hashed_id;
use crate::observe::labels::Label;
use crate::observe::record::Record;
use crate::observe::Counter;

impl Turn<'_> {
    /// One delivery has ended.
    pub(super) fn record_attempt(
        &mut self,
        event: &PreparedEvent,
        webhook: usize,
        attempt: u32,
        outcome: Outcome,
    ) {
        if self.observe.recorder.is_none() && self.observe.delivery_log.is_none() {
            return;
        }
        let was_made = !matches!(outcome, Outcome::NotSent(_));
        let took = self.took.filter(|_| was_made);
        if let Some(recorder) = self.observe.recorder.as_deref_mut() {
            recorder.count(webhook, outcome == Outcome::Delivered, took, self.now);
        }
        let (status, reason) = match outcome {
            Outcome::Delivered => (self.status.unwrap_or(0), ""),
            Outcome::Rejected { status, .. } => (status, ""),
            Outcome::Timeout | Outcome::Unreachable(_) => (0, ""),
            Outcome::NotSent(NotSent::UnknownCluster) => (0, "Envoy knows no such cluster"),
            Outcome::NotSent(NotSent::NoCapacity) => (0, "no host, or the circuit breaker is full"),
            Outcome::NotSent(NotSent::Deadline) => (0, "its turn would come too late"),
            Outcome::NotSent(NotSent::Shed) => (0, "made room: another webhook has the event"),
        };
        let record = Record {
            webhook: Some(webhook),
            attempt,
            outcome: outcome.label().as_str(),
            reason,
            status,
            took,
            ..Record::default()
        };
        self.log_attempt(event, record);
        self.record(event, record);
    }

    fn log_attempt(&mut self, event: &PreparedEvent, record: Record<'_>) {
        let Some(log) = self.observe.delivery_log.as_deref_mut() else {
            return;
        };
        if !log.admits(self.now) {
            self.observe.count(Counter::LogLeftOut);
            return;
        }
        let line = log.line(&about(event, record), self.now);
        self.observe.log_lines.delivery(line);
    }

    /// The event waits for its next round.
    pub(super) fn record_held(&mut self, event: &PreparedEvent, due: SteadyMillis) {
        let record = Record {
            outcome: "held",
            next: Some(due),
            ..Record::default()
        };
        self.record(event, record);
    }

    /// Something that concerns the whole event.
    pub(super) fn record_event(&mut self, event: &PreparedEvent, outcome: &'static str) {
        let record = Record {
            outcome,
            ..Record::default()
        };
        self.record(event, record);
    }

    fn record(&mut self, event: &PreparedEvent, record: Record<'_>) {
        let Some(recorder) = self.observe.recorder.as_deref_mut() else {
            return;
        };
        if recorder.admits(self.now) {
            recorder.write(&about(event, record), self.now);
        }
    }
}

/// The record, with the event that it is about.
fn about<'e>(event: &'e PreparedEvent, record: Record<'e>) -> Record<'e> {
    let (escaped_name, escaped_id) = hashed_id::in_payload(&event.payload);
    Record {
        kind: Some(event.kind),
        escaped_name,
        escaped_id,
        source: event.source,
        ..record
    }
}
