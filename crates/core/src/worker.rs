//! One plugin on one worker: intake in front, delivery behind.

use std::collections::VecDeque;
use std::hash::Hasher;
use std::rc::Rc;

use siphasher::sip128::{Hasher128, SipHasher13};

use crate::clock::{Now, SteadyMillis};
use crate::config::{Config, Webhook};
use crate::delivery::outcome::{CallResponse, NotSent};
use crate::delivery::table::{EventId, Owner, Shared};
use crate::delivery::webhook_set::WebhookSet;
use crate::delivery::{self, Call, Handover, Outbox, Overloaded, Submitted};
use crate::event::Event;
use crate::intake::{self, Answered, Collection, Context, Head, Item, Judgement, Report};
use crate::local_reply::LocalReply;
use crate::observe::{Counter, EventOutcome, Observe, RequestOutcome};
use crate::redaction::Redaction;
use crate::routing::SuppressReason;
use crate::signing::WebhookId;

/// What sets this worker apart from the others, given by the host.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// New for each VM and each configuration.
    pub owner: Owner,
    /// Feeds jitter and the ids of events that have neither id nor time.
    pub seed: u64,
    /// Secret key of the event ids; the same on every worker of the process.
    pub id_key: [u8; 16],
    /// The plugin's name: plugins in one VM do not take each other's events for re-sent ones.
    pub plugin: &'a [u8],
}

/// What the shell does with a request whose head it has shown.
#[derive(Debug)]
pub enum Reception {
    /// Leave it to the route.
    Pass,
    /// Answer it; its body does not matter.
    Reply(LocalReply),
    /// Gather its body.
    Collect(Collection),
}

/// What an answer is made from once the verdict is known.
#[derive(Debug)]
struct Ticket {
    collection: Collection,
    report: Report,
}

/// One plugin on one worker.
#[derive(Debug)]
pub struct Worker {
    config: Rc<Config>,
    outbox: Outbox<Ticket>,
    /// Answers of requests that no call was needed for.
    answers: VecDeque<(u32, LocalReply)>,
    random: fastrand::Rng,
    ids: SipHasher13,
    /// The webhooks whose calls are signed.
    signing: WebhookSet,
    /// Each different redaction, with the webhooks that have it.
    redactions: Vec<(Redaction, WebhookSet)>,
    /// Where payloads are written, so that each is allocated once and in its size.
    scratch: Vec<u8>,
}

/// A scratch buffer that has grown past this many bytes is not kept.
const MOST_SCRATCH: usize = 64 * 1024;

impl Worker {
    /// A worker with nothing to do yet.
    #[must_use]
    pub fn new(config: Config, identity: &Identity<'_>, now: SteadyMillis) -> Self {
        let config = Rc::new(config);
        let mut random = fastrand::Rng::with_seed(identity.seed);
        let mut ids = SipHasher13::new_with_key(&identity.id_key);
        write_field(&mut ids, identity.plugin);
        let signing = set_of(&config.webhooks, |_, webhook| webhook.signing.is_some());
        let redactions = redactions(&config.webhooks);
        Self {
            outbox: Outbox::new(Rc::clone(&config), identity.owner, random.u64(..), now),
            answers: VecDeque::new(),
            config,
            random,
            ids,
            signing,
            redactions,
            scratch: Vec::new(),
        }
    }

    /// Judges the head of a request.
    pub fn receive(&mut self, head: &Head<'_>) -> Reception {
        let Some(route) = intake::recognise(head.path, &self.config.collect) else {
            self.count(RequestOutcome::Passed);
            return Reception::Pass;
        };
        match intake::judge(route, head, &self.config) {
            Judgement::Reply(answer, why) => {
                self.count(match why {
                    Answered::Preflight => RequestOutcome::Preflight,
                    Answered::Refused => RequestOutcome::Refused,
                });
                Reception::Reply(answer)
            }
            Judgement::Collect(collection) => Reception::Collect(collection),
        }
    }

