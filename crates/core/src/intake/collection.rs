//! One collection request, from its head to its answer.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::body::{self, Decoded, Undecodable};
use super::cors::Origin;
use super::dialect::{Draft, Said};
use super::invalid::Place;
use super::shape::{Position, Request, Shapeless};
use super::{
    credential, form, integrations, message_id, recognise, Context, FilteredReason, Head, Item,
    Judgement, Report, Route, Verdict,
};
use crate::clock::Now;
use crate::config::{Config, Dialect};
use crate::consent::OptOut;
use crate::event::{Event, Kind};
use crate::json::{Id, Value};
use crate::local_reply::LocalReply;
use crate::observe::RequestOutcome;
use crate::time;

/// A collection request whose body is being gathered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    route: Route,
    verbose: bool,
    origin: Origin,
    /// The event in the query of a `GET`, still encoded.
    query_data: Option<Vec<u8>>,
    /// The client's address, when it is sent on.
    ip: Option<IpAddr>,
    /// What the head opts out of.
    opt_out: OptOut,
    /// What the head says of the source.
    source: Option<String>,
    max_body_bytes: usize,
    /// The head declares an encoding that cannot be read. Clients mislabel, so the body is looked at all the same.
    unknown_encoding: bool,
}

/// Judges the head of a request.
///
/// What comes to a path of ours is answered here or collected, never passed on: a wrong method gets 405.
#[must_use]
pub fn judge(head: &Head<'_>, config: &Config) -> Judgement {
    let Some(route) = recognise(head.path, &config.collect) else {
        return Judgement::Pass;
    };
    let origin = Origin::of(head.headers, &config.collect);
    let methods = route.dialect.methods();
    if head.method == b"OPTIONS" {
        return Judgement::Reply(
            origin.preflight(head.headers, methods),
            RequestOutcome::Preflight,
        );
    }
    let query = head
        .path
        .splitn(2, |byte| *byte == b'?')
        .nth(1)
        .unwrap_or_default();
    let verbose = form::is_set(query, b"verbose");
    let refuse = |answer| Judgement::Reply(origin.admit(answer), RequestOutcome::Refused);
    let query_data = form::data(query);
    let by_query = head.method == b"GET" && route.dialect == Dialect::Track;
    if !by_query && head.method != b"POST" {
        let sentence = format!("Collection requests come by {methods}.");
        return refuse(LocalReply::text(405, sentence).with("allow", methods));
    }
    if origin == Origin::NotAllowed {
        return refuse(LocalReply::text(
            403,
            "Events are not taken from this origin.",
        ));
    }
    if by_query && query_data.is_none() {
        return refuse(LocalReply::text(
            400,
            "The request has no event: its query has no data parameter.",
        ));
    }
    if !by_query && head.end_of_stream && query_data.is_none() {
        return refuse(no_body());
    }
    let collection = Collection {
        route,
        verbose,
        query_data,
        ip: config
            .context_ip
            .then(|| head.headers.client_address())
            .flatten()
            .and_then(|address| ip_of(&address)),
        opt_out: OptOut::read(config.honored, |name| head.headers.get(name)),
        source: credential::of_head(route.dialect, head.headers, query),
        max_body_bytes: config.limits.max_body_bytes,
        unknown_encoding: !head.end_of_stream
            && head
                .headers
                .get("content-encoding")
                .is_some_and(|encoding| !body::is_known_encoding(&encoding)),
        origin,
    };
    let declared = (!head.end_of_stream)
        .then(|| head.headers.get("content-length"))
        .flatten()
        .and_then(|length| {
            std::str::from_utf8(&length)
                .ok()?
                .trim()
                .parse::<u64>()
                .ok()
        });
    if declared.is_some_and(|length| {
        usize::try_from(length).map_or(true, |length| length > collection.max_body_bytes)
    }) {
        return Judgement::Reply(collection.too_large(), RequestOutcome::Refused);
    }
    Judgement::Collect(collection)
}

