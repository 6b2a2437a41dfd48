//! The meaning of an attempt's end for the event and for the webhook, and the webhooks of the next
//! round.

use crate::config::{Config, Guarantee};
use crate::delivery::entry::Entry;
use crate::delivery::outcome::{NotSent, Outcome};
use crate::delivery::webhook_set::WebhookSet;

/// The rules of the configuration that say whether an event is tried again.
#[derive(Debug)]
pub(in super::super) struct Policy {
    refusals: Vec<u16>,
    max_refusals: u32,
    /// The webhooks that an event is held for although another one has it.
    each: WebhookSet,
    dead_letter: Option<usize>,
}

impl Policy {
    pub(in super::super) fn new(config: &Config) -> Self {
        let webhooks = config.webhooks.iter().enumerate();
        let each = webhooks.filter(|(_, webhook)| webhook.guarantee == Guarantee::Each);
        Self {
            refusals: config.retry.refusals.clone(),
            max_refusals: config.retry.max_refusals,
            each: each.map(|(index, _)| index).collect(),
            dead_letter: config.dead_letter,
        }
    }

    /// Does the webhook refuse the event itself? Every other failure is the webhook's own trouble,
    /// and the event is tried until `retry.window` ends.
    pub(in super::super) fn is_refusal(&self, outcome: Outcome) -> bool {
        matches!(outcome, Outcome::Rejected { status, .. } if self.refusals.contains(&status))
    }

    /// For how many rounds of refusals by this webhook the outcome counts; after
    /// `retry.max_refusals` the webhook has refused the event for good.
    pub(in super::super) fn refused_rounds(&self, outcome: Outcome) -> u32 {
        u32::from(self.is_refusal(outcome))
    }

    /// Does the outcome show that the webhook works? `None` when it says nothing of the webhook.
    pub(in super::super) fn webhook_works(&self, outcome: Outcome) -> Option<bool> {
        match outcome {
            Outcome::Delivered => Some(true),
            Outcome::NotSent(NotSent::Deadline | NotSent::Shed) => None,
            _ => Some(self.is_refusal(outcome)),
        }
    }

    /// The webhooks that the event is owed to: all that want it as long as none has it, and then
    /// those that want each event.
    pub(in super::super) fn owed(&self, entry: &Entry) -> WebhookSet {
        let wanted = entry.event().wanted;
        if entry.is_accepted() {
            wanted.and(self.each).minus(entry.delivered())
        } else {
            wanted
        }
    }

    /// The webhooks that the next round is for. None when every webhook that the event is owed to
    /// has refused it for good.
    ///
    /// As long as no webhook has the event, one that refuses it is asked again with the others: it
    /// may be repaired while another one is down, and the event has to reach somebody.
    pub(in super::super) fn next_round(&self, entry: &Entry) -> WebhookSet {
        let owed = self.owed(entry);
        let refused_for_good = |webhook: &usize| entry.refusals(*webhook) >= self.max_refusals;
        let open = owed.minus(owed.iter().filter(refused_for_good).collect());
        if open.is_empty() || entry.is_accepted() {
            open
        } else {
            owed
        }
    }

    /// Whether every webhook that the event is owed to has refused it in each of its rounds. Then
    /// it has been refused, however short it was kept.
    pub(in super::super) fn is_refused_by_all(&self, entry: &Entry) -> bool {
        let rounds = entry.failed_rounds().max(1);
        let mut owed = self.owed(entry).iter();
        owed.all(|webhook| entry.refusals(webhook) >= rounds)
    }

    /// The webhook that gets the event when it is dropped.
    pub(in super::super) fn dead_letter_webhook(&self, entry: &Entry) -> Option<usize> {
        let is_possible = entry.event().may_be_dead_letter && entry.dead_letter().is_none();
        self.dead_letter.filter(|_| is_possible)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::obstacle::Obstacle;
    use crate::testing::{config, config_with};

    fn rejected(status: u16) -> Outcome {
        Outcome::Rejected {
            status,
            retry_after: None,
        }
    }

    #[test]
    fn refusals_are_the_configured_statuses_and_nothing_else() {
        let policy = Policy::new(&config(&["a"]));
        for status in [400, 413, 415, 422] {
            assert!(policy.is_refusal(rejected(status)), "{status}");
        }
        for status in [
            301, 302, 401, 403, 404, 408, 410, 421, 425, 429, 500, 503, 999,
        ] {
            assert!(!policy.is_refusal(rejected(status)), "{status}");
        }
        assert!(!policy.is_refusal(Outcome::Timeout));
        assert!(!policy.is_refusal(Outcome::Delivered));
        let none = config_with(&["a"], |config| config.retry.refusals.clear());
        assert!(!Policy::new(&none).is_refusal(rejected(422)));
    }

    #[test]
    fn a_webhook_that_refuses_an_event_works_and_our_own_doing_says_nothing() {
        let policy = Policy::new(&config(&["a"]));
        for (outcome, works) in [
            (Outcome::Delivered, Some(true)),
            (rejected(422), Some(true)),
            (rejected(401), Some(false)),
            (rejected(302), Some(false)),
            (rejected(503), Some(false)),
            (Outcome::Timeout, Some(false)),
            (Outcome::Unreachable(Obstacle::Tls), Some(false)),
            (Outcome::NotSent(NotSent::NoCapacity), Some(false)),
            (Outcome::NotSent(NotSent::Deadline), None),
            (Outcome::NotSent(NotSent::Shed), None),
        ] {
            assert_eq!(policy.webhook_works(outcome), works, "{outcome:?}");
        }
    }
}
