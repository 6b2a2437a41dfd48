//! Held events on their way from a configuration to the one that replaces it.

use std::rc::Rc;

use super::entry::{Entry, Held};
use super::event::PreparedEvent;
use super::past::Past;
use super::retry::policy::Policy;
use super::same_webhook;
use super::webhook_set::WebhookSet;
use crate::clock::SteadyMillis;
use crate::config::{Config, Webhook};
use crate::observe::labels::DeliveryOutcome;
use crate::redaction::{Path, Redaction};

/// A held event on its way to the configuration that replaces this one.
#[derive(Clone, Debug)]
pub struct Handover {
    event: PreparedEvent,
    /// The configuration that held it.
    then: Rc<Config>,
    /// The webhooks that it is owed to.
    owed: Vec<Recipient>,
    /// The webhook that gets it when it is dropped.
    dead_letter: Option<Recipient>,
    past: Past,
    /// Due at once, unless a webhook asked for a pause.
    held: Held,
}

/// A webhook of the older configuration.
#[derive(Clone, Debug)]
struct Recipient {
    index: usize,
    /// The parts of the event that go to it.
    payload: Rc<[u8]>,
    /// In how many rounds it refused the event.
    refusals: u32,
    /// How its last attempt ended.
    failure: Option<DeliveryOutcome>,
}

impl Recipient {
    fn of(index: usize, entry: &Entry) -> Self {
        let failure = entry.undelivered().find(|(failed, _)| *failed == index);
        Self {
            index,
            payload: Rc::clone(entry.event().payload_for(index)),
            refusals: entry.refusals(index),
            failure: failure.map(|(_, outcome)| outcome),
        }
    }

    /// Rules cannot be applied to the event again, because only its payload is left. So the rules
    /// must be the ones that it has passed.
    fn has_rules_of(&self, then: &Config, webhook: &Webhook) -> bool {
        let known = then.webhooks.get(self.index);
        known.is_some_and(|known| known.rules == webhook.rules)
    }
}

impl Handover {
    /// A held event of this configuration; `None` when it is not held.
    pub(super) fn of(entry: Entry, config: &Rc<Config>, policy: &Policy) -> Option<Self> {
        let recipient = |index| Recipient::of(index, &entry);
        let owed = policy.owed(&entry).iter().map(recipient).collect();
        let dead_letter = policy.dead_letter_webhook(&entry);
        let mut held = entry.held()?;
        if entry.retry_after().is_none() {
            held.due = 0;
        }
        let dead_letter = dead_letter.map(recipient);
        let (event, past) = entry.into_event_and_past();
        Some(Self {
            event,
            then: Rc::clone(config),
            owed,
            dead_letter,
            past,
            held,
        })
    }

    /// When it is given up, and when it is due.
    pub(super) fn held(&self, now: SteadyMillis) -> Held {
        Held {
            due: self.held.due.max(now),
            ..self.held
        }
    }

    /// The event for this configuration. When none of its webhooks is left and nobody has it, it
    /// goes to those that have come in their place and have no rules.
    pub(super) fn into_entry(mut self, config: &Config) -> Entry {
        if self.then.context_ip && !config.context_ip {
            self.leave_out_context_ip();
        }
        let (then, webhooks) = (&*self.then, &config.webhooks);
        let takes = |webhook: &Webhook| webhook.options.take(self.event.kind, true);
        let is_new = |webhook: &Webhook| webhook.rules.is_none() && takes(webhook);
        let mut past = Past {
            refusals: Vec::new(),
            failures: Vec::new(),
            ..self.past
        };
        let is_dead_letter = past.dead_letter.is_some();
        let mut is_gone = !(is_dead_letter || past.is_accepted);
        let (mut wanted, mut redacted) = (WebhookSet::EMPTY, Vec::new());
        let new_dead_letter = config.dead_letter.and_then(|at| webhooks.get(at));
        let mut may_be_dead_letter = new_dead_letter.is_some_and(is_new);
        let spare = self.dead_letter.iter().map(|one| (one, true));
        for (one, is_spare) in self.owed.iter().map(|one| (one, false)).chain(spare) {
            let place = same_webhook::find(&then.webhooks, one.index, webhooks);
            let Some((place, webhook)) = place.and_then(|at| Some((at, webhooks.get(at)?))) else {
                continue;
            };
            let goes_on = one.has_rules_of(then, webhook) && takes(webhook);
            if goes_on && !Rc::ptr_eq(&one.payload, &self.event.payload) {
                let payload = Rc::clone(&one.payload);
                redacted.push((WebhookSet::from_iter([place]), payload));
            }
            if is_spare {
                if config.dead_letter == Some(place) {
                    may_be_dead_letter = goes_on;
                }
                continue;
            }
            is_gone = false;
            if goes_on && is_dead_letter == (config.dead_letter == Some(place)) {
                wanted.insert(place);
            }
            if one.refusals > 0 {
                past.refusals.push((place, one.refusals));
            }
            past.failures
                .extend(one.failure.map(|outcome| (place, outcome)));
        }
        if is_gone {
            let new = webhooks.iter().enumerate();
            let new = new.filter(|(_, webhook)| is_new(webhook));
            wanted = new.map(|(at, _)| at).collect();
            wanted = wanted.minus(WebhookSet::from_iter(config.dead_letter));
        }
        let event = PreparedEvent {
            wanted,
            redacted,
            may_be_dead_letter,
            ..self.event
        };
        Entry::with_past(event, past)
    }

    /// The client's address is not to be sent any more.
    fn leave_out_context_ip(&mut self) {
        let redaction = Redaction {
            deny: Path::parse("context.ip").into_iter().collect(),
            ..Redaction::default()
        };
        let whole = Rc::clone(&self.event.payload);
        let without: Rc<[u8]> = redaction.apply(&whole).into();
        for recipient in self.owed.iter_mut().chain(&mut self.dead_letter) {
            recipient.payload = if Rc::ptr_eq(&recipient.payload, &whole) {
                Rc::clone(&without)
            } else {
                redaction.apply(&recipient.payload).into()
            };
        }
        self.event.payload = without;
    }
}
