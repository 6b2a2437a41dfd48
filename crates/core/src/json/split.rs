//! Splitting a document one level deep.
//!
//! [`check`] has serde_json judge the whole syntax, once. The text that is split afterwards is
//! known to be JSON, so that finding where a value ends takes no more than counting brackets and
//! looking for quotes: a level costs a fifth of what checking it again would. On other text the
//! splitters stop early; they never panic.

use serde::de::IgnoredAny;

use super::{Text, Value};

/// Checks that a document is JSON. Depth costs nothing: serde_json passes over values without
/// recursion.
///
/// # Errors
///
/// When it is not.
pub fn check(document: &str) -> serde_json::Result<()> {
    serde_json::from_str::<IgnoredAny>(document).map(drop)
}

/// Gives each member of a checked object in order, and nothing for any other value.
pub(super) fn members<'a>(object: &'a str, visit: &mut dyn FnMut(Text<'a>, Value<'a>)) {
    let mut cursor = Cursor::into(object, b'{');
    while let Some((key, value)) = cursor.member() {
        visit(key, value);
    }
}

/// Gives each element of a checked array in order, until `visit` returns false, and nothing for any
/// other value.
pub(super) fn elements<'a>(array: &'a str, visit: &mut dyn FnMut(Value<'a>) -> bool) {
    let mut cursor = Cursor::into(array, b'[');
    while let Some(element) = cursor.next_value() {
        if !visit(element) {
            break;
        }
    }
}

/// How many members and elements a checked value has at any depth; counting ends behind `most`.
pub(super) fn values(value: &str, most: usize) -> usize {
    let bytes = value.as_bytes();
    let (mut at, mut count, mut is_first) = (0, 0, false);
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => continue,
            b',' => count += 1,
            b'}' | b']' => {}
            _ => count += usize::from(is_first),
        }
        if count > most {
            break;
        }
        is_first = matches!(byte, b'{' | b'[');
        if *byte == b'"' {
            at = after_string(bytes, at).0;
        }
    }
    count
}

/// Is there an escape between the quotes of a checked string?
pub(super) fn has_escape(inside: &str) -> bool {
    quote_or_backslash(inside.as_bytes(), 0) < inside.len()
}

/// A place between two tokens of a checked document.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Behind the opening bracket, or at the end when there is no such bracket.
    fn into(text: &'a str, open: u8) -> Self {
        let opens = text.as_bytes().first() == Some(&open);
        let at = if opens { 1 } else { text.len() };
        Self { text, at }
    }

    fn member(&mut self) -> Option<(Text<'a>, Value<'a>)> {
        self.pass_space();
        let bytes = self.text.as_bytes();
        let start = self.at;
        if bytes.get(start) != Some(&b'"') {
            return None;
        }
        let (end, has_escape) = after_string(bytes, start + 1);
        self.at = end;
        let text = self.text.get(start..end)?;
        Some((Text { text, has_escape }, self.next_value()?))
    }

    /// The next value of this level.
    fn next_value(&mut self) -> Option<Value<'a>> {
        self.pass_space();
        let bytes = self.text.as_bytes();
        let start = self.at;
        self.at = match bytes.get(start)? {
            b'"' => after_string(bytes, start + 1).0,
            b'{' | b'[' => after_nested(bytes, start + 1),
            b'}' | b']' => return None,
            _ => after_scalar(bytes, start + 1),
        };
        self.text.get(start..self.at).map(Value)
    }

    /// Commas and colons are passed over like space: the syntax is known to be right.
    #[inline]
    fn pass_space(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\t' | b'\n' | b'\r' | b',' | b':') = bytes.get(self.at) {
            self.at += 1;
        }
    }
}

/// Behind the quote that ends the string whose inside is at `at`, and whether there is an escape in
/// it.
#[inline]
pub(super) fn after_string(bytes: &[u8], mut at: usize) -> (usize, bool) {
    let mut has_escape = false;
    loop {
        at = quote_or_backslash(bytes, at);
        match bytes.get(at) {
            Some(b'\\') => {
                has_escape = true;
                at += 2;
            }
            Some(_) => return (at + 1, has_escape),
            None => return (bytes.len(), has_escape),
        }
    }
}

/// Behind the bracket that closes the object or array whose inside is at `at`.
fn after_nested(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 1_usize;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => at = after_string(bytes, at).0,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            _ => {}
        }
    }
    at
}

/// Behind a number, `true`, `false` or `null`.
fn after_scalar(bytes: &[u8], mut at: usize) -> usize {
    let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
    while bytes.get(at).is_some_and(|byte| !ends(byte)) {
        at += 1;
    }
    at
}

/// Where the next quote or backslash is, eight bytes at a time: wasm32 has 64-bit integers whatever
/// its pointers are.
#[inline]
fn quote_or_backslash(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let chunk = u64::from_le_bytes(*chunk);
        let found = zero_bytes(chunk ^ repeated(b'"')) | zero_bytes(chunk ^ repeated(b'\\'));
        if found != 0 {
            // The lowest mark is exact, and the bytes came in little-endian order.
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while bytes
        .get(at)
        .is_some_and(|byte| !matches!(byte, b'"' | b'\\'))
    {
        at += 1;
    }
    at
}

const fn repeated(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The high bit of each byte that is zero; of those above the lowest such byte perhaps as well.
const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(repeated(0x01)) & !word & repeated(0x80)
}

#[cfg(test)]
mod tests;
