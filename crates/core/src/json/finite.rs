//! Numbers that JSON cannot hold.

use super::split;

/// A document with `null` for each `NaN`, `Infinity` and `-Infinity` outside its strings; `None` if
/// there is none.
#[must_use]
pub fn with_finite_numbers(document: &str) -> Option<String> {
    let bytes = document.as_bytes();
    let (mut text, mut copied, mut at) = (Vec::new(), 0, 0);
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let name: &[u8] = match rest {
            [b'"', ..] => {
                at = split::after_string(bytes, at + 1).0;
                continue;
            }
            [b'N', ..] => b"NaN",
            [b'I', ..] => b"Infinity",
            [b'-', ..] => b"-Infinity",
            _ => b"",
        };
        if name.is_empty() || !rest.starts_with(name) {
            at += 1;
            continue;
        }
        if copied == 0 {
            // `null` is one byte longer than `NaN`, which has a comma or a bracket behind it.
            text.reserve(document.len() / 4 * 5);
        }
        text.extend_from_slice(bytes.get(copied..at)?);
        text.extend_from_slice(b"null");
        at += name.len();
        copied = at;
    }
    text.extend_from_slice(bytes.get(copied..).filter(|_| copied > 0)?);
    String::from_utf8(text).ok()
}
