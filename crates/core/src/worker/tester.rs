//! The event tester: what an SDK's request leads to, shown before anything is delivered.

use std::fmt::Write as _;

use super::Worker;
use crate::clock::Now;
use crate::delivery::dedupe::Shared;
use crate::delivery::{PreparedEvent, Verdict};
use crate::event::Event;
use crate::hashed_id;
use crate::intake::{self, Collection, Context, Excess, Head, Item, Judgement, Report};
use crate::json::quoted;
use crate::local_reply::LocalReply;
use crate::observe::labels::{EventOutcome, FilteredReason, SuppressReason};
use crate::observe::Label;
use crate::prepare::wanted_by;
use crate::upload::Upload;
use crate::work::Work;

/// Bytes of payloads that one test shows.
const MAX_SHOWN_BYTES: usize = 2 * 1024 * 1024;

/// A test whose events are being delivered, and the stream that waits for the SDK's reply.
#[derive(Debug)]
pub(super) struct Test {
    pub(super) stream: u32,
    events: String,
}

/// The outcome of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tested {
    /// A JSON object: what the SDK gets (`reply`, and whether events were `delivered` for it), and
    /// what each of the `events` leads to.
    Shown(String),
    /// The request is none of an SDK's.
    NotOurs,
    /// The events are being delivered; the stream gets what is shown from [`Worker::poll_reply`].
    UnderWay,
}

impl Test {
    /// The tester's reply once its events were delivered.
    pub(super) fn into_reply(self, sdk: &LocalReply) -> LocalReply {
        LocalReply::json(200, self.shown(sdk, true))
            .not_stored()
            .with("x-content-type-options", "nosniff")
    }

    fn shown(&self, sdk: &LocalReply, was_delivered: bool) -> String {
        let body = String::from_utf8_lossy(&sdk.body);
        format!(
            "{{\"delivered\":{was_delivered},\"reply\":{{\"status\":{},\"body\":{}}},\
             \"events\":[{}]}}",
            sdk.status,
            quoted(&body),
            self.events,
        )
    }
}

impl Worker {
    /// Shows what an SDK's `POST` of `body` to `path` leads to: what each webhook gets, and what
    /// the SDK is told once a webhook has accepted each event.
    ///
    /// With a stream the events are delivered as well, as if the SDK had sent them.
    pub fn test(
        &mut self,
        path: &str,
        body: &str,
        stream: Option<u32>,
        now: Now,
        shared: &mut dyn Shared,
    ) -> Tested {
        // Its event is in the body, and its credentials are there or in the query.
        let head = Head::post(path.as_bytes());
        let mut test = Test {
            stream: stream.unwrap_or_default(),
            events: String::new(),
        };
        let collection = match intake::judge(&head, &self.config) {
            Judgement::Pass => return Tested::NotOurs,
            Judgement::Reply(reply, _) => return Tested::Shown(test.shown(&reply, false)),
            Judgement::Collect(collection) => collection,
        };
        let preview = self.preview(collection.clone(), body, now, &mut test.events);
        if stream.is_none() || preview.status >= 400 {
            return Tested::Shown(test.shown(&preview, false));
        }
        let upload = self.uploads.open(collection);
        let read = || body.into();
        let upload = self.handle_piece(upload, body.len(), read, || now.steady, shared);
        let taken = match upload {
            Upload::Gathering(gathering) => {
                self.read_body(gathering, test.stream, now, now, shared)
            }
            Upload::Refused(refused) => Err(refused.into_reply()),
        };
        match taken {
            Ok(()) => {
                self.tests.push(test);
                Tested::UnderWay
            }
            Err(reply) => Tested::Shown(test.shown(&reply, false)),
        }
    }

