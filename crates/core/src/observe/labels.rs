//! The labels of the metrics: every value that each can have, and how it stands in a name.

use super::registry::labels;
pub use super::registry::Label;
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
    /// The state of an event when its request was answered.
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
    /// A change in the state of an event that a webhook still lacked after a round.
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
        /// Given up, and on its way to the dead letter webhook.
        DeadLetter = "dead_letter",
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
    /// Why a webhook does not get an event. The rules are checked in this order, and the first that
    /// refuses is counted.
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

labels! {
    /// Why an event is dropped. It is also the value of the header `freshpaint-dead-letter-reason`.
    pub enum DropReason {
        /// Every webhook that lacks it has refused it for good.
        Refused = "refused",
        /// The same, and each time because it is too large.
        Oversized = "oversized",
        /// `retry.window` ended.
        Expired = "expired",
        /// It failed and could not be held.
        NoRoom = "no_room",
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
