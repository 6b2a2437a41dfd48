//! Calls under way: their requests, their tokens, and those that the host forgets.

use std::rc::Rc;
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::bundle;
use super::dead_letter::DeadLetter;
use super::entry::Entry;
use super::event::PreparedEvent;
use super::outcome::{CallResponse, Outcome};
use super::store::{EntryKey, Store};
use super::timers::{Timer, Timers};
use crate::clock::{millis, SteadyMillis, UnixSeconds};
use crate::config::{BatchFormat, Config, Webhook};
use crate::signing::{Signing, WebhookId};

/// A call that the host never ends is given up this long after its timeout.
const LOST_AFTER_MILLIS: u64 = 5_000;

/// A timer of the host may run out this much early by the clock that a module reads: the host
/// counts from the start of its event loop's turn.
const EARLY_MILLIS: u64 = 50;

/// One HTTP call, of one delivery or of several that share it.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    entry: EntryKey,
    /// All that a webhook with `batch` gets in it, the first one included; empty for the others.
    bundle: Vec<EntryKey>,
    webhook: usize,
    began: SteadyMillis,
    /// How often the worker had looked for answers then.
    looks: u32,
    /// When it is given up if the host never ends it.
    lost_at: SteadyMillis,
    /// Bytes of its body.
    bytes: usize,
}

impl Attempt {
    /// A call that begins now.
    pub(super) fn new(
        webhook: usize,
        entry: EntryKey,
        bundle: Vec<EntryKey>,
        looks: u32,
        now: SteadyMillis,
    ) -> Self {
        Self {
            entry,
            bundle,
            webhook,
            began: now,
            looks,
            lost_at: now,
            bytes: 0,
        }
    }

    /// The event of a call that carries one.
    pub(super) fn only_entry(&self) -> Option<EntryKey> {
        (self.bundle.len() <= 1).then_some(self.entry)
    }

    /// The events of a call that carries several.
    pub(super) fn bundle(&self) -> &[EntryKey] {
        &self.bundle
    }

    pub(super) fn webhook(&self) -> usize {
        self.webhook
    }

    pub(super) fn began(&self) -> SteadyMillis {
        self.began
    }

    pub(super) fn looks(&self) -> u32 {
        self.looks
    }

    /// How it ended. A call ends without headers when its answer breaks off, and also when its
    /// answer is not whole in time. Only the clock tells the two apart. The second is a timeout
    /// (seed, "Considerations").
    fn outcome(&self, response: &CallResponse, now: SteadyMillis) -> Outcome {
        let times_out_at = self.lost_at.saturating_sub(LOST_AFTER_MILLIS);
        if response.status.is_none() && now.saturating_add(EARLY_MILLIS) >= times_out_at {
            return Outcome::Timeout;
        }
        Outcome::of(response)
    }
}

/// A whole request to a webhook. It counts as under way from here on: tell
/// [`super::Outbox::handle_dispatched`] whether the host made it.
#[derive(Clone, Debug)]
pub struct Call {
    config: Rc<Config>,
    body: Body,
    timeout: Duration,
    signature: Vec<(&'static str, String)>,
    dead_letter: Option<DeadLetter>,
    attempt: Attempt,
}

/// What a call carries.
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
    /// webhook's calls are not signed.
    pub(super) fn new(
        config: &Rc<Config>,
        attempt: Attempt,
        store: &Store,
        now: SteadyMillis,
        unix: impl FnOnce() -> UnixSeconds,
    ) -> Option<Self> {
        let index = attempt.webhook;
        let (entry, webhook) = (store.get(attempt.entry)?, config.webhooks.get(index)?);
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
        let left = Duration::from_millis(entry.deadline().saturating_sub(now));
        let timeout = webhook.timeout.min(left);
        let lost_at = now.saturating_add(millis(timeout));
        let attempt = Attempt {
            bytes: body.bytes().len(),
            lost_at: lost_at.saturating_add(LOST_AFTER_MILLIS),
            ..attempt
        };
        Some(Self {
            config: Rc::clone(config),
            body,
            timeout,
            signature: signature.unwrap_or_default(),
            dead_letter: entry.dead_letter().cloned(),
            attempt,
        })
    }

