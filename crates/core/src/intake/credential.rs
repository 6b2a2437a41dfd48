//! The source that an SDK names: environment id, write key or project token.
//!
//! Message ids are unique within a source, and the rules of a configuration go by it. It
//! authenticates nothing: the keys of browsers and apps are public.

use super::body::{base64, form};
use super::Headers;

/// Where the head of a request may name its source. This header is looked at first, then the
/// query's `writeKey`, then the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credential {
    /// No header.
    None,
    /// The user name of `Authorization: Basic`, or the token of `Bearer`.
    Authorization,
    /// This header, up to a colon.
    Header(&'static str),
}

impl Credential {
    /// The source as the contents of a JSON string; `None` leaves it to the body.
    pub(super) fn read(self, headers: &dyn Headers, query: &[u8]) -> Option<String> {
        let found = match self {
            Self::None => None,
            Self::Header(name) => headers.get(name).map(until_colon),
            Self::Authorization => headers
                .get("authorization")
                .and_then(|value| of_authorization(&value)),
        };
        let found = found.or_else(|| form::value(query, b"writeKey"))?;
        let safe = !found.is_empty()
            && found
                .iter()
                .all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\'));
        safe.then(|| String::from_utf8(found).ok()).flatten()
    }
}

/// The user name of `Basic`, or the token of `Bearer`.
fn of_authorization(value: &[u8]) -> Option<Vec<u8>> {
    let (scheme, rest) = value.split_at_checked(value.iter().position(|byte| *byte == b' ')?)?;
    let rest = rest.trim_ascii();
    if scheme.eq_ignore_ascii_case(b"basic") {
        base64::decode(rest).map(until_colon)
    } else if scheme.eq_ignore_ascii_case(b"bearer") {
        Some(rest.to_vec())
    } else {
        None
    }
}

/// Drops the password or secret, which stands behind the colon.
fn until_colon(mut value: Vec<u8>) -> Vec<u8> {
    let end = value
        .iter()
        .position(|byte| *byte == b':')
        .unwrap_or(value.len());
    value.truncate(end);
    value
}
