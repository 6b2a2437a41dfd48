//! The source that an SDK names: environment id, write key or project token.
//!
//! Message ids are unique within a source, and the rules of a configuration go by it. It
//! authenticates nothing: the keys of browsers and apps are public.

use super::body::{base64, form};
use super::Headers;
use crate::event::MAX_SOURCE_BYTES;

/// Where the head of a request may name its source. This header is looked at first, then the
/// query's `writeKey`, then the body, and last the token of `Authorization: Bearer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credential {
    /// No header.
    None,
    /// The user name of `Authorization: Basic`, or the token of `Bearer`.
    ///
    /// A token may be one that lets the request through to here, and another one the next time it
    /// is sent: with OAuth, Segment's SDKs send one beside the write key in the body.
    Authorization,
    /// The user name of `Authorization: Basic`, for events whose body names no source: Mixpanel
    /// documents the project's token there for `/import`, where its SDKs also send a secret.
    Basic,
    /// This header, up to a colon.
    Header(&'static str),
}

/// The source, as far as the head of a request names it; each as the contents of a JSON string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct HeadSource {
    /// It wins over what the body says.
    pub(super) named: Option<String>,
    /// A token or user name, for events whose body names no source.
    pub(super) token: Option<String>,
}

impl Credential {
    pub(super) fn read(self, headers: &dyn Headers, query: &[u8]) -> HeadSource {
        let (is_token, found) = match self {
            Self::None => (false, None),
            Self::Header(name) => (false, headers.get(name).map(until_colon)),
            Self::Authorization | Self::Basic => {
                let value = headers.get("authorization").unwrap_or_default();
                let (is_token, found) = of_authorization(&value);
                match self {
                    Self::Basic => (true, found.filter(|_| !is_token)),
                    _ => (is_token, found),
                }
            }
        };
        let found = safe(found);
        let (token, named) = if is_token {
            (found, None)
        } else {
            (None, found)
        };
        let named = named.or_else(|| safe(form::value(query, b"writeKey")));
        HeadSource { named, token }
    }
}

/// A text that needs no escapes between the quotes of a JSON string, is not empty and not too long.
#[inline(never)]
fn safe(found: Option<Vec<u8>>) -> Option<String> {
    let is_safe = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    let found = found
        .filter(|found| (1..=MAX_SOURCE_BYTES).contains(&found.len()) && found.iter().all(is_safe));
    String::from_utf8(found?).ok()
}

/// The user name of `Basic`, or the token of `Bearer` and that it is one.
fn of_authorization(value: &[u8]) -> (bool, Option<Vec<u8>>) {
    let space = value.iter().position(|byte| *byte == b' ');
    let (scheme, rest) = value.split_at(space.unwrap_or(value.len()));
    let rest = rest.trim_ascii();
    let is_token = scheme.eq_ignore_ascii_case(b"bearer");
    let found = if is_token {
        Some(rest.to_vec())
    } else if scheme.eq_ignore_ascii_case(b"basic") {
        base64::decode(rest).map(until_colon)
    } else {
        None
    };
    (is_token, found)
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