    /// Refuses a body that has grown past `limits.max_body_bytes`, or gives nothing while it may grow on.
    pub fn refuse_size(&mut self, collection: &Collection, bytes: usize) -> Option<LocalReply> {
        (bytes > self.config.limits.max_body_bytes).then(|| {
            self.count(RequestOutcome::Refused);
            collection.too_large()
        })
    }

    /// Takes a whole request in: its answer comes from [`Worker::next_answer`], and calls may wait to be made.
    pub fn submit(
        &mut self,
        mut collection: Collection,
        body: &[u8],
        stream: u32,
        now: Now,
        shared: &mut dyn Shared,
    ) {
        let mut report = Report::default();
        let mut events = Vec::new();
        let (config, ids, outbox) = (&self.config, &self.ids, &mut self.outbox);
        let (signing, redactions) = (self.signing, &self.redactions);
        let scratch = &mut self.scratch;
        let mut context = Context {
            now,
            random: &mut self.random,
            config,
        };
        let read = collection.read(body, &mut context, &mut |index, item| {
            report.events += 1;
            match item {
                Item::Event(event) => match wanting(&event, &config.webhooks, |webhook, signal| {
                    outbox.count(Counter::Suppressed(webhook, signal));
                }) {
                    WebhookSet::EMPTY => {
                        outbox.count(Counter::Events(Some(event.kind), EventOutcome::Filtered));
                    }
                    wanted => {
                        let is_signed = wanted.intersects(signing);
                        scratch.clear();
                        crate::payload::render(&event, scratch);
                        events.push(deliverable(
                            &event, scratch, wanted, is_signed, redactions, ids,
                        ));
                    }
                },
                Item::Filtered(kind, _) => {
                    outbox.count(Counter::Events(kind, EventOutcome::Filtered));
                }
                Item::Invalid(invalid) => {
                    outbox.count(Counter::Events(invalid.kind, EventOutcome::Invalid));
                    report.add_invalid(index, invalid.reason);
                }
            }
        });
        self.scratch.clear();
        self.scratch.shrink_to(MOST_SCRATCH);
        if let Err(answer) = read {
            self.count(RequestOutcome::Refused);
            self.answers.push_back((stream, answer));
            return;
        }
        self.outbox.note_invalid(&report, now.steady);
        let ticket = Ticket { collection, report };
        let answer = match self
            .outbox
            .submit(ticket, stream, events, now.steady, shared)
        {
            Ok(Submitted::Pending) => return,
            Ok(Submitted::Decided(ticket, verdict)) => self.answer(ticket, verdict),
            Err(Overloaded { ticket, after }) => {
                self.count(RequestOutcome::Retry);
                ticket
                    .collection
                    .answer(intake::Verdict::Overloaded { after })
            }
        };
        self.answers.push_back((stream, answer));
    }

    /// The next call to make; [`Worker::called`] must be told how that went.
    pub fn next_call(&mut self, now: SteadyMillis, shared: &mut dyn Shared) -> Option<Call> {
        self.outbox.next_call(now, shared)
    }

    /// Says whether the host made the call: its token, or why not.
    pub fn called(
        &mut self,
        call: &Call,
        made: Result<u32, NotSent>,
        now: SteadyMillis,
        shared: &mut dyn Shared,
    ) {
        self.outbox.called(call, made, now, shared);
    }

    /// A call has ended.
    pub fn ended(
        &mut self,
        token: u32,
        response: &CallResponse,
        now: SteadyMillis,
        shared: &mut dyn Shared,
    ) {
        self.outbox.ended(token, response, now, shared);
    }

    /// Does whatever is due.
    pub fn tick(&mut self, now: SteadyMillis, shared: &mut dyn Shared) {
        self.outbox.tick(now, shared);
    }

    /// The next answer and the stream that waits for it.
    pub fn next_answer(&mut self) -> Option<(u32, LocalReply)> {
        if let Some(answer) = self.answers.pop_front() {
            return Some(answer);
        }
        let (stream, ticket, verdict) = self.outbox.next_verdict()?;
        Some((stream, self.answer(ticket, verdict)))
    }

    /// The client had gone before its answer; the deliveries are not touched.
    pub fn abandoned(&mut self) {
        self.outbox.count(Counter::Abandoned);
    }

