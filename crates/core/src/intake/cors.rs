//! Cross-origin requests (Fetch Standard, "HTTP extensions").
//!
//! Browser SDKs send from the customer's pages to this origin, some with credentials, some with
//! headers that differ between the first attempt and the next. So the origin and the requested
//! headers are reflected: `*` would hide the answer from SDKs that send credentials, and a fixed
//! list of headers would block the retries.

use std::borrow::Cow;

use super::Headers;
use crate::config::Collect;
use crate::local_reply::LocalReply;

/// Longest `Origin` that is reflected: a host name has 253 bytes.
const MAX_ORIGIN: usize = 300;
/// Longest `Access-Control-Request-Headers` that is reflected.
const MAX_REQUESTED: usize = 1_024;
/// The headers that a preflight allows when it asks for none that can be reflected.
const USUAL_HEADERS: &str = "authorization, content-type";
/// Chromium keeps a preflight for two hours at most.
const MAX_AGE: &str = "7200";

/// Where a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RequestOrigin {
    /// Not from a browser, or from the same origin; or its `Origin` cannot be reflected.
    None,
    /// From this origin, which may read the answer.
    Allowed(String),
    /// From an origin that the configuration does not list.
    NotAllowed,
}

impl RequestOrigin {
    pub(super) fn of(headers: &dyn Headers, collect: &Collect) -> Self {
        let Some(origin) = headers.get("origin") else {
            return Self::None;
        };
        if !collect.allows_origin(&origin) {
            return Self::NotAllowed;
        }
        // Every origin is taken. A page whose origin cannot be reflected cannot read the reply.
        reflectable(origin, MAX_ORIGIN).map_or(Self::None, Self::Allowed)
    }

    /// The answer as the page of this origin may read it. `Vary` is on every answer, so that no
    /// cache mixes origins up.
    pub(super) fn admit(&self, mut answer: LocalReply) -> LocalReply {
        if let Self::Allowed(origin) = self {
            answer = answer
                .with("access-control-allow-origin", origin.clone())
                .with("access-control-allow-credentials", "true")
                .with("access-control-expose-headers", "Retry-After");
        }
        answer.with("vary", "Origin")
    }

    /// The answer to a preflight.
    pub(super) fn preflight(&self, headers: &dyn Headers, methods: &'static str) -> LocalReply {
        let answer = LocalReply {
            status: 200,
            headers: vec![("allow", methods.into())],
            ..LocalReply::default()
        };
        if !matches!(self, Self::Allowed(_)) {
            return self.admit(answer);
        }
        let requested = headers
            .get("access-control-request-headers")
            .and_then(|requested| reflectable(requested, MAX_REQUESTED));
        let requested = requested.map_or(Cow::Borrowed(USUAL_HEADERS), Cow::Owned);
        self.admit(answer)
            .with("access-control-allow-methods", methods)
            .with("access-control-allow-headers", requested)
            .with("access-control-max-age", MAX_AGE)
    }
}

/// A value that is safe in a header of ours: printable ASCII and spaces, and no longer than `most`.
fn reflectable(value: Vec<u8>, most: usize) -> Option<String> {
    let safe = !value.is_empty()
        && value.len() <= most
        && value.iter().all(|byte| matches!(byte, b' '..=b'~'));
    safe.then(|| String::from_utf8(value).ok()).flatten()
}
