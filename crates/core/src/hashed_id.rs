//! How an event is named in log lines and on the live page, where its content must not be.
//!
//! The hashed id is the first 16 hexadecimal digits of the SHA-256 of the event's `messageId`, so a
//! person who has the event can find its lines:
//!
//! ```sh
//! printf %s "$MESSAGE_ID" | sha256sum | cut -c1-16
//! ```
//!
//! A source, such as a write key, is named by the first 8 digits of its own.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::json;
use crate::signing::hex;

/// The hashed id of the event whose message id stands so between the quotes of a payload.
#[must_use]
pub fn of_escaped(message_id: &str) -> String {
    let hash = Sha256::digest(unescaped(message_id).as_bytes());
    hex(hash.get(..8).unwrap_or_default())
}

/// The hash under which a source is shown, as a number; zero for none.
#[must_use]
pub fn of_source(escaped: &str) -> u32 {
    if escaped.is_empty() {
        return 0;
    }
    let hash = Sha256::digest(unescaped(escaped).as_bytes());
    hash.first_chunk()
        .map_or(0, |first| u32::from_be_bytes(*first))
}

/// The text that is meant by the inside of a JSON string.
#[must_use]
pub fn unescaped(escaped: &str) -> Cow<'_, str> {
    if !escaped.contains('\\') {
        return escaped.into();
    }
    match json::string(&format!("\"{escaped}\"")) {
        Some(text) => text.into_owned().into(),
        None => escaped.into(),
    }
}

/// The event's name and message id in a payload that [`crate::payload::render`] wrote, redacted or
/// not; each as it stands between its quotes, and empty where there is none.
///
/// The id stands before anything that an SDK could have put a quote into without escaping it.
#[must_use]
pub fn in_payload(payload: &[u8]) -> (&str, &str) {
    let payload = std::str::from_utf8(payload).unwrap_or_default();
    let (name, rest) = payload
        .strip_prefix(r#"{"event":""#)
        .and_then(until_quote)
        .unwrap_or(("", payload));
    let id = rest.split_once(r#""messageId":""#);
    let id = id.and_then(|(_, rest)| until_quote(rest));
    (name, id.map_or("", |(id, _)| id))
}

/// The contents of a JSON string whose opening quote stands before `text`, and what follows.
fn until_quote(text: &str) -> Option<(&str, &str)> {
    let mut is_escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })?;
    Some((text.get(..end)?, text.get(end..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_what_sha256sum_says_of_the_message_id() {
        // printf %s m-1 | sha256sum
        assert_eq!(of_escaped("m-1"), "a461b472cb41a9ec");
        assert_eq!(of_escaped(r"m\u002d1"), "a461b472cb41a9ec");
        assert_eq!(of_source("m-1"), 0xa461_b472);
        assert_eq!(of_source(""), 0);
    }

    #[test]
    fn name_and_id_of_a_payload_are_the_events_own() {
        for (payload, found) in [
            (
                &br#"{"event":"a","type":"track","timestamp":"x","messageId":"m-1","context":{}}"#
                    [..],
                ("a", "m-1"),
            ),
            (
                br#"{"type":"page","timestamp":"x","messageId":"m-1"}"#,
                ("", "m-1"),
            ),
            (
                br#"{"event":"\"messageId\":\"no\"","type":"track","messageId":"m\"\\1"}"#,
                (r#"\"messageId\":\"no\""#, r#"m\"\\1"#),
            ),
            (
                br#"{"event":"\\","type":"track","messageId":"m-1"}"#,
                (r"\\", "m-1"),
            ),
            (br#"{"type":"page","properties":{"event":"x"}}"#, ("", "")),
            (br#"{"event":"cut"#, ("", "")),
            (b"", ("", "")),
            (b"\xff", ("", "")),
        ] {
            assert_eq!(in_payload(payload), found);
        }
    }
}
