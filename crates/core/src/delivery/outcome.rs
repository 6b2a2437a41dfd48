//! How an attempt ended, read from what the host says about the call.

use std::time::Duration;

use crate::delivery::obstacle::{has, Obstacle};
use crate::observe::labels::{AttemptOutcome, DeliveryOutcome};

/// A call that ended, as the host knows it; read once, by name, as bytes.
///
/// Envoy's HTTP client reports its own failures as ordinary responses
/// (`source/common/router/router.cc`), so only the fields below tell a webhook's answer from
/// Envoy's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallResponse {
    /// `:status`; `None` when the call ended without headers (reset in the body, timeout after the
    /// headers, answer over the host's limit).
    pub status: Option<u16>,
    /// `x-envoy-upstream-service-time` was there: an upstream answered, be it a webhook or an
    /// egress listener.
    pub answered: bool,
    /// `x-egress-flags`: the response flags of an egress listener that answered in the webhook's
    /// place.
    pub egress_flags: Option<Vec<u8>>,
    /// `x-egress-details`: the listener's own words for them, read where there are flags.
    pub egress_details: Option<Vec<u8>>,
    /// `retry-after`, read for failures only.
    pub retry_after: Option<Vec<u8>>,
}

impl CallResponse {
    /// Reads what is needed to judge a response that has headers, and no more: each read is a call
    /// of the host.
    pub fn read(header: impl Fn(&str) -> Option<Vec<u8>>) -> Self {
        let status =
            header(":status").and_then(|status| std::str::from_utf8(&status).ok()?.parse().ok());
        if status.is_some_and(is_success) {
            return Self {
                status,
                answered: true,
                ..Self::default()
            };
        }
        let egress_flags = header("x-egress-flags");
        Self {
            status,
            answered: header("x-envoy-upstream-service-time").is_some(),
            egress_details: egress_flags
                .as_ref()
                .and_then(|_| header("x-egress-details")),
            egress_flags,
            retry_after: header("retry-after"),
        }
    }
}

fn is_success(status: u16) -> bool {
    (200..=299).contains(&status)
}

/// Why a call could not be made at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSent {
    /// The host knows no such cluster.
    UnknownCluster,
    /// No healthy host, DNS not resolved, or the circuit breaker is full.
    NoCapacity,
    /// Its turn would come after the batch's 25 s, or behind a webhook that keeps failing.
    Deadline,
    /// Dropped to make room: another webhook has the event.
    Shed,
}

/// The end of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The webhook answered 2xx.
    Delivered,
    /// The webhook answered anything else; redirects are not followed.
    Rejected {
        /// The webhook's status.
        status: u16,
        /// The webhook's `Retry-After`, if it gave one in seconds.
        retry_after: Option<Duration>,
    },
    /// No whole answer in time; the webhook may have taken the event.
    Timeout,
    /// Connect, DNS or TLS failure, or a connection that broke; after a broken one the webhook may
    /// have taken the event.
    Unreachable(Obstacle),
    /// The call never left.
    NotSent(NotSent),
}

impl Outcome {
    /// Judges what the host reports.
    #[must_use]
    pub fn of(response: &CallResponse) -> Self {
        let Some(status) = response.status else {
            return Self::Unreachable(Obstacle::Unknown);
        };
        if is_success(status) {
            return Self::Delivered;
        }
        if let Some(flags) = &response.egress_flags {
            let details = response.egress_details.as_deref().unwrap_or_default();
            return Self::of_egress(flags, details);
        }
        match (status, response.answered) {
            (504, false) => Self::Timeout,
            (_, false) => Self::Unreachable(Obstacle::Unknown),
            (status, true) => Self::Rejected {
                status,
                retry_after: response.retry_after.as_deref().and_then(parse_retry_after),
            },
        }
    }

    /// Envoy's `%RESPONSE_FLAGS%`: `UT` upstream timeout, `SI` stream idle timeout; `UO` overflow,
    /// `NR` no route, `NC` no cluster, `UH` no healthy host; everything else broke on the way
    /// (`UF`, `UC`, `UR`, `DF`, ...).
    fn of_egress(flags: &[u8], details: &[u8]) -> Self {
        let has = |wanted| has(flags, wanted);
        if has(b"UT") || has(b"SI") {
            Self::Timeout
        } else if has(b"NR") || has(b"NC") {
            Self::NotSent(NotSent::UnknownCluster)
        } else if has(b"UO") || has(b"UH") {
            Self::NotSent(NotSent::NoCapacity)
        } else {
            Self::Unreachable(Obstacle::of_egress(flags, details))
        }
    }

    /// The outcome of a call, with the class of the webhook's status.
    #[must_use]
    pub fn attempt_label(self) -> AttemptOutcome {
        match self {
            Self::Delivered => AttemptOutcome::Delivered,
            Self::Rejected { status, .. } => match status {
                300..=399 => AttemptOutcome::Redirected,
                400..=499 => AttemptOutcome::ClientError,
                500..=599 => AttemptOutcome::ServerError,
                _ => AttemptOutcome::OtherStatus,
            },
            Self::Timeout => AttemptOutcome::Timeout,
            Self::Unreachable(_) => AttemptOutcome::Unreachable,
            Self::NotSent(_) => AttemptOutcome::NotSent,
        }
    }