/// Of `192.0.2.1:443`, `[2001:db8::1]:443`, or either without a port; what is no such address is none.
fn ip_of(address: &[u8]) -> Option<IpAddr> {
    let address = std::str::from_utf8(address).ok()?;
    let with_port = address.parse::<SocketAddr>().map(|address| address.ip());
    let ip = with_port.or_else(|_| address.parse()).ok()?;
    Some(ip.to_canonical())
}

fn no_body() -> LocalReply {
    LocalReply::text(400, "The request has no body.")
}

impl Dialect {
    /// As `Allow` has them. `GET` carries the event in its query, as freshpaint.js's line of SDKs does it.
    fn methods(self) -> &'static str {
        match self {
            Self::Track => "GET, POST, OPTIONS",
            _ => "POST, OPTIONS",
        }
    }
}

impl Collection {
    /// The dialect that the SDK speaks.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.route.dialect
    }

    /// The body has come to more than `limits.max_body_bytes`.
    #[must_use]
    pub fn too_large(&self) -> LocalReply {
        self.refuse_size(&format!(
            "The body is larger than {} bytes.",
            self.max_body_bytes
        ))
    }

    /// Decodes the body and gives every event, in order and with its index, to `sink`.
    ///
    /// # Errors
    ///
    /// The answer that refuses the whole request: 400 when it is not an event format, 413 when it is too large, 415 when it is
    /// not JSON and declares an encoding that cannot be read. No event has been given
    /// to `sink` then, but a single invalid one, so that it can be counted.
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
        let Decoded { text, verbose } = body::decode(body, limits.max_decoded_bytes)
            .map_err(|fault| self.refuse_undecodable(&fault, limits.max_decoded_bytes))?;
        self.verbose |= verbose;
        let dialect = self.route.dialect;
        let request = Request::of(&text, dialect.list(), limits.max_events)
            .map_err(|fault| self.refuse_shape(&fault, limits.max_events))?;
        let source = self
            .source
            .as_deref()
            .map(Id::of_escaped)
            .or(request.source);
        for (index, value) in (0_u32..).zip(&request.events) {
            let place = match request.list {
                None => Place::Alone,
                Some(list) => Place::In(list, index),
            };
            let item = match dialect.read(*value, self.route.call) {
                Ok(Said::Event(draft)) => finish(self, draft, &request, source, context),
                Ok(Said::Filtered(kind, reason)) => Item::Filtered(kind, reason),
                Err(fault) => Item::Invalid(fault.at(place)),
            };
            if let (Item::Invalid(invalid), Place::Alone) = (&item, place) {
                let sentence = format!("The body is not an event: {}.", invalid.reason);
                sink(index, item);
                return Err(self.origin.admit(LocalReply::text(400, sentence)));
            }
            sink(index, item);
        }
        Ok(())
    }

    /// The answer to the SDK, in its dialect.
    #[must_use]
    pub fn answer(&self, verdict: Verdict<'_>) -> LocalReply {
        let dialect = self.route.dialect;
        let retry = |after: Duration, sentence: &str| {
            let seconds = after.as_millis().div_ceil(1_000).max(1);
            dialect
                .failure(self.verbose, 503, sentence)
                .with("retry-after", seconds.to_string())
        };
        self.origin.admit(match verdict {
            Verdict::Accepted(report) => dialect.success(self.verbose, report),
            Verdict::Retry {
                after,
                kept,
                report,
            } => {
                let Report { events, failed, .. } = report;
                let rest = if kept {
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

    fn refuse_size(&self, sentence: &str) -> LocalReply {
        self.origin
            .admit(self.route.dialect.failure(self.verbose, 413, sentence))
    }

    fn refuse_undecodable(&self, fault: &Undecodable, max_bytes: usize) -> LocalReply {
        let sentence = match fault {
            Undecodable::TooLarge => {
                return self.refuse_size(&format!(
                    "The decoded body is larger than {max_bytes} bytes."
                ));
            }
            Undecodable::Empty => return self.origin.admit(no_body()),
            _ if self.unknown_encoding => return self.refuse_encoding(),
            Undecodable::Gzip => {
                "The body is damaged: it begins as gzip and does not decode.".to_owned()
            }
            Undecodable::NotUtf8(at) => format!("The body is not JSON: byte {at} is not UTF-8."),
        };
        self.origin.admit(LocalReply::text(400, sentence))
    }

    fn refuse_shape(&self, fault: &Shapeless, max_events: usize) -> LocalReply {
        let sentence = match fault {
            Shapeless::TooMany => {
                return self
                    .refuse_size(&format!("The request has more than {max_events} events."));
            }
            Shapeless::Scalar => {
                "The body is not an event: it is neither an object nor an array.".to_owned()
            }
            Shapeless::NoArray(list, Position { line, column }) => format!(
                "The body is not an event: {list} is not an array at line {line} column {column}."
            ),
            Shapeless::Json(_) if self.unknown_encoding => return self.refuse_encoding(),
            Shapeless::Json(error) => format!("The body is not JSON: {error}."),
        };
        self.origin.admit(LocalReply::text(400, sentence))
    }

    fn refuse_encoding(&self) -> LocalReply {
        let sentence =
            "The body's Content-Encoding is not one that can be read; send gzip or none.";
        self.origin
            .admit(LocalReply::text(415, sentence).with("accept-encoding", "gzip"))
    }
}

/// Makes an event of what a dialect said.
fn finish<'a>(
    collection: &Collection,
    draft: Draft<'a>,
    request: &Request<'a>,
    source: Option<Id<'a>>,
    context: &mut Context<'_>,
) -> Item<'a> {
    let integrations = [request.integrations, draft.integrations];
    if integrations::exclude(integrations, &context.config.collect.integration_name) {
        return Item::Filtered(Some(draft.kind), FilteredReason::Integrations);
    }
    Item::Event(Event {
        kind: draft.kind,
        automatic: draft.kind == Kind::Page,
        name: draft.name,
        timestamp: timestamp(&draft, request.sent_at, context.now),
        message_id: message_id::of(&draft, context.random),
        anonymous_id: draft.anonymous_id,
        user_id: draft.user_id,
        group_id: draft.group_id,
        page: draft.page,
        library: draft.library,
        properties: draft.properties,
        traits: draft.traits,
        source: source.or(draft.source),
        ip: collection.ip,
        opt_out: collection.opt_out,
        consent: draft.consent,
    })
}

/// The event's own time, corrected when the client's clock is wrong; else when it was sent; else when it came in.
fn timestamp(draft: &Draft<'_>, sent_at: Option<Value<'_>>, now: Now) -> i64 {
    let sent = sent_at
        .and_then(time::parse)
        .or_else(|| draft.sent_at.and_then(time::parse));
    let original = draft.time.and_then(time::parse).or(sent);
    let millis = match (original, sent) {
        (Some(original), Some(sent)) => time::correct_skew(original, sent, now.unix),
        (Some(original), None) => original,
        (None, _) => now.unix,
    };
    millis.div_euclid(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_comes_with_and_without_a_port() {
        for (address, ip) in [
            ("192.0.2.1:443", Some("192.0.2.1")),
            ("192.0.2.1", Some("192.0.2.1")),
            ("[2001:db8::1]:443", Some("2001:db8::1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("[::ffff:192.0.2.1]:443", Some("192.0.2.1")),
            ("/run/envoy.sock", None),
            ("192.0.2.1, 192.0.2.2", None),
            ("", None),
        ] {
            let found = ip_of(address.as_bytes()).map(|ip| ip.to_string());
            assert_eq!(found.as_deref(), ip, "{address}");
        }
        assert_eq!(ip_of(b"\xff"), None);
    }
}
