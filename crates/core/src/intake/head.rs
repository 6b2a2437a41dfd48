//! A request whose path is ours is answered by its head, or its body is gathered.

use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use super::body::{self, form};
use super::cors::RequestOrigin;
use super::dialect::Methods;
use super::{recognise, refusal, Collection, Head, Judgement};
use crate::config::Config;
use crate::consent::OptOut;
use crate::local_reply::LocalReply;
use crate::observe::labels::RequestOutcome;
use crate::trace_context::{TraceContext, TRACEPARENT};

/// Judges the head of a request.
///
/// The paths of the SDKs are generic, so a request that cannot be an SDK's is left to the
/// application: another method, a `GET` without events in its query, an `OPTIONS` that no
/// browser sent.
#[must_use]
pub fn judge(head: &Head<'_>, config: &Config) -> Judgement {
    let Some(route) = recognise(head.path, &config.collect) else {
        return Judgement::Pass;
    };
    let methods = route.dialect.methods;
    let query = head
        .path
        .splitn(2, |byte| *byte == b'?')
        .nth(1)
        .unwrap_or_default();
    let query_data = form::data(query);
    let is_ours = match (head.method, methods) {
        (b"POST", _) => true,
        (b"GET", Methods::GetOrPost) => query_data.is_some(),
        (b"OPTIONS", _) => is_preflight(head, methods),
        _ => false,
    };
    if !is_ours {
        return Judgement::Pass;
    }
    let origin = RequestOrigin::of(head.headers, &config.collect);
    if head.method == b"OPTIONS" {
        let reply = origin.preflight(head.headers, methods.allow());
        return Judgement::Reply(reply, RequestOutcome::Preflight);
    }
    let by_query = head.method == b"GET";
    let refuse = |reply: LocalReply| {
        let reply = if by_query { reply.not_stored() } else { reply };
        Judgement::Reply(origin.admit(reply), RequestOutcome::Refused)
    };
    if origin == RequestOrigin::NotAllowed {
        return refuse(LocalReply::text(
            403,
            "Events are not taken from this origin.",
        ));
    }
    if head.end_of_stream && query_data.is_none() {
        return refuse(refusal::no_body());
    }
    let collection = Collection {
        route,
        by_query,
        by_image: by_query && form::is_set(query, b"img"),
        verbose: form::is_set(query, b"verbose"),
        query_data,
        ip: config
            .context_ip
            .then(|| head.headers.client_address())
            .flatten()
            .and_then(|address| ip_of(&address)),
        opt_out: OptOut::read(config.honored, |name| head.headers.get(name)),
        source: route.dialect.credential.read(head.headers, query),
        trace: trace(head, config),
        list: None,
        until_first_event: false,
        read_bytes: 0,
        max_body_bytes: config.limits.max_body_bytes,
        unknown_encoding: !head.end_of_stream
            && head
                .headers
                .get("content-encoding")
                .is_some_and(|encoding| !body::is_known_encoding(&encoding)),
        origin,
    };
    let max_bytes = collection.max_body_bytes as u64;
    if !head.end_of_stream
        && head
            .declared_length()
            .is_some_and(|length| length > max_bytes)
    {
        return Judgement::Reply(collection.too_large(), RequestOutcome::Refused);
    }
    Judgement::Collect(collection)
}

/// Whether a browser asks before it sends events (Fetch Standard, "CORS-preflight fetch"). Before a
/// request with another method it asks the application.
fn is_preflight(head: &Head<'_>, methods: Methods) -> bool {
    let headers = head.headers;
    let method = headers.get("access-control-request-method");
    headers.get("origin").is_some()
        && match method.as_deref() {
            None | Some(b"POST") => true,
            Some(b"GET") => methods == Methods::GetOrPost,
            Some(_) => false,
        }
}

/// Where traces are sent on, the one that the request belongs to.
fn trace(head: &Head<'_>, config: &Config) -> Option<Rc<TraceContext>> {
    if !config.observe.trace {
        return None;
    }
    TraceContext::parse(&head.headers.get(TRACEPARENT)?).map(Rc::new)
}

/// Reads `192.0.2.1:443`, `[2001:db8::1]:443`, or either without a port.
fn ip_of(address: &[u8]) -> Option<IpAddr> {
    let address = std::str::from_utf8(address).ok()?;
    let with_port = address.parse::<SocketAddr>().map(|address| address.ip());
    let ip = with_port.or_else(|_| address.parse()).ok()?;
    Some(ip.to_canonical())
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
