//! The history of an event.

use super::dead_letter::DeadLetter;
use super::outcome::Outcome;
use crate::observe::labels::DeliveryOutcome;

/// The history of an event; a newer configuration that takes the event over is told of it.
#[derive(Clone, Debug)]
pub(super) struct Past {
    /// A webhook has it, perhaps one of an older configuration.
    pub(super) is_accepted: bool,
    /// In how many rounds each webhook refused it; webhooks that never did are left out.
    pub(super) refusals: Vec<(usize, u32)>,
    /// Every refusal so far said that it is too large.
    pub(super) is_too_large: bool,
    pub(super) dead_letter: Option<DeadLetter>,
    /// Rounds with a call after which a webhook still lacked it.
    pub(super) failed_rounds: u32,
    /// How the last attempt of each webhook that failed it ended.
    pub(super) failures: Vec<(usize, DeliveryOutcome)>,
}

impl Past {
    /// The history of an event that has not been tried.
    pub(super) fn none() -> Self {
        Self {
            is_accepted: false,
            refusals: Vec::new(),
            is_too_large: true,
            dead_letter: None,
            failed_rounds: 0,
            failures: Vec::new(),
        }
    }

    /// The webhook failed the event.
    pub(super) fn fail(&mut self, webhook: usize, outcome: DeliveryOutcome) {
        self.failures.retain(|(known, _)| *known != webhook);
        self.failures.push((webhook, outcome));
    }

    /// The webhook refused the event, and would refuse it again.
    pub(super) fn refuse(&mut self, webhook: usize, outcome: Outcome, rounds: u32) {
        self.is_too_large &= matches!(outcome, Outcome::Rejected { status: 413, .. });
        let mut refusals = self.refusals.iter_mut();
        match refusals.find(|(refusing, _)| *refusing == webhook) {
            Some((_, known)) => *known = known.saturating_add(rounds),
            None => self.refusals.push((webhook, rounds)),
        }
    }

    /// In how many rounds the webhook refused it.
    pub(super) fn refusals(&self, webhook: usize) -> u32 {
        let mut refusals = self.refusals.iter();
        let found = refusals.find(|(refusing, _)| *refusing == webhook);
        found.map_or(0, |(_, rounds)| *rounds)
    }

    /// Every refusal said that it is too large.
    pub(super) fn is_too_large(&self) -> bool {
        self.is_too_large && !self.refusals.is_empty()
    }
}
