//! One event into the bytes that each webhook gets.

use std::hash::Hasher;
use std::rc::Rc;

use siphasher::sip128::{Hasher128, SipHasher13};

use crate::config::{Config, Timestamps, Webhook};
use crate::delivery::dedupe::EventId;
use crate::delivery::webhook_set::WebhookSet;
use crate::delivery::PreparedEvent;
use crate::event::{Event, MessageId};
use crate::hashed_id;
use crate::json::{Id, Text};
use crate::observe::labels::SuppressReason;
use crate::payload;
use crate::redaction::Redaction;
use crate::secret::HashKey;
use crate::signing::WebhookId;
use crate::trace_context::TraceContext;
use crate::work::{self, Work};

/// A scratch buffer that has grown past this many bytes is not kept.
const MAX_SCRATCH: usize = 64 * 1024;

/// The payloads of webhooks that do not get the whole event.
type Redacted = Vec<(WebhookSet, Rc<[u8]>)>;

/// Renders events, redacts them, and gives them their ids.
#[derive(Debug)]
pub struct Preparer {
    /// Has the key and the plugin's name; cloned for the id of each event.
    ids: SipHasher13,
    /// The webhooks whose calls are signed.
    signing: WebhookSet,
    /// Each different redaction, with the webhooks that have it.
    redactions: Vec<(Redaction, WebhookSet)>,
    /// The webhook that gets what would be dropped.
    dead_letter: WebhookSet,
    /// Where payloads are written, so that each is allocated once and in its size.
    scratch: Vec<u8>,
    timestamps: Timestamps,
    /// `collect.id_key`
    id_key: Option<HashKey>,
    /// The last source, and what it is shown as: most events have the same one.
    source: (String, u32),
    /// Whether events are given the hash of their source.
    pub(crate) names_sources: bool,
    /// The trace that events go on with.
    pub(crate) trace: Option<Rc<TraceContext>>,
}

impl Preparer {
    /// A preparer for this configuration. `id_key` is secret, and `plugin` the plugin's name.
    #[must_use]
    pub fn new(config: &Config, id_key: &[u8; 16], plugin: &[u8]) -> Self {
        let webhooks = &config.webhooks;
        let mut ids = SipHasher13::new_with_key(id_key);
        write_field(&mut ids, plugin);
        Self {
            ids,
            signing: set_of(webhooks, |_, webhook| webhook.signing.is_some()),
            redactions: redactions(webhooks),
            dead_letter: WebhookSet::from_iter(config.dead_letter),
            scratch: Vec::new(),
            timestamps: config.timestamps,
            id_key: config.collect.id_key.clone(),
            source: Default::default(),
            names_sources: false,
            trace: None,
        }
    }

    /// The event, which is the one at `index` of its request, with a payload for each webhook that
    /// may get it; `None` when that is none but the dead letter webhook. Payloads that come to more
    /// than `room` bytes are counted and not kept. Once `work` is over, the result is not whole.
    pub fn prepare(
        &mut self,
        event: &Event<'_>,
        index: u32,
        allowed: WebhookSet,
        room: usize,
        work: &Work,
    ) -> Option<PreparedEvent> {
        let wanted = allowed.minus(self.dead_letter);
        if wanted.is_empty() {
            return None;
        }
        self.scratch.clear();
        payload::render(event, self.timestamps, &mut self.scratch);
        let mut kept = Kept { room, left_out: 0 };
        let (payload, redacted) = self.redact(allowed, &mut kept, work);
        let is_signed = allowed.intersects(self.signing);
        Some(PreparedEvent {
            index,
            may_be_dead_letter: allowed.intersects(self.dead_letter),
            kind: event.kind,
            payload,
            redacted,
            left_out: kept.left_out,
            wanted,
            webhook_id: is_signed.then(|| self.webhook_id(event)),
            source: self.source(event),
            trace: self.trace.clone(),
            id: event.stable_id().then(|| self.id(event)),
        })
    }

    /// The rendered payload for the webhooks that get it whole, and for each other set of webhooks
    /// what it gets. A payload that no webhook gets whole is not kept.
    fn redact(&self, wanted: WebhookSet, kept: &mut Kept, work: &Work) -> (Rc<[u8]>, Redacted) {
        let mut rest = wanted;
        let mut redacted = Redacted::new();
        let is_redacted = |(_, webhooks): &(_, WebhookSet)| wanted.intersects(*webhooks);
        let decoding = if self.redactions.iter().any(is_redacted) {
            work::decoding(&self.scratch)
        } else {
            0
        };
        for (redaction, webhooks) in &self.redactions {
            if wanted.intersects(*webhooks) && !work.is_over() {
                rest = rest.minus(*webhooks);
                // A key is decoded to find the paths that lead on, and to find the same datum.
                work.spend_each(decoding, 2);
                if work.is_over() {
                    break;
                }
                let payload = kept.keep(&redaction.apply_within(&self.scratch, work));
                redacted.push((wanted.and(*webhooks), payload));
            }
        }
        match redacted.pop() {
            Some((_, last)) if rest.is_empty() => (last, redacted),
            last => {
                redacted.extend(last);
                (kept.keep(&self.scratch), redacted)
            }
        }
    }

