//! Held events on their way from a configuration to the one that replaces it.

use std::rc::Rc;
use std::time::Duration;

use super::entry::{Entry, Held};
use super::event::PreparedEvent;
use super::past::Past;
use super::retry::policy::Policy;
use super::same_webhook;
use super::webhook_set::WebhookSet;
use crate::clock::{millis, SteadyMillis};
use crate::config::{Config, Webhook};
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
    /// Since when it has been held.
    since: SteadyMillis,
    /// When it is due: at once, unless a webhook asked for a pause.
    due: SteadyMillis,
}

/// A webhook of the older configuration.
#[derive(Clone, Debug)]
struct Recipient {
    index: usize,
    /// The parts of the event that go to it.
    payload: Rc<[u8]>,
    /// In how many rounds it refused the event.
    refusals: u32,
}

impl Recipient {
    fn of(index: usize, entry: &Entry) -> Self {
        Self {
            index,
            payload: Rc::clone(entry.event().payload_for(index)),
            refusals: entry.refusals(index),
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
        let held = entry.held()?;
        let asked_for = entry.retry_after().map(|_| held.due);
        let dead_letter = dead_letter.map(recipient);
        let failures = entry.undelivered().collect();
        let (event, past) = entry.into_event_and_past();
        Some(Self {
            event,
            then: Rc::clone(config),
            owed,
            dead_letter,
            past: Past { failures, ..past },
            since: held.expires.saturating_sub(millis(config.retry.window)),
            due: asked_for.unwrap_or(0),
        })
    }

    /// When it is given up where events are held for `window`, and when it is due.
    pub(super) fn held(&self, window: Duration, now: SteadyMillis) -> Held {
        let expires = self.since.saturating_add(millis(window));
        let due = self.due.min(expires).max(now);
        Held { expires, due }
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
        let place_of = |index| same_webhook::find(&then.webhooks, index, webhooks);
        let mut past = Past {
            refusals: Vec::new(),
            ..self.past
        };
        past.failures.retain_mut(|(index, _)| {
            let place = place_of(*index);
            *index = place.unwrap_or(*index);
            place.is_some()
        });
        let is_dead_letter = past.dead_letter.is_some();
        let mut is_gone = !(is_dead_letter || past.is_accepted);
        let (mut wanted, mut redacted) = (WebhookSet::EMPTY, Vec::new());
        let new_dead_letter = config.dead_letter.and_then(|at| webhooks.get(at));
        let mut may_be_dead_letter = new_dead_letter.is_some_and(is_new);
        let spare = self.dead_letter.iter().map(|one| (one, true));
        for (one, is_spare) in self.owed.iter().map(|one| (one, false)).chain(spare) {
            let found = place_of(one.index).and_then(|at| Some((at, webhooks.get(at)?)));
            let Some((place, webhook)) = found else {
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
