//! Held events on their way from a configuration to the one that replaces it.

use std::rc::Rc;

use super::entry::{Entry, Held, Past};
use super::event::PreparedEvent;
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
    expires: SteadyMillis,
    /// A webhook asked for a pause until then.
    pause_until: Option<SteadyMillis>,
}

/// A webhook of the older configuration.
#[derive(Clone, Debug)]
struct Recipient {
    index: usize,
    /// Where it is in the newer configuration.
    place: Option<usize>,
    /// What of the event goes to it.
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
            place: None,
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
        let (held, pause) = (entry.held()?, entry.retry_after());
        Some(Self {
            then: Rc::clone(config),
            owed,
            dead_letter: dead_letter.map(recipient),
            past: entry.past(),
            expires: held.expires,
            pause_until: pause.map(|_| held.due),
            event: entry.into_event(),
        })
    }

    /// When it is given up, and when it is due.
    pub(super) fn held(&self, now: SteadyMillis) -> Held {
        Held {
            expires: self.expires,
            due: self.pause_until.unwrap_or(now).max(now),
        }
    }

    /// The event for this configuration. When none of its webhooks is left and nobody has it, it
    /// goes to those that have come in their place and have no rules.
    pub(super) fn into_entry(mut self, config: &Config) -> Entry {
        if self.then.context_ip && !config.context_ip {
            self.leave_out_context_ip();
        }
        let (then, webhooks) = (&*self.then, &config.webhooks);
        for recipient in self.owed.iter_mut().chain(&mut self.dead_letter) {
            recipient.place = same_webhook::find(&then.webhooks, recipient.index, webhooks);
        }
        let owed = |index| self.owed.iter().find(|one| one.place == Some(index));
        let spare = self.dead_letter.as_ref();
        let spare = |index| spare.filter(|one| one.place == Some(index));
        let kind = self.event.kind;
        let takes = |webhook: &Webhook| webhook.options.take(kind, true);
        let is_new = |webhook: &Webhook| webhook.rules.is_none() && takes(webhook);
        let goes_on = |recipient: &Recipient, webhook: &Webhook| {
            recipient.has_rules_of(then, webhook) && takes(webhook)
        };
        let set_of = |is_in: &dyn Fn(usize, &Webhook) -> bool| -> WebhookSet {
            let indexed = webhooks.iter().enumerate();
            let chosen = indexed.filter(|(index, webhook)| is_in(*index, webhook));
            chosen.map(|(index, _)| index).collect()
        };
        let dead_letter = WebhookSet::from_iter(config.dead_letter);
        let is_dead_letter = self.past.dead_letter.is_some();
        let left = set_of(&|index, _| owed(index).is_some());
        let is_bound = is_dead_letter || self.past.is_accepted;
        let wanted = if left.is_empty() && !is_bound {
            set_of(&|_, webhook| is_new(webhook))
        } else {
            set_of(&|index, webhook| owed(index).is_some_and(|then| goes_on(then, webhook)))
        };
        let wanted = if is_dead_letter {
            wanted.and(dead_letter)
        } else {
            wanted.minus(dead_letter)
        };
        let is_spare = |index, webhook: &Webhook| match spare(index) {
            Some(then) => goes_on(then, webhook),
            None => is_new(webhook),
        };
        let may_be_dead_letter = set_of(&is_spare).intersects(dead_letter);
        let places = 0..webhooks.len();
        let redacted = places.clone().filter_map(|index| {
            let payload = &owed(index).or_else(|| spare(index))?.payload;
            let is_redacted = !Rc::ptr_eq(payload, &self.event.payload);
            is_redacted.then(|| (WebhookSet::from_iter([index]), Rc::clone(payload)))
        });
        let redacted = redacted.collect();
        let refusals = places.clone().filter_map(|index| {
            let rounds = owed(index)?.refusals;
            (rounds > 0).then_some((index, rounds))
        });
        let failures = places.filter_map(|index| Some((index, owed(index)?.failure?)));
        let past = Past {
            refusals: refusals.collect(),
            failures: failures.collect(),
            ..self.past.clone()
        };
        let event = PreparedEvent {
            wanted,
            redacted,
            may_be_dead_letter,
            ..self.event
        };
        Entry::adopted(event, past)
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
