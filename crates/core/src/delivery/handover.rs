//! Held events on their way from a configuration to the one that replaces it.

use std::rc::Rc;

use super::entry::{Entry, Past};
use super::event::PreparedEvent;
use super::retry::policy::Policy;
use super::webhook_set::WebhookSet;
use crate::clock::SteadyMillis;
use crate::config::{Config, Webhook};
use crate::redaction::{Path, Redaction};
use crate::routing::Rules;

/// A held event on its way to the configuration that replaces this one.
#[derive(Clone, Debug)]
pub struct Handover {
    event: PreparedEvent,
    /// The webhooks that it is owed to.
    owed: Vec<Recipient>,
    /// The webhook that gets it when it is dropped.
    dead_letter: Option<Recipient>,
    past: Past,
    expires: SteadyMillis,
    /// The payload may carry the client's address.
    has_context_ip: bool,
}

/// A webhook of the older configuration.
#[derive(Clone, Debug)]
struct Recipient {
    name: String,
    /// The rules that let the event through to it.
    rules: Option<Rc<Rules>>,
    /// The rules for the parts of the event that go to it.
    payload: Rc<[u8]>,
    /// In how many rounds it refused the event.
    refusals: u32,
}

impl Recipient {
    fn of(index: usize, entry: &Entry, webhooks: &[Webhook]) -> Option<Self> {
        let webhook = webhooks.get(index)?;
        Some(Self {
            name: webhook.name.clone(),
            rules: webhook.rules.clone(),
            payload: Rc::clone(entry.event().payload_for(index)),
            refusals: entry.refusals(index),
        })
    }

    /// Rules cannot be applied to the event again, because only its payload is left. So the rules
    /// must be the ones that it has passed.
    fn may_be(&self, webhook: &Webhook) -> bool {
        self.name == webhook.name && self.rules == webhook.rules
    }
}

impl Handover {
    /// A held event of this configuration; `None` when it is not held.
    pub(super) fn of(entry: Entry, config: &Config, policy: &Policy) -> Option<Self> {
        let webhooks = &config.webhooks;
        let recipient = |index| Recipient::of(index, &entry, webhooks);
        let owed = policy.owed(&entry).iter().filter_map(recipient).collect();
        let dead_letter = policy.dead_letter_webhook(&entry);
        Some(Self {
            owed,
            dead_letter: dead_letter.and_then(recipient),
            past: entry.past(),
            expires: entry.held()?.expires,
            has_context_ip: config.context_ip,
            event: entry.into_event(),
        })
    }

    /// When it is given up.
    pub(super) fn expires(&self) -> SteadyMillis {
        self.expires
    }

    /// The event for this configuration. Webhooks are matched by name. When none of its webhooks is
    /// left and nobody has it, it goes to those that have come in their place and have no rules.
    pub(super) fn into_entry(mut self, config: &Config) -> Entry {
        if self.has_context_ip && !config.context_ip {
            self.leave_out_context_ip();
        }
        let webhooks = &config.webhooks;
        let kind = self.event.kind;
        let takes = |webhook: &Webhook| webhook.options.take(kind, true);
        let is_new = |webhook: &Webhook| webhook.rules.is_none() && takes(webhook);
        let owed = |webhook: &Webhook| self.owed.iter().find(|then| then.name == webhook.name);
        let set_of = |is_in: &dyn Fn(&Webhook) -> bool| -> WebhookSet {
            let indexed = webhooks.iter().enumerate();
            let chosen = indexed.filter(|(_, webhook)| is_in(webhook));
            chosen.map(|(index, _)| index).collect()
        };
        let dead_letter = WebhookSet::from_iter(config.dead_letter);
        let is_dead_letter = self.past.dead_letter.is_some();
        let left = set_of(&|webhook| owed(webhook).is_some());
        let is_bound = is_dead_letter || self.past.is_accepted;
        let wanted = if left.is_empty() && !is_bound {
            set_of(&is_new)
        } else {
            set_of(&|webhook| {
                owed(webhook).is_some_and(|then| then.may_be(webhook)) && takes(webhook)
            })
        };
        let wanted = if is_dead_letter {
            wanted.and(dead_letter)
        } else {
            wanted.minus(dead_letter)
        };
        let spare = self.dead_letter.as_ref();
        let is_spare = |webhook: &Webhook| match spare {
            Some(then) if then.name == webhook.name => then.may_be(webhook) && takes(webhook),
            _ => is_new(webhook),
        };
        let may_be_dead_letter = set_of(&is_spare).intersects(dead_letter);
        let payload_of = |webhook: &Webhook| {
            let spare = spare.filter(|then| then.name == webhook.name);
            owed(webhook).or(spare).map(|then| Rc::clone(&then.payload))
        };
        let redacted = webhooks.iter().enumerate().filter_map(|(index, webhook)| {
            let payload = payload_of(webhook)?;
            let is_redacted = !Rc::ptr_eq(&payload, &self.event.payload);
            is_redacted.then(|| (WebhookSet::from_iter([index]), payload))
        });
        let redacted = redacted.collect();
        let refusals = webhooks.iter().enumerate().filter_map(|(index, webhook)| {
            let rounds = owed(webhook)?.refusals;
            (rounds > 0).then_some((index, rounds))
        });
        let past = Past {
            refusals: refusals.collect(),
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
