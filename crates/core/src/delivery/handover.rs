//! What is kept, on its way from a configuration to the one that replaces it.

use std::cmp::Reverse;
use std::rc::Rc;

use super::entry::{Entry, Held};
use super::outbox::Outbox;
use super::table::{Shared, State};
use super::webhook_set::WebhookSet;
use super::Event;
use crate::clock::SteadyMillis;
use crate::config::Webhook;
use crate::observe::{Counter, HeldOutcome};
use crate::routing::Rules;

/// A kept event on its way to the configuration that replaces this one.
#[derive(Clone, Debug)]
pub struct Handover {
    event: Event,
    /// The webhooks that may still take it.
    webhooks: Vec<Recipient>,
    failed_rounds: u32,
    expires: SteadyMillis,
}

/// A webhook of the older configuration.
#[derive(Clone, Debug)]
struct Recipient {
    name: String,
    /// What let the event through to it.
    rules: Option<Rc<Rules>>,
    /// What of the event goes to it.
    payload: Rc<[u8]>,
}

impl<T> Outbox<T> {
    /// Gives up every kept event that no round is under way for, so that a newer configuration can take them.
    pub fn take_held(&mut self, now: SteadyMillis, shared: &mut dyn Shared) -> Vec<Handover> {
        let keys: Vec<_> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.held.is_some() && entry.round_is_over())
            .map(|(key, _)| key)
            .collect();
        let entries: Vec<_> = keys
            .into_iter()
            .filter_map(|key| self.remove(key))
            .collect();
        entries
            .into_iter()
            .filter_map(|entry| {
                if let Some(id) = entry.event.id {
                    // This worker's pulse may be fresh for a while yet, and the new owner would take the event for its.
                    self.table.settle(id, State::Released, now, shared);
                }
                let webhooks = entry
                    .reachable()
                    .iter()
                    .filter_map(|index| {
                        let webhook = self.config.webhooks.get(index)?;
                        Some(Recipient {
                            name: webhook.name.clone(),
                            rules: webhook.rules.clone(),
                            payload: Rc::clone(entry.event.payload_for(index)),
                        })
                    })
                    .collect();
                let expires = entry.held?.expires;
                self.observe.count(Counter::Held(HeldOutcome::HandedOver));
                Some(Handover {
                    webhooks,
                    failed_rounds: entry.failed_rounds,
                    expires,
                    event: entry.event,
                })
            })
            .collect()
    }

    /// Takes over an event that an older configuration kept. Webhooks are matched by name; when none of its webhooks is left
    /// it goes to all, for it has reached nobody.
    ///
    /// What rules say of the event cannot be asked again, for only its payload is here. So a webhook whose rules are not
    /// those that it has passed, or whose options leave its type out, does not get it, and one that came in place of its webhooks gets it if it has none.
    pub fn adopt(&mut self, handover: Handover, now: SteadyMillis) {
        let mut event = handover.event;
        let webhooks = &self.config.webhooks;
        let set_of = |is_in: &dyn Fn(&Webhook) -> bool| -> WebhookSet {
            let chosen = webhooks.iter().enumerate();
            chosen
                .filter(|(_, webhook)| is_in(webhook))
                .map(|(index, _)| index)
                .collect()
        };
        let then = |webhook: &Webhook| {
            let mut recipients = handover.webhooks.iter();
            recipients.find(|recipient| recipient.name == webhook.name)
        };
        event.wanted = if set_of(&|webhook| then(webhook).is_some()).is_empty() {
            set_of(&|webhook| webhook.rules.is_none() && webhook.options.take(event.kind, true))
        } else {
            set_of(&|webhook| {
                then(webhook).is_some_and(|then| then.rules == webhook.rules)
                    && webhook.options.take(event.kind, true)
            })
        };
        let redacted = webhooks.iter().enumerate().filter_map(|(index, webhook)| {
            let payload = &then(webhook)?.payload;
            let is_redacted = !Rc::ptr_eq(payload, &event.payload);
            is_redacted.then(|| (WebhookSet::from_iter([index]), Rc::clone(payload)))
        });
        event.redacted = redacted.collect();
        if event.wanted.is_empty() {
            self.observe.count(Counter::Held(HeldOutcome::Refused));
            return;
        }
        let (id, cost) = (event.id, event.cost());
        if id.is_some_and(|id| self.by_id.contains_key(&id)) {
            return;
        }
        let mut entry = Entry::new(event);
        entry.failed_rounds = handover.failed_rounds;
        entry.held = Some(Held {
            expires: handover.expires,
            due: now,
        });
        let key = self.entries.insert(entry);
        if let Some(id) = id {
            self.by_id.insert(id, key);
        }
        self.schedule.events += 1;
        self.schedule.bytes += cost;
        self.schedule.due.push(Reverse((now, key)));
    }
}
