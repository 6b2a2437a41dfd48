//! Numbers that JSON cannot hold.

use super::split;

/// As Python and JavaScript name them.
const NOT_FINITE: [&str; 3] = ["NaN", "Infinity", "-Infinity"];

/// A document with `null` for each number that is not finite; `None` if there is none.
#[must_use]
pub fn with_finite_numbers(document: &str) -> Option<String> {
    let bytes = document.as_bytes();
    let (mut text, mut copied, mut at) = (Vec::new(), 0, 0);
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => at = split::after_string(bytes, at).0,
            b'N' | b'I' | b'-' => {
                let rest = bytes.get(at - 1..)?;
                let mut names = NOT_FINITE.iter();
                if let Some(name) = names.find(|name| rest.starts_with(name.as_bytes())) {
                    text.extend_from_slice(bytes.get(copied..at - 1)?);
                    text.extend_from_slice(b"null");
                    at += name.len() - 1;
                    copied = at;
                }
            }
            _ => {}
        }
    }
    text.extend_from_slice(bytes.get(copied..).filter(|_| copied > 0)?);
    String::from_utf8(text).ok()
}
