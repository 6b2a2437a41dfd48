//! The table of the metrics: what is counted, and under which name.
//!
//! A name is Envoy's, without its prefix `wasmcustom.`. The shipped `stats_tags` cut its labels
//! out. To add a metric: CONTRIBUTING.md, "Add a metric".

use super::registry::{labels, Family, Label, MetricId, MetricKind, Registry};
use crate::config::Webhook;
use crate::event::Kind;

labels! {
    /// How a request ended, for the SDK.
    pub enum RequestOutcome {
        /// Answered with success.
        Accepted = "accepted",
        /// Answered so that the SDK sends it again.
        Retry = "retry",
        /// Answered with 4xx.
        Refused = "refused",
        /// Not a collection request: left to the route.
        Passed = "passed",
        /// A CORS preflight, answered whether it is allowed or not.
        Preflight = "preflight",
    }
}

labels! {
    /// What became of an event when its request was answered.
    pub enum EventOutcome {
        /// At least one webhook has it.
        Accepted = "accepted",
        /// Every webhook failed it.
        Failed = "failed",
        /// No webhook wants it.
        Filtered = "filtered",
        /// Not an event that can be delivered.
        Invalid = "invalid",
        /// Recognised as sent again: a webhook had accepted it before.
        Duplicate = "duplicate",
        /// Recognised as sent again: every webhook had refused it for good.
        Refused = "refused",
    }
}

labels! {
    /// How one call to a webhook ended, with the class of the webhook's status where there is one.
    pub enum AttemptOutcome {
        /// Accepted.
        Delivered = "delivered.status_class.2xx",
        /// Redirects are not followed.
        Redirected = "rejected.status_class.3xx",
        /// The webhook says that the request is wrong.
        ClientError = "rejected.status_class.4xx",
        /// The webhook says that it is in trouble.
        ServerError = "rejected.status_class.5xx",
        /// The webhook answered with a status outside these classes.
        OtherStatus = "rejected.status_class.other",
        /// See [`crate::delivery::outcome::Outcome::Timeout`].
        Timeout = "timeout.status_class.none",
        /// See [`crate::delivery::outcome::Outcome::Unreachable`].
        Unreachable = "unreachable.status_class.none",
        /// The host did not make the call.
        NotSent = "not_sent.status_class.none",
    }
}

labels! {
    /// How one delivery of an event to one webhook ended for good, after any number of attempts.
    pub enum DeliveryOutcome {
        /// See [`crate::delivery::outcome::Outcome::Delivered`].
        Delivered = "delivered",
        /// See [`crate::delivery::outcome::Outcome::Rejected`].
        Rejected = "rejected",
        /// See [`crate::delivery::outcome::Outcome::Timeout`].
        Timeout = "timeout",
        /// See [`crate::delivery::outcome::Outcome::Unreachable`].
        Unreachable = "unreachable",
        /// See [`crate::delivery::outcome::Outcome::NotSent`].
        NotSent = "not_sent",
    }
}

labels! {
    /// What became of events that a webhook still lacked after a round.
    pub enum HeldOutcome {
        /// Kept to be tried again.
        Kept = "kept",
        /// Not kept: no room.
        NoRoom = "no_room",
        /// Delivered later.
        Delivered = "delivered",
        /// Every webhook that it was owed to refused it for good.
        Refused = "refused",
        /// The retry window ended.
        Expired = "expired",
        /// Another worker, or a newer configuration, took it over.
        HandedOver = "handed_over",
        /// The dead letter webhook did not take it either.
        Lost = "lost",
    }
}

labels! {
    /// Why a well-formed call is not delivered.
    pub enum FilteredReason {
        /// No webhook's options and rules let it through.
        Unwanted = "unwanted",
        /// The contract has no such type (`alias`, `$create_alias`).
        Alias = "alias",
        /// Raw autocapture or another event that the SDK made for its own service: a name that
        /// begins with `$`.
        Autocapture = "autocapture",
        /// A change to a profile that does not say what the traits are (`$add`, `$append`,
        /// `$unset`, ...).
        ProfileOperation = "profile_operation",
        /// The customer's `integrations` leave this destination out.
        Integrations = "integrations",
    }
}

labels! {
    /// Why a webhook does not get an event, in the order in which it is asked: the first that says
    /// no is counted.
    pub enum SuppressReason {
        /// `sources`: its write key or environment id is not one of those that may send.
        Source = "source",
        /// `sample`: it is not part of the sample.
        Sample = "sample",
        /// `honor`: its request says `Sec-GPC: 1`.
        Gpc = "gpc",
        /// `honor`: its request says `DNT: 1`.
        Dnt = "dnt",
        /// `requires_consent`: a category was not granted.
        Consent = "consent",
        /// `events`: its type or its name.
        Filter = "filter",
    }
}

/// An event's type; no kind is `other`.
impl Label for Option<Kind> {
    const ALL: &'static [Self] = &[
        Some(Kind::Track),
        Some(Kind::Page),
        Some(Kind::Identify),
        Some(Kind::Group),
        None,
    ];

    fn as_str(self) -> &'static str {
        self.map_or("other", Kind::as_str)
    }
}

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
