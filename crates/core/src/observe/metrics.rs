//! The table of the metrics and their names.
//!
//! A name is Envoy's, without its prefix `wasmcustom.`. The shipped `stats_tags` cut its labels
//! out. To add a metric: CONTRIBUTING.md, "Add a metric".

use super::labels::{
    AttemptOutcome, DeliveryOutcome, DropReason, EventOutcome, FilteredReason, HeldOutcome,
    RequestOutcome, SuppressReason,
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
    /// An event that was given up goes to the dead letter webhook.
    DeadLetters(DropReason),
    /// A call to the webhook with this index carries several events.
    Batches(usize),
    /// The table of recognised events forgot one before its time, to make room for a newer one.
    Evictions,
    /// A line of the log of deliveries was left out, because there were too many.
    LogLeftOut,
}

/// One gauge. Each is for the whole process (see [`super::gauges`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gauge {
    /// Always 1; its label says which version of the module runs.
    BuildInfo,
    /// How long an event is held at most, in seconds: `retry.window`.
    RetryWindowSeconds,
    /// Events that are held.
    HeldEvents,
    /// Bytes that they take.
    HeldBytes,
    /// How full the fullest worker is, in percent of its bounds.
    HeldUsedPercent,
    /// How long the oldest of them has been held, in seconds.
    HeldOldestSeconds,
    /// Calls under way to the webhook with this index.
    InFlight(usize),
    /// Workers that hold back retries to the webhook with this index, because it keeps failing.
    BreakerOpen(usize),
    /// When the webhook with this index last accepted an event, in seconds since 1970.
    LastSuccessSeconds(usize),
}

/// One histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Histogram {
    /// How long calls to the webhook with this index took, in milliseconds, however they ended.
    Latency(usize),
}

/// The ids of all metrics.
#[derive(Debug)]
pub(super) struct Ids {
    requests: Family<RequestOutcome>,
    events: Vec<(Option<Kind>, Family<EventOutcome>)>,
    held: Family<HeldOutcome>,
    abandoned: MetricId,
    dead_letters: Family<DropReason>,
    evictions: MetricId,
    log_left_out: MetricId,
    build_info: MetricId,
    retry_window_seconds: MetricId,
    held_events: MetricId,
    held_bytes: MetricId,
    held_used_percent: MetricId,
    held_oldest_seconds: MetricId,
    /// By the webhook's index.
    webhooks: Vec<WebhookIds>,
}

/// The ids of one webhook's metrics.
#[derive(Debug)]
struct WebhookIds {
    attempts: Family<AttemptOutcome>,
    deliveries: Family<DeliveryOutcome>,
    suppressed: Family<SuppressReason>,
    batches: MetricId,
    in_flight: MetricId,
    breaker_open: MetricId,
    last_success_seconds: MetricId,
    latency_ms: MetricId,
}

impl Ids {
    /// Registers every metric. This and [`WebhookIds::register`] are the only places where a metric
    /// has a name.
    pub(super) fn register(registry: &mut Registry, webhooks: &[Webhook]) -> Self {
        const BUILD_INFO: &str = concat!("build_info.version.", env!("CARGO_PKG_VERSION"));
        let mut events = Vec::new();
        for kind in <Option<Kind> as Label>::ALL {
            let name = ["events.type.", kind.as_str(), ".outcome"].concat();
            events.push((*kind, registry.counters(&name)));
        }
        Self {
            requests: registry.counters("requests.outcome"),
            events,
            held: registry.counters("held.outcome"),
            abandoned: registry.register(MetricKind::Counter, "answers.outcome.abandoned"),
            dead_letters: registry.counters("dead_letters.reason"),
            evictions: registry.register(MetricKind::Counter, "evictions"),
            log_left_out: registry.register(MetricKind::Counter, "log_left_out"),
            build_info: registry.register(MetricKind::Gauge, BUILD_INFO),
            retry_window_seconds: registry.register(MetricKind::Gauge, "retry_window_seconds"),
            held_events: registry.register(MetricKind::Gauge, "held_events"),
            held_bytes: registry.register(MetricKind::Gauge, "held_bytes"),
            held_used_percent: registry.register(MetricKind::Gauge, "held_used_percent"),
            held_oldest_seconds: registry.register(MetricKind::Gauge, "held_oldest_seconds"),
            webhooks: webhooks
                .iter()
                .map(|webhook| WebhookIds::register(registry, webhook))
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
            Counter::Attempts(webhook, outcome) => self.webhooks.get(webhook)?.attempts.id(outcome),
            Counter::Deliveries(webhook, outcome) => {
                self.webhooks.get(webhook)?.deliveries.id(outcome)
            }
            Counter::Held(outcome) => self.held.id(outcome),
            Counter::Suppressed(webhook, reason) => {
                self.webhooks.get(webhook)?.suppressed.id(reason)
            }
            Counter::Abandoned => Some(self.abandoned),
            Counter::DeadLetters(reason) => self.dead_letters.id(reason),
            Counter::Batches(webhook) => Some(self.webhooks.get(webhook)?.batches),
            Counter::Evictions => Some(self.evictions),
            Counter::LogLeftOut => Some(self.log_left_out),
        }
    }

    /// As [`Self::counter`].
    pub(super) fn gauge(&self, gauge: Gauge) -> Option<MetricId> {
        match gauge {
            Gauge::BuildInfo => Some(self.build_info),
            Gauge::RetryWindowSeconds => Some(self.retry_window_seconds),
            Gauge::HeldEvents => Some(self.held_events),
            Gauge::HeldBytes => Some(self.held_bytes),
            Gauge::HeldUsedPercent => Some(self.held_used_percent),
            Gauge::HeldOldestSeconds => Some(self.held_oldest_seconds),
            Gauge::InFlight(webhook) => Some(self.webhooks.get(webhook)?.in_flight),
            Gauge::BreakerOpen(webhook) => Some(self.webhooks.get(webhook)?.breaker_open),
            Gauge::LastSuccessSeconds(webhook) => {
                Some(self.webhooks.get(webhook)?.last_success_seconds)
            }
        }
    }

    /// As [`Self::counter`].
    pub(super) fn histogram(&self, histogram: Histogram) -> Option<MetricId> {
        match histogram {
            Histogram::Latency(webhook) => Some(self.webhooks.get(webhook)?.latency_ms),
        }
    }
}

impl WebhookIds {
    fn register(registry: &mut Registry, webhook: &Webhook) -> Self {
        let name = |metric, label| [metric, ".webhook.", &*webhook.name, label].concat();
        let rules = webhook.rules.as_deref();
        let suppresses = |reason| rules.is_some_and(|rules| rules.has(reason));
        Self {
            attempts: registry.counters(&name("attempts", ".outcome")),
            deliveries: registry.counters(&name("deliveries", ".outcome")),
            suppressed: registry.counters_where(&name("suppressed", ".signal"), &suppresses),
            batches: registry.register(MetricKind::Counter, &name("batches", "")),
            in_flight: registry.register(MetricKind::Gauge, &name("in_flight", "")),
            breaker_open: registry.register(MetricKind::Gauge, &name("breaker_open", "")),
            last_success_seconds: registry
                .register(MetricKind::Gauge, &name("last_success_seconds", "")),
            latency_ms: registry.register(MetricKind::Histogram, &name("latency_ms", "")),
        }
    }
}
