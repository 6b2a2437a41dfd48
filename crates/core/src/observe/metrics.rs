//! The table of the metrics: what is counted, and under which name.
//!
//! A name is Envoy's, without its prefix `wasmcustom.`. The shipped `stats_tags` cut its labels
//! out. To add a metric: CONTRIBUTING.md, "Add a metric".

use super::labels::{
    AttemptOutcome, DeliveryOutcome, EventOutcome, FilteredReason, HeldOutcome, RequestOutcome,
    SuppressReason,
};
use super::registry::{Family, Label, MetricId, MetricKind, Registry};
use crate::config::Webhook;
use crate::event::Kind;

/// One counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// A request was answered, or left to the route.
    Requests(RequestOutcome),
    /// An event was decided.
    Events(Option<Kind>, EventOutcome),
    /// An event goes to no webhook. All reasons are one counter.
    Filtered(Option<Kind>, FilteredReason),
    /// A call to the webhook with this index ended.
    Attempts(usize, AttemptOutcome),
    /// The webhook with this index has an event, or will not be tried again for it.
    Deliveries(usize, DeliveryOutcome),
    /// A kept event changed its state.
    Held(HeldOutcome),
    /// The rules of the webhook with this index did not let an event through.
    Suppressed(usize, SuppressReason),
    /// The client had gone before its answer. The request has its outcome all the same.
    Abandoned,
}

/// One gauge. There is none yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gauge {}

/// One histogram. There is none yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Histogram {}

/// The ids of all metrics.
#[derive(Debug)]
pub(super) struct Ids {
    requests: Family<RequestOutcome>,
    events: Vec<(Option<Kind>, Family<EventOutcome>)>,
    held: Family<HeldOutcome>,
    abandoned: MetricId,
    attempts: Vec<Family<AttemptOutcome>>,
    deliveries: Vec<Family<DeliveryOutcome>>,
    suppressed: Vec<Family<SuppressReason>>,
}

impl Ids {
    /// Registers every metric. This is the only place where a metric has a name.
    pub(super) fn register(registry: &mut Registry, webhooks: &[Webhook]) -> Self {
        let by_type = |kind: &Option<Kind>| format!("events.type.{}.outcome", kind.as_str());
        Self {
            requests: registry.counters("requests.outcome"),
            events: Label::ALL
                .iter()
                .map(|kind| (*kind, registry.counters(&by_type(kind))))
                .collect(),
            held: registry.counters("held.outcome"),
            abandoned: registry.register(
                MetricKind::Counter,
                format_args!("answers.outcome.abandoned"),
            ),
            attempts: webhooks
                .iter()
                .map(|webhook| {
                    registry.counters(&format!("attempts.webhook.{}.outcome", webhook.name))
                })
                .collect(),
            deliveries: webhooks
                .iter()
                .map(|webhook| {
                    registry.counters(&format!("deliveries.webhook.{}.outcome", webhook.name))
                })
                .collect(),
            suppressed: webhooks
                .iter()
                .map(|webhook| {
                    let rules = webhook.rules.as_deref();
                    registry.counters_where(
                        &format!("suppressed.webhook.{}.signal", webhook.name),
                        |reason| rules.is_some_and(|rules| rules.has(reason)),
                    )
                })
                .collect(),
        }
    }

    /// `None` where there is no such counter: an index that is no webhook's, or a reason that none
    /// of its rules has.
    pub(super) fn counter(&self, counter: Counter) -> Option<MetricId> {
        match counter {
            Counter::Requests(outcome) => self.requests.id(outcome),
            Counter::Events(kind, outcome) => {
                let (_, events) = self.events.iter().find(|(known, _)| *known == kind)?;
                events.id(outcome)
            }
            Counter::Filtered(kind, _) => {
                self.counter(Counter::Events(kind, EventOutcome::Filtered))
            }
            Counter::Attempts(webhook, outcome) => self.attempts.get(webhook)?.id(outcome),
            Counter::Deliveries(webhook, outcome) => self.deliveries.get(webhook)?.id(outcome),
            Counter::Held(outcome) => self.held.id(outcome),
            Counter::Suppressed(webhook, reason) => self.suppressed.get(webhook)?.id(reason),
            Counter::Abandoned => Some(self.abandoned),
        }
    }

    /// As [`Self::counter`].
    pub(super) fn gauge(&self, gauge: Gauge) -> Option<MetricId> {
        match gauge {}
    }

    /// As [`Self::counter`].
    pub(super) fn histogram(&self, histogram: Histogram) -> Option<MetricId> {
        match histogram {}
    }
}