    /// Writes what each event leads to, as JSON objects with commas between them, and returns the
    /// SDK's reply.
    fn preview(
        &mut self,
        mut collection: Collection,
        body: &str,
        now: Now,
        shown: &mut String,
    ) -> LocalReply {
        let mut random = self.random.clone();
        let mut context = Context {
            now,
            random: &mut random,
            config: &self.config,
        };
        let webhooks = &self.config.webhooks;
        let work = Work::new(self.config.limits.max_rule_time);
        let preparer = &mut self.preparer;
        let mut report = Report::default();
        let read = collection.read(body.as_bytes(), &mut context, &mut |index, item| {
            if work.is_over() {
                return;
            }
            report.events += 1;
            let comma = if shown.is_empty() { "" } else { "," };
            // Writing to a String does not fail.
            let _ = write!(shown, "{comma}{{\"index\":{index}");
            match item {
                Item::Event(event) => {
                    let mut reasons = Vec::new();
                    let allowed = wanted_by(&event, webhooks, &work, |webhook, reason| {
                        reasons.push((webhook, reason));
                    });
                    let prepared = preparer.prepare(&event, index, allowed, usize::MAX, &work);
                    let id = hashed_id::of_escaped(event.message_id());
                    let kind = event.kind.as_str();
                    let _ = write!(shown, ",\"id\":\"{id}\",\"type\":\"{kind}\"");
                    outcome(shown, prepared.as_ref().map_or("filtered", |_| "sent"), "");
                    shown.push_str(",\"webhooks\":[");
                    for (place, webhook) in webhooks.iter().enumerate() {
                        let comma = if place == 0 { "" } else { "," };
                        let name = quoted(&webhook.name);
                        let _ = write!(shown, "{comma}{{\"webhook\":{name}");
                        match goes(prepared.as_ref(), place, shown.len()) {
                            Some(payload) => {
                                let payload = quoted(&String::from_utf8_lossy(payload));
                                let _ = write!(shown, ",\"body\":{payload}}}");
                            }
                            None => {
                                let is_dead_letter = self.config.dead_letter == Some(place);
                                let why = why_not(
                                    &event,
                                    place,
                                    is_dead_letter,
                                    &reasons,
                                    allowed.contains(place),
                                );
                                let _ = write!(shown, ",\"reason\":{}}}", quoted(why));
                            }
                        }
                    }
                    shown.push_str("]}");
                }
                Item::Filtered(_, reason) => {
                    outcome(shown, "filtered", filtered(reason));
                    shown.push_str(",\"webhooks\":[]}");
                }
                Item::Invalid(invalid) => {
                    outcome(
                        shown,
                        EventOutcome::Invalid.as_str(),
                        &invalid.reason.to_string(),
                    );
                    shown.push_str(",\"webhooks\":[]}");
                    report.add_invalid(index, invalid.reason);
                }
            }
        });
        preparer.shrink();
        if work.is_over() {
            let limit = self.config.limits.max_rule_time;
            return collection.refuse(Excess::RuleTime(limit));
        }
        match read {
            Ok(()) => {
                let refused = Vec::new();
                collection.answer(&Verdict::Accepted { refused }, &report)
            }
            Err(reply) => reply,
        }
    }
}

fn outcome(shown: &mut String, outcome: &str, reason: &str) {
    // Writing to a String does not fail.
    let _ = write!(shown, ",\"outcome\":\"{outcome}\"");
    if !reason.is_empty() {
        let _ = write!(shown, ",\"reason\":{}", quoted(reason));
    }
}

/// The payload of the webhook, unless so much is shown already that this would be too much.
fn goes(prepared: Option<&PreparedEvent>, webhook: usize, shown: usize) -> Option<&[u8]> {
    let prepared = prepared.filter(|prepared| prepared.wanted.contains(webhook))?;
    let payload = prepared.payload_for(webhook);
    (shown + payload.len() <= MAX_SHOWN_BYTES).then_some(payload)
}

fn why_not(
    event: &Event<'_>,
    webhook: usize,
    is_dead_letter: bool,
    reasons: &[(usize, SuppressReason)],
    is_allowed: bool,
) -> &'static str {
    if is_dead_letter {
        return "it is the dead letter webhook, which gets what would be dropped";
    }
    if is_allowed {
        return "it gets the event, but its payload is too large to be shown";
    }
    let mut reasons = reasons.iter();
    match reasons.find(|(known, _)| *known == webhook) {
        Some((_, SuppressReason::Source)) => "sources: the event's source is not listed",
        Some((_, SuppressReason::Sample)) => "sample: the event is not part of the sample",
        Some((_, SuppressReason::Gpc)) => "honor: the request says Sec-GPC: 1",
        Some((_, SuppressReason::Dnt)) => "honor: the request says DNT: 1",
        Some((_, SuppressReason::Consent)) => "requires_consent: a category is not granted",
        Some((_, SuppressReason::Filter)) => "events: its type or its name is left out",
        None if event.automatic => "options: enable_pageview_events is off",
        None => "options: enable_identify_events is off",
    }
}

fn filtered(reason: FilteredReason) -> &'static str {
    match reason {
        FilteredReason::Unwanted => "no webhook wants it",
        FilteredReason::Alias => "the contract has no such type",
        FilteredReason::Autocapture => "an event that the SDK made for its own service",
        FilteredReason::ProfileOperation => "a change to a profile that does not say its traits",
        FilteredReason::Integrations => "the event's integrations leave this destination out",
    }
}
