//! What is held, on its way from a configuration to the one that replaces it.

use std::rc::Rc;

use super::entry::Entry;
use super::event::PreparedEvent;
use super::webhook_set::WebhookSet;
use crate::clock::SteadyMillis;
use crate::config::Webhook;
use crate::routing::Rules;

/// A held event on its way to the configuration that replaces this one.
#[derive(Clone, Debug)]
pub struct Handover {
    event: PreparedEvent,
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

impl Handover {
    /// A held event of a configuration with these webhooks; `None` when it is not held.
    pub(super) fn of(entry: Entry, webhooks: &[Webhook]) -> Option<Self> {
        let recipient = |index: usize| {
            let webhook = webhooks.get(index)?;
            Some(Recipient {
                name: webhook.name.clone(),
                rules: webhook.rules.clone(),
                payload: Rc::clone(entry.event().payload_for(index)),
            })
        };
        Some(Self {
            webhooks: entry.reachable().iter().filter_map(recipient).collect(),
            failed_rounds: entry.failed_rounds(),
            expires: entry.held()?.expires,
            event: entry.into_event(),
        })
    }

    /// The event for a configuration with these webhooks, the rounds that failed, and when it
    /// expires. Webhooks are matched by name; when none of its webhooks is left it goes to all, for
    /// it has reached nobody.
    ///
    /// What rules say of the event cannot be asked again, for only its payload is here. So a webhook
    /// whose rules are not those that it has passed, or whose options leave its type out, does not
    /// get it, and one that came in place of its webhooks gets it if it has none.
    pub(super) fn into_event(self, webhooks: &[Webhook]) -> (PreparedEvent, u32, SteadyMillis) {
        let mut event = self.event;
        let set_of = |is_in: &dyn Fn(&Webhook) -> bool| -> WebhookSet {
            let chosen = webhooks.iter().enumerate();
            chosen
                .filter(|(_, webhook)| is_in(webhook))
                .map(|(index, _)| index)
                .collect()
        };
        let then = |webhook: &Webhook| {
            let mut recipients = self.webhooks.iter();
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
        (event, self.failed_rounds, self.expires)
    }
}