    fn source(&mut self, event: &Event<'_>) -> u32 {
        let source = event.source();
        if !self.names_sources || source.is_empty() {
            return 0;
        }
        if self.source.0 != source {
            self.source = (source.to_owned(), hashed_id::of_source(source));
        }
        self.source.1
    }

    /// The key by which the event is recognised when it is sent again. SDKs repeat all of these
    /// fields, and the message id alone is not enough: customers use the id of an order for each of
    /// its events, or count from 1 for each user. A device keeps its anonymous id when its user is
    /// known.
    fn id(&self, event: &Event<'_>) -> EventId {
        let mut hasher = self.ids;
        write_field(&mut hasher, event.source().as_bytes());
        write_field(&mut hasher, event.device().as_bytes());
        let device = hasher.finish128().h1;
        for field in identity(event) {
            write_field(&mut hasher, field.as_bytes());
        }
        let event_hash = hasher.finish128().h2;
        match event.message_id {
            MessageId::State(_) => EventId::of_state(device, self.subject(event), event_hash),
            _ => EventId::new(device, event_hash),
        }
    }

    /// The name of the event for receivers: the same fields, hashed in the same way everywhere.
    fn webhook_id(&self, event: &Event<'_>) -> WebhookId {
        let [kind, name, anonymous, user, message] = identity(event);
        let fields = [event.source(), kind, name, anonymous, user, message];
        WebhookId::of(self.id_key.as_ref(), fields)
    }

    /// The subject of a state: certain traits of a certain user or group.
    fn subject(&self, event: &Event<'_>) -> u64 {
        let mut hasher = self.ids;
        let ids = [
            event.anonymous_id,
            event.user_id,
            event.group_id,
            event.group_type,
        ];
        write_field(&mut hasher, event.kind.as_str().as_bytes());
        for id in ids {
            write_field(&mut hasher, id.map_or("", Id::escaped).as_bytes());
        }
        if let Some(traits) = event.traits {
            traits.members(|key, _| write_field(&mut hasher, key.escaped().as_bytes()));
        }
        hasher.finish128().h2
    }

    /// Gives back memory that an unusually large event took.
    pub fn shrink(&mut self) {
        self.scratch.clear();
        self.scratch.shrink_to(MAX_SCRATCH);
    }
}

/// The payloads of one event that there is room for.
#[derive(Debug)]
struct Kept {
    room: usize,
    left_out: usize,
}

impl Kept {
    fn keep(&mut self, payload: &[u8]) -> Rc<[u8]> {
        if payload.len() > self.room {
            self.left_out += payload.len();
            return Rc::default();
        }
        self.room -= payload.len();
        Rc::from(payload)
    }
}

/// The webhooks whose options (seed, "Configuration Options") and rules let the event through.
///
/// `suppressed` is told of each whose rules do not. The rules of a webhook whose options do not
/// want the event are not asked. Once `work` is over, none is.
pub fn wanted_by(
    event: &Event<'_>,
    webhooks: &[Webhook],
    work: &Work,
    mut suppressed: impl FnMut(usize, SuppressReason),
) -> WebhookSet {
    set_of(webhooks, |index, webhook| {
        if !webhook.options.take(event.kind, event.automatic) {
            return false;
        }
        let Some(rules) = webhook.rules.as_deref() else {
            return true;
        };
        rules.spend(event, work);
        if work.is_over() {
            return false;
        }
        let reason = rules.suppress(event);
        reason.map(|reason| suppressed(index, reason)).is_none()
    })
}

fn set_of(webhooks: &[Webhook], mut is_in: impl FnMut(usize, &Webhook) -> bool) -> WebhookSet {
    let chosen = webhooks.iter().enumerate();
    chosen
        .filter(|(index, webhook)| is_in(*index, webhook))
        .map(|(index, _)| index)
        .collect()
}

fn redactions(webhooks: &[Webhook]) -> Vec<(Redaction, WebhookSet)> {
    let mut redactions: Vec<(Redaction, WebhookSet)> = Vec::new();
    for (index, webhook) in webhooks.iter().enumerate() {
        let rules = webhook.rules.as_deref();
        let Some(redaction) = rules.and_then(|rules| rules.redaction.as_ref()) else {
            continue;
        };
        match redactions.iter_mut().find(|(known, _)| known == redaction) {
            Some((_, webhooks)) => webhooks.insert(index),
            None => redactions.push((redaction.clone(), WebhookSet::from_iter([index]))),
        }
    }
    redactions
}

/// The fields that tell an event from the others of its source. SDKs repeat all of them.
fn identity<'e>(event: &'e Event<'_>) -> [&'e str; 5] {
    [
        event.kind.as_str(),
        event.name.map_or("", Text::escaped),
        event.anonymous_id.map_or("", Id::escaped),
        event.user_id.map_or("", Id::escaped),
        event.message_id(),
    ]
}

/// Length first, so that no two sequences of fields are the same bytes.
fn write_field(hasher: &mut SipHasher13, field: &[u8]) {
    hasher.write_u64(field.len() as u64);
    hasher.write(field);
}