    /// Index of the webhook in the configuration.
    #[must_use]
    pub fn webhook(&self) -> usize {
        self.attempt.webhook
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
        let mut headers = Vec::with_capacity(6 + webhook.headers.len() + self.signature.len());
        headers.extend([
            (":method", "POST"),
            (":scheme", webhook.scheme),
            (":authority", webhook.authority.as_str()),
            (":path", webhook.path.expose()),
        ]);
        let configured = webhook.headers.iter();
        headers.extend(configured.map(|(name, value)| (name.as_str(), value.expose())));
        let signature = self.signature.iter();
        headers.extend(signature.map(|(name, value)| (*name, value.as_str())));
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
        self.config.webhooks.get(self.attempt.webhook)
    }
}

/// The body with all events of a call, and what the call is named by if it is signed.
#[inline(never)]
fn several(
    attempt: &Attempt,
    format: BatchFormat,
    is_signed: bool,
    store: &Store,
) -> (Body, Option<WebhookId>) {
    let (mut payloads, mut ids) = (Vec::new(), Vec::new());
    for key in &attempt.bundle {
        let Some(event) = store.get(*key).map(Entry::event) else {
            continue;
        };
        payloads.push(&**event.payload_for(attempt.webhook));
        if is_signed {
            ids.push(id_of(event, attempt.webhook));
        }
    }
    let id = is_signed.then(|| WebhookId::of_all(&ids));
    (Body::Batch(bundle::render(format, &payloads)), id)
}

/// What an event is named by. One that an unsigned configuration held has no id yet.
fn id_of(event: &PreparedEvent, webhook: usize) -> WebhookId {
    let of_payload = || WebhookId::of_payload(event.payload_for(webhook));
    event.webhook_id.unwrap_or_else(of_payload)
}

/// The calls that the host makes for us, by its tokens.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    calls: FxHashMap<u32, Attempt>,
    /// Bytes of all their bodies.
    bytes: usize,
}

impl Attempts {
    pub(super) fn insert(&mut self, token: u32, attempt: Attempt, timers: &mut Timers) {
        self.bytes += attempt.bytes;
        timers.start(Timer::LostCall, attempt.lost_at);
        self.calls.insert(token, attempt);
    }

    /// Takes out a call that has ended; `None` where no call under way has this token.
    pub(super) fn remove(
        &mut self,
        token: u32,
        response: &CallResponse,
        now: SteadyMillis,
        timers: &mut Timers,
    ) -> Option<(Attempt, Outcome)> {
        let attempt = self.calls.remove(&token)?;
        self.bytes = self.bytes.saturating_sub(attempt.bytes);
        if self.calls.is_empty() {
            timers.set(Timer::LostCall, None);
        }
        let outcome = attempt.outcome(response, now);
        Some((attempt, outcome))
    }

    /// Takes out the calls that the host should have ended long ago.
    pub(super) fn remove_lost(&mut self, now: SteadyMillis, timers: &mut Timers) -> Vec<Attempt> {
        let mut lost = Vec::new();
        self.calls.retain(|_, attempt| {
            let is_lost = attempt.lost_at <= now;
            if is_lost {
                lost.push(attempt.clone());
            }
            !is_lost
        });
        let bytes = lost.iter().map(|attempt: &Attempt| attempt.bytes);
        self.bytes = self.bytes.saturating_sub(bytes.sum());
        let next = (!self.calls.is_empty()).then(|| now.saturating_add(LOST_AFTER_MILLIS));
        timers.set(Timer::LostCall, next);
        lost
    }

    /// Bytes of the bodies of all calls, of which the host has copies.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }
}
