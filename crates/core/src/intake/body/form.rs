//! Queries and `application/x-www-form-urlencoded` bodies, as far as SDKs use them.

use percent_encoding::percent_decode;

/// The percent-decoded value of the first pair named `key`.
pub(in crate::intake) fn value(pairs: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    raw_value(pairs, key).map(|value| percent_decode(value).collect())
}

/// Whether the value of `key` is `1` or `true`.
pub(in crate::intake) fn is_set(pairs: &[u8], key: &[u8]) -> bool {
    matches!(raw_value(pairs, key), Some(b"1" | b"true"))
}

/// The `data` of a form or query, in which an SDK wraps its events: JSON, or base64 of JSON.
///
/// A form writes a space as `+`. base64 uses `+` itself, and some SDKs send it unescaped, so a `+`
/// is a space in JSON only.
pub(in crate::intake) fn data(pairs: &[u8]) -> Option<Vec<u8>> {
    let value = raw_value(pairs, b"data")?;
    let starts_as_json = percent_decode(value)
        .find(|byte| !matches!(byte, b' ' | b'+' | b'\t' | b'\r' | b'\n'))
        .is_some_and(|first| matches!(first, b'{' | b'['));
    if starts_as_json {
        let spaced: Vec<u8> = value
            .iter()
            .map(|byte| if *byte == b'+' { b' ' } else { *byte })
            .collect();
        Some(percent_decode(&spaced).collect())
    } else {
        Some(percent_decode(value).collect())
    }
}

fn raw_value<'p>(pairs: &'p [u8], key: &[u8]) -> Option<&'p [u8]> {
    pairs
        .split(|byte| *byte == b'&')
        .find_map(|pair| pair.strip_prefix(key)?.strip_prefix(b"="))
}
