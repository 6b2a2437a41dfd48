//! What the end of an attempt says: of the event's next round, and of the webhook.

use crate::delivery::outcome::{NotSent, Outcome};

/// Can another attempt at the same webhook succeed? Everything but the webhook's own refusal can
/// pass.
#[must_use]
pub fn may_retry(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Delivered => false,
        Outcome::Rejected { status, .. } => is_temporary(status),
        Outcome::Timeout | Outcome::Unreachable | Outcome::NotSent(_) => true,
    }
}

/// Does the outcome show that the webhook works? `None` when it says nothing of the webhook.
#[must_use]
pub fn webhook_works(outcome: Outcome) -> Option<bool> {
    match outcome {
        Outcome::Delivered => Some(true),
        Outcome::Rejected { status, .. } => Some(!is_temporary(status)),
        Outcome::NotSent(NotSent::Deadline | NotSent::Shed) => None,
        Outcome::Timeout | Outcome::Unreachable | Outcome::NotSent(_) => Some(false),
    }
}

/// 408, 425, 429 and 5xx are a webhook's way to say "later"; 3xx and other 4xx will not change.
fn is_temporary(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..=599)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(status: u16) -> Outcome {
        Outcome::Rejected {
            status,
            retry_after: None,
        }
    }

    #[test]
    fn tries_again_only_where_it_can_help() {
        for status in [408, 425, 429, 500, 502, 503, 504, 599] {
            assert!(may_retry(rejected(status)), "{status}");
        }
        for status in [301, 302, 400, 401, 403, 404, 410, 413, 421, 422, 999] {
            assert!(!may_retry(rejected(status)), "{status}");
        }
        assert!(may_retry(Outcome::Timeout));
        assert!(may_retry(Outcome::Unreachable));
        assert!(may_retry(Outcome::NotSent(NotSent::NoCapacity)));
        assert!(!may_retry(Outcome::Delivered));
    }

    #[test]
    fn a_webhook_that_refuses_works_and_our_own_doing_says_nothing() {
        for (outcome, works) in [
            (Outcome::Delivered, Some(true)),
            (rejected(422), Some(true)),
            (rejected(503), Some(false)),
            (Outcome::Timeout, Some(false)),
            (Outcome::Unreachable, Some(false)),
            (Outcome::NotSent(NotSent::NoCapacity), Some(false)),
            (Outcome::NotSent(NotSent::Deadline), None),
            (Outcome::NotSent(NotSent::Shed), None),
        ] {
            assert_eq!(webhook_works(outcome), works, "{outcome:?}");
        }
    }
}
