//! One collection request, from its body to its reply.

use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use super::body::{self, Decoded, Growth, Undecodable};
use super::cors::RequestOrigin;
use super::credential::HeadSource;
use super::dialect::{Dialect, Parsed};
use super::envelope::{Envelope, NoEvents};
use super::invalid::Place;
use super::message_id::MessageIds;
use super::response::pixel;
use super::{Context, InvalidReason, Item, Report, Route};
use crate::consent::OptOut;
use crate::delivery::{Verdict, OVERLOADED_RETRY_AFTER};
use crate::json::{self, Id};
use crate::local_reply::LocalReply;
use crate::trace_context::TraceContext;

/// A collection request whose body is being gathered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    pub(super) route: Route,
    pub(super) verbose: bool,
    pub(super) origin: RequestOrigin,
    /// It is a `GET`, which has its event in the query.
    pub(super) by_query: bool,
    /// It is from an image of a page or an email, and wants one back.
    pub(super) by_image: bool,
    /// The event in the query of a `GET`, still encoded.
    pub(super) query_data: Option<Vec<u8>>,
    /// The client's address, when it is sent on.
    pub(super) ip: Option<IpAddr>,
    /// The signals of its head that opt out.
    pub(super) opt_out: OptOut,
    /// The trace that its head names, when it is sent on.
    pub(super) trace: Option<Rc<TraceContext>>,
    /// The source that its head names.
    pub(super) source: HeadSource,
    /// Where its events stand, once the body is read: the key of an array, if they stand in one.
    pub(super) list: Option<&'static str>,
    pub(super) max_body_bytes: usize,
    /// The head declares an encoding that cannot be read. Clients mislabel, so the body is decoded
    /// all the same.
    pub(super) unknown_encoding: bool,
    /// Its events are read up to the first that is to be delivered.
    pub(super) until_first_event: bool,
    /// Bytes that were read of the body and of its layers.
    pub(super) read_bytes: usize,
}