    /// The outcome without its details.
    #[must_use]
    pub fn label(self) -> DeliveryOutcome {
        match self {
            Self::Delivered => DeliveryOutcome::Delivered,
            Self::Rejected { .. } => DeliveryOutcome::Rejected,
            Self::Timeout => DeliveryOutcome::Timeout,
            Self::Unreachable(_) => DeliveryOutcome::Unreachable,
            Self::NotSent(_) => DeliveryOutcome::NotSent,
        }
    }

    /// How long the webhook asks to be left alone.
    #[must_use]
    pub fn retry_after(self) -> Option<Duration> {
        match self {
            Self::Rejected { retry_after, .. } => retry_after,
            _ => None,
        }
    }
}

/// `Retry-After` in seconds (RFC 9110, 10.2.3). The form with a date is not read: it would be right
/// only if the webhook's clock and ours agreed.
fn parse_retry_after(value: &[u8]) -> Option<Duration> {
    let text = std::str::from_utf8(value).ok()?.trim();
    // Nine digits are over thirty years; a longer number is noise.
    (text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
        .map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNREACHABLE: Outcome = Outcome::Unreachable(Obstacle::Unknown);

    fn response(status: u16, answered: bool) -> CallResponse {
        CallResponse {
            status: Some(status),
            answered,
            ..CallResponse::default()
        }
    }

    #[test]
    fn only_2xx_is_delivered() {
        for status in [200, 201, 202, 204, 205, 206, 299] {
            assert_eq!(
                Outcome::of(&response(status, true)),
                Outcome::Delivered,
                "{status}"
            );
        }
        for status in [
            100, 101, 301, 302, 304, 307, 308, 400, 404, 410, 429, 500, 503, 999,
        ] {
            assert_eq!(
                Outcome::of(&response(status, true)),
                Outcome::Rejected {
                    status,
                    retry_after: None
                },
                "{status}"
            );
        }
    }

    #[test]
    fn reads_nothing_but_the_status_of_a_success() {
        let read = std::cell::RefCell::new(Vec::new());
        let response = CallResponse::read(|name| {
            read.borrow_mut().push(name.to_owned());
            Some(b"204".to_vec())
        });
        assert_eq!(Outcome::of(&response), Outcome::Delivered);
        assert_eq!(read.into_inner(), [":status"]);
    }

    #[test]
    fn a_status_that_is_not_a_number_is_no_answer() {
        for status in [&b"abc"[..], b"", b"\xff\xfe", b"-200", b"70000"] {
            let response = CallResponse::read(|_| Some(status.to_vec()));
            assert_eq!(Outcome::of(&response), UNREACHABLE, "{status:?}");
        }
    }

    #[test]
    fn tells_envoys_answers_from_the_webhooks() {
        assert_eq!(Outcome::of(&response(504, false)), Outcome::Timeout);
        assert_eq!(Outcome::of(&response(503, false)), UNREACHABLE);
        assert_eq!(Outcome::of(&response(502, false)), UNREACHABLE);
        assert_eq!(
            Outcome::of(&response(504, true)),
            Outcome::Rejected {
                status: 504,
                retry_after: None
            }
        );
        assert_eq!(Outcome::of(&CallResponse::default()), UNREACHABLE);
    }

    #[test]
    fn reads_the_flags_of_an_egress_listener() {
        let flagged = |flags: &[u8]| {
            Outcome::of(&CallResponse {
                egress_flags: Some(flags.to_vec()),
                ..response(503, true)
            })
        };
        assert_eq!(flagged(b"UT"), Outcome::Timeout);
        let broken = Outcome::Unreachable(Obstacle::Connection);
        assert_eq!(flagged(b"UF,URX"), broken);
        assert_eq!(flagged(b"DF"), Outcome::Unreachable(Obstacle::NoAddress));
        assert_eq!(flagged(b"UO"), Outcome::NotSent(NotSent::NoCapacity));
        assert_eq!(flagged(b"NR"), Outcome::NotSent(NotSent::UnknownCluster));
        assert_eq!(flagged(b"\xff"), broken);
    }

    #[test]
    fn reads_details_where_there_are_flags() {
        let read = |flags: Option<&str>| {
            CallResponse::read(|wanted| match wanted {
                ":status" => Some(b"503".to_vec()),
                "x-egress-flags" => flags.map(Into::into),
                "x-egress-details" => Some(b"dns_resolution_failure{address_denied}".to_vec()),
                _ => None,
            })
        };
        let denied = Outcome::Unreachable(Obstacle::AddressRefused);
        assert_eq!(Outcome::of(&read(Some("DF"))), denied);
        assert_eq!(read(None).egress_details, None);
    }

    #[test]
    fn reads_retry_after_in_seconds_and_nothing_else() {
        let wish = |value: &[u8]| parse_retry_after(value).map(|wish| wish.as_secs());
        assert_eq!(wish(b"7"), Some(7));
        assert_eq!(wish(b" 120 "), Some(120));
        for noise in [
            &b""[..],
            b"-1",
            b"1.5",
            b"Wed, 21 Oct 2015 07:28:00 GMT",
            b"99999999999999999999",
            b"\xff",
        ] {
            assert_eq!(wish(noise), None, "{noise:?}");
        }
    }
}
