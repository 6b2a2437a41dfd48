//! Which source an SDK says it is: environment id, write key, project token.
//!
//! It names the space that message ids are unique in, and the rules of a configuration go by it. Nothing is authenticated by it:
//! the keys of browsers and apps are public.

use super::body::from_base64;
use super::form;
use super::Headers;
use crate::config::Dialect;

/// The source that the head of a request names, as the contents of a JSON string; `None` leaves it to the body.
pub(super) fn of_head(dialect: Dialect, headers: &dyn Headers, query: &[u8]) -> Option<String> {
    let found = match dialect {
        Dialect::Track | Dialect::ReactNative => None,
        Dialect::Jitsu => headers.get("x-write-key").map(until_colon),
        Dialect::Mobile | Dialect::Segment | Dialect::RudderstackBeacon | Dialect::Posthog => {
            headers
                .get("authorization")
                .and_then(|value| of_authorization(&value))
        }
    };
    let found = found.or_else(|| form::value(query, b"writeKey"))?;
    let safe = !found.is_empty()
        && found
            .iter()
            .all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\'));
    safe.then(|| String::from_utf8(found).ok()).flatten()
}

/// The user name of `Basic`, or the token of `Bearer`.
fn of_authorization(value: &[u8]) -> Option<Vec<u8>> {
    let (scheme, rest) = value.split_at_checked(value.iter().position(|byte| *byte == b' ')?)?;
    let rest = rest.trim_ascii();
    if scheme.eq_ignore_ascii_case(b"basic") {
        from_base64(rest).map(until_colon)
    } else if scheme.eq_ignore_ascii_case(b"bearer") {
        Some(rest.to_vec())
    } else {
        None
    }
}

/// What comes after the colon is a password or a secret, which is nobody's business here.
fn until_colon(mut value: Vec<u8>) -> Vec<u8> {
    let end = value
        .iter()
        .position(|byte| *byte == b':')
        .unwrap_or(value.len());
    value.truncate(end);
    value
}