    /// When [`Worker::tick`] is next needed, in milliseconds from now.
    pub fn wake_in(&mut self, now: SteadyMillis) -> Option<u64> {
        self.outbox
            .wake_at()
            .map(|wake_at| wake_at.saturating_sub(now))
    }

    /// Counts and log lines.
    pub fn observe(&mut self) -> &mut Observe {
        self.outbox.observe()
    }

    /// Is a call under way?
    #[must_use]
    pub fn has_calls(&self) -> bool {
        self.outbox.has_calls()
    }

    /// Nothing is in flight, kept or waited for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.outbox.is_empty() && self.answers.is_empty()
    }

    /// Gives up the kept events that no call is under way for.
    pub fn take_held(&mut self, now: SteadyMillis, shared: &mut dyn Shared) -> Vec<Handover> {
        self.outbox.take_held(now, shared)
    }

    /// Takes over events that an older configuration kept.
    pub fn adopt(&mut self, held: Vec<Handover>, now: SteadyMillis) {
        for handover in held {
            self.outbox.adopt(handover, now);
        }
    }

    fn answer(&mut self, ticket: Ticket, verdict: delivery::Verdict) -> LocalReply {
        let Ticket {
            collection,
            mut report,
        } = ticket;
        match verdict {
            delivery::Verdict::Accepted => {
                self.count(RequestOutcome::Accepted);
                collection.answer(intake::Verdict::Accepted(&report))
            }
            delivery::Verdict::Retry {
                after,
                kept,
                failed,
            } => {
                self.count(RequestOutcome::Retry);
                report.failed = failed;
                let report = &report;
                collection.answer(intake::Verdict::Retry {
                    after,
                    kept,
                    report,
                })
            }
        }
    }

    fn count(&mut self, outcome: RequestOutcome) {
        self.outbox.count(Counter::Requests(outcome));
    }
}

/// The webhooks whose options (seed, "Configuration Options") and rules let the event through.
///
/// `suppressed` is told of each whose rules do not; a webhook whose options do not want the event is not asked.
fn wanting(
    event: &Event<'_>,
    webhooks: &[Webhook],
    mut suppressed: impl FnMut(usize, SuppressReason),
) -> WebhookSet {
    set_of(webhooks, |index, webhook| {
        if !webhook.options.take(event.kind, event.automatic) {
            return false;
        }
        let rules = webhook.rules.as_deref();
        let signal = rules.and_then(|rules| rules.suppress(event));
        signal.map(|signal| suppressed(index, signal)).is_none()
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

/// `event` with its `payload`, for the webhooks that want it.
fn deliverable(
    event: &Event<'_>,
    payload: &[u8],
    wanted: WebhookSet,
    is_signed: bool,
    redactions: &[(Redaction, WebhookSet)],
    ids: &SipHasher13,
) -> delivery::Event {
    let mut redacted: Vec<(WebhookSet, Rc<[u8]>)> = redactions
        .iter()
        .filter(|(_, webhooks)| wanted.intersects(*webhooks))
        .map(|(redaction, webhooks)| (wanted.and(*webhooks), redaction.apply(payload).into()))
        .collect();
    let rest = redacted
        .iter()
        .fold(wanted, |rest, (webhooks, _)| rest.minus(*webhooks));
    // What nobody gets whole is not kept whole.
    let payload = match redacted.pop() {
        Some((_, last)) if rest.is_empty() => last,
        last => {
            redacted.extend(last);
            payload.into()
        }
    };
    delivery::Event {
        kind: event.kind,
        payload,
        redacted,
        wanted,
        webhook_id: is_signed.then(|| WebhookId::of(event.source(), event.message_id())),
        id: event.stable_id().then(|| {
            let mut hasher = *ids;
            write_field(&mut hasher, event.source().as_bytes());
            write_field(&mut hasher, event.message_id().as_bytes());
            EventId(hasher.finish128().as_u128())
        }),
    }
}

/// Length first, so that no two sequences of fields are the same bytes.
fn write_field(hasher: &mut SipHasher13, field: &[u8]) {
    hasher.write_u64(field.len() as u64);
    hasher.write(field);
}