impl Collection {
    /// The dialect that the SDK speaks.
    #[must_use]
    pub fn dialect(&self) -> &'static Dialect {
        self.route.dialect
    }

    /// The trace that its events go on with.
    #[must_use]
    pub fn trace(&self) -> Option<Rc<TraceContext>> {
        self.trace.clone()
    }

    /// Bytes of the head that are kept until the body has come.
    pub(crate) fn kept_bytes(&self) -> usize {
        self.query_data.as_ref().map_or(0, Vec::capacity)
    }

    /// Bytes that were read of the body and of its layers, also where it was refused.
    pub(crate) fn read_bytes(&self) -> usize {
        self.read_bytes
    }

    /// Has [`Collection::read`] give no event after the first that is to be delivered.
    pub(crate) fn stop_at_first_event(&mut self) {
        self.until_first_event = true;
    }

    /// Decodes the body and gives every event, in order and with its index, to `sink`.
    ///
    /// # Errors
    ///
    /// The reply that refuses the whole request: 400 when it is not an event format, 413 when it is
    /// too large, 415 when it is not JSON and declares an encoding that cannot be read. Then `sink`
    /// has got no event, except where the only event is invalid: it gets that one, so that it can
    /// be counted.
    pub fn read(
        &mut self,
        body: &[u8],
        context: &mut Context<'_>,
        sink: &mut dyn FnMut(u32, Item<'_>),
    ) -> Result<(), LocalReply> {
        let limits = &context.config.limits;
        let body = match self.query_data.as_deref() {
            Some(data) if body.is_empty() => data,
            _ => body,
        };
        let growth = Growth {
            max_bytes: limits.max_decoded_bytes,
            max_ratio: limits.max_compression_ratio,
        };
        let decoded = body::decode(body, growth, &mut self.read_bytes);
        let Decoded { mut text, verbose } =
            decoded.map_err(|fault| self.refuse_undecodable(&fault, growth))?;
        self.verbose |= verbose;
        self.read_bytes += text.len();
        if let Err(error) = json::check(&text) {
            let refuse = || self.refuse_shape(&NoEvents::Json(error), limits.max_events);
            text = body::mend::mend(&text, limits.max_events)
                .ok_or_else(refuse)?
                .into();
            if text.len() > growth.max_bytes {
                return Err(self.refuse_undecodable(&Undecodable::TooLarge, growth));
            }
        }
        let Route {
            dialect,
            path,
            call,
        } = self.route;
        let name = &context.config.collect.integration_name;
        let envelope = Envelope::of(&text, dialect.list, limits.max_events, name)
            .map_err(|fault| self.refuse_shape(&fault, limits.max_events))?;
        for (index, value) in (0_u32..).zip(&envelope.events) {
            if value.has_more_values_than(limits.max_values) {
                return Err(self.refuse_values(envelope.list, index, limits.max_values));
            }
        }
        let named = self.source.named.as_deref().map(Id::of_escaped);
        let source = named.or(envelope.source);
        self.list = envelope.list;
        let mut ids = MessageIds::new(context.config.collect.id_key.as_ref());
        for (index, value) in (0_u32..).zip(&envelope.events) {
            let place = Place::of(envelope.list, index);
            let item = match path.read(*value, call) {
                Ok(Parsed::Event(draft)) => {
                    draft.finish(self, &envelope, source, &mut ids, context)
                }
                Ok(Parsed::Filtered(kind, reason)) => Item::Filtered(kind, reason),
                Err(fault) => Item::Invalid(fault.at(place)),
            };
            if let (Item::Invalid(invalid), Place::Alone) = (&item, place) {
                let sentence = format!("The body is not an event: {}.", invalid.reason);
                sink(index, item);
                return Err(self.admit(LocalReply::text(400, sentence)));
            }
            let is_event = matches!(item, Item::Event(_));
            sink(index, item);
            if is_event && self.until_first_event {
                break;
            }
        }
        // What is left waits with the reply.
        self.query_data = None;
        self.source = HeadSource::default();
        Ok(())
    }

    /// The reason for an event that every webhook has refused.
    #[must_use]
    pub fn refused(&self, index: u32) -> InvalidReason {
        InvalidReason::refused(Place::of(self.list, index))
    }

    /// The reply where there is no room for the request, of which nothing was taken.
    #[must_use]
    pub fn overloaded(&self) -> LocalReply {
        let after = OVERLOADED_RETRY_AFTER;
        self.answer(&Verdict::Overloaded { after }, &Report::default())
    }

    /// The answer to the SDK, in its dialect.
    #[must_use]
    pub fn answer(&self, verdict: &Verdict, report: &Report) -> LocalReply {
        let replies = &self.route.dialect.replies;
        let retry = |after: Duration, sentence: &str| {
            let seconds = after.as_millis().div_ceil(1_000).max(1);
            (replies.failure)(self.verbose, 503, sentence).with("retry-after", seconds.to_string())
        };
        self.admit(match *verdict {
            Verdict::Accepted { .. } if self.by_image => pixel(),
            Verdict::Accepted { .. } => (replies.success)(self.verbose, report),
            Verdict::Retry {
                after,
                held,
                failed,
            } => {
                let events = report.events;
                let rest = if held {
                    "They are kept and tried again."
                } else {
                    "Send the request again."
                };
                retry(
                    after,
                    &format!("No webhook accepted {failed} of {events} events. {rest}"),
                )
            }
            Verdict::Overloaded { after } => retry(
                after,
                "Too many deliveries are in flight; nothing was taken. Send the request again.",
            ),
        })
    }

    /// Adds what the origin of the request, and its method, ask of every reply.
    pub(super) fn admit(&self, reply: LocalReply) -> LocalReply {
        let reply = self.origin.admit(reply);
        if self.by_query {
            reply.not_stored()
        } else {
            reply
        }
    }
}
