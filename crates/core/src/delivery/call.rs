//! A call as the host gets it: its cluster, headers, body and time.

use std::rc::Rc;
use std::time::Duration;

use super::attempts::Attempt;
use super::bundle::body;
use super::dead_letter::DeadLetter;
use super::entry::Entry;
use super::event::PreparedEvent;
use super::key::EntryKey;
use super::store::Store;
use crate::clock::{SteadyMillis, UnixSeconds};
use crate::config::{BatchFormat, Config, Webhook};
use crate::signing::{Signing, WebhookId};
use crate::trace_context::{TraceContext, TRACEPARENT};

/// A whole request to a webhook. It counts as under way from here on: tell
/// [`super::Outbox::handle_dispatched`] whether the host made it.
#[derive(Clone, Debug)]
pub struct Call {
    config: Rc<Config>,
    body: Body,
    timeout: Duration,
    /// The headers that are made for it: its signature and its trace.
    made: Vec<(&'static str, String)>,
    dead_letter: Option<DeadLetter>,
    attempt: Attempt,
}

/// The body of a call.
#[derive(Clone, Debug)]
enum Body {
    Event(Rc<[u8]>),
    /// A body in the form of `batch`, kept until the host has copied it.
    Batch(Vec<u8>),
}

impl Body {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Event(payload) => payload,
            Self::Batch(body) => body,
        }
    }
}

impl Call {
    /// The call that begins with this attempt; `None` only where the event is not in the store.
    /// `unix` gives the time in seconds since 1970-01-01T00:00:00Z; it is not asked when the
    /// webhook's calls are not signed. `random` gives it a span id when its trace goes on.
    pub(super) fn new(
        config: &Rc<Config>,
        attempt: Attempt,
        store: &Store,
        now: SteadyMillis,
        unix: impl FnOnce() -> UnixSeconds,
        random: &mut fastrand::Rng,
    ) -> Option<Self> {
        let index = attempt.webhook();
        let (entry, webhook) = (store.get(attempt.entry())?, config.webhooks.get(index)?);
        let signing = webhook.signing.as_ref();
        let (body, id) = match &webhook.batch {
            None => {
                let event = entry.event();
                let id = signing.map(|_| id_of(event, index));
                (Body::Event(Rc::clone(event.payload_for(index))), id)
            }
            Some(batch) => several(&attempt, batch.format, signing.is_some(), store),
        };
        let signature = signing
            .zip(id)
            .map(|(signing, id)| signing.headers(id, unix(), body.bytes()));
        let mut made = signature.unwrap_or_default();
        if let Some(trace) = trace_of(config, &attempt, store) {
            made.push((TRACEPARENT, trace.header(random.u64(1..))));
        }
        let left = Duration::from_millis(entry.deadline().saturating_sub(now));
        let timeout = webhook.timeout.min(left);
        let attempt = attempt.with(body.bytes().len(), timeout, now);
        Some(Self {
            config: Rc::clone(config),
            body,
            timeout,
            made,
            dead_letter: entry.dead_letter().cloned(),
            attempt,
        })
    }

    /// Index of the webhook in the configuration.
    #[must_use]
    pub fn webhook(&self) -> usize {
        self.attempt.webhook()
    }

    /// How many signatures it has at most.
    pub(super) fn signatures(&self) -> usize {
        let signing = self
            .configured()
            .and_then(|webhook| webhook.signing.as_ref());
        signing.map_or(0, Signing::keys)
    }

    /// The Envoy cluster that the call goes to.
    #[must_use]
    pub fn cluster(&self) -> &str {
        self.configured().map_or("", |webhook| &webhook.cluster)
    }

    /// Every header, Envoy's pseudo-headers first.
    #[must_use]
    pub fn headers(&self) -> Vec<(&str, &str)> {
        let Some(webhook) = self.configured() else {
            return Vec::new();
        };
        let mut headers = Vec::with_capacity(6 + webhook.headers.len() + self.made.len());
        headers.extend([
            (":method", "POST"),
            (":scheme", webhook.scheme),
            (":authority", webhook.authority.as_str()),
            (":path", webhook.path.expose()),
        ]);
        let configured = webhook.headers.iter();
        headers.extend(configured.map(|(name, value)| (name.as_str(), value.expose())));
        let made = self.made.iter();
        headers.extend(made.map(|(name, value)| (*name, value.as_str())));
        headers.extend(self.dead_letter.iter().flat_map(DeadLetter::headers));
        headers
    }

    /// The request's body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.body.bytes()
    }

    /// At most what is left of the 25 s; never zero, which the host would take for no timeout.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(super) fn attempt(&self) -> Attempt {
        self.attempt.clone()
    }

    fn configured(&self) -> Option<&Webhook> {
        self.config.webhooks.get(self.attempt.webhook())
    }
}

/// The trace of the events of a call, where all of them belong to the same one. It may have been
/// read by an older configuration.
#[inline(never)]
fn trace_of<'s>(config: &Config, attempt: &Attempt, store: &'s Store) -> Option<&'s TraceContext> {
    if !config.observe.trace {
        return None;
    }
    let of = |key: EntryKey| store.get(key)?.event().trace.as_deref();
    let trace = of(attempt.entry())?;
    let mut others = attempt.bundle().iter();
    others.all(|key| of(*key) == Some(trace)).then_some(trace)
}

/// The body with all events of a call, and the call's name if it is signed.
#[inline(never)]
fn several(
    attempt: &Attempt,
    format: BatchFormat,
    is_signed: bool,
    store: &Store,
) -> (Body, Option<WebhookId>) {
    let (mut payloads, mut ids) = (Vec::new(), Vec::new());
    for key in attempt.bundle() {
        let Some(event) = store.get(*key).map(Entry::event) else {
            continue;
        };
        payloads.push(&**event.payload_for(attempt.webhook()));
        if is_signed {
            ids.push(id_of(event, attempt.webhook()));
        }
    }
    let id = is_signed.then(|| WebhookId::of_all(&ids));
    (Body::Batch(body::render(format, &payloads)), id)
}

/// The name of an event. One that an unsigned configuration held has none yet.
fn id_of(event: &PreparedEvent, webhook: usize) -> WebhookId {
    let of_payload = || WebhookId::of_payload(event.payload_for(webhook));
    event.webhook_id.unwrap_or_else(of_payload)
}
