//! From the bytes on the wire to the text of a JSON document.
//!
//! The bytes decide what a body is, not its headers: SDKs label gzip as text, JSON as a form, and
//! base64 as either. Layers come off one by one until JSON is left. At most four layers are taken
//! off, no layer may grow over the configured size, and all of them together over twice as much.

pub(super) mod base64;
pub(super) mod form;
mod gzip;
pub(super) mod mend;

use std::borrow::Cow;
use std::str::Utf8Error;

use crate::json;

/// gzip in base64 in a form is three layers; one more is for a body that was compressed twice.
const MAX_LAYERS: usize = 4;

const UTF8_BOM: &[u8] = b"\xef\xbb\xbf";

/// A body may always unpack to this many bytes: the ratio of a small body says little.
const ALWAYS: usize = 64 << 10;

/// A compressed body that is compressed again shrinks only a little.
const MAX_OUTER_RATIO: usize = 2;

/// How far a body may grow as its layers come off.
#[derive(Clone, Copy, Debug)]
pub(super) struct Growth {
    /// To this many bytes.
    pub(super) max_bytes: usize,
    /// To this many times its size as received.
    pub(super) max_ratio: usize,
}

/// A body without its layers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decoded<'b> {
    pub(super) text: Cow<'b, str>,
    /// A form said `verbose=1`.
    pub(super) verbose: bool,
}

/// Why a body cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Undecodable {
    /// A layer is larger than the limit.
    TooLarge,
    /// Its layers are too many times as large as the body was received.
    Ratio,
    /// It was compressed again and again, or much by the outer of two compressions.
    Layers,
    /// It was compressed in too many blocks.
    Blocks,
    /// It is empty.
    Empty,
    /// Damaged gzip.
    Gzip,
    /// Not text, and not JSON in another encoding: the first byte that is not UTF-8.
    NotUtf8(usize),
}

/// Whether this `Content-Encoding` can be read. The first bytes tell whether a body is gzip.
pub(super) fn is_known_encoding(content_encoding: &[u8]) -> bool {
    content_encoding.split(|byte| *byte == b',').all(|coding| {
        let coding = coding.trim_ascii().to_ascii_lowercase();
        matches!(&*coding, b"" | b"identity" | b"gzip" | b"x-gzip")
    })
}

/// Unpacks gzip of our own, however much that is; nothing if it is damaged.
#[must_use]
pub fn gunzip(compressed: &[u8]) -> Vec<u8> {
    gzip::decode(compressed, usize::MAX, &mut 0).unwrap_or_default()
}

/// Takes the layers off `body`. Adds to `unpacked` how many bytes of layers that took, also where
/// the body is refused.
pub(super) fn decode<'b>(
    body: &'b [u8],
    growth: Growth,
    unpacked: &mut usize,
) -> Result<Decoded<'b>, Undecodable> {
    let by_ratio = body.len().saturating_mul(growth.max_ratio).max(ALWAYS);
    let max_bytes = growth.max_bytes.min(by_ratio);
    let mut bytes = Cow::Borrowed(body);
    let (mut verbose, mut all_bytes) = (false, 0);
    // Sizes of the layers that were compressed.
    let mut compressed = Vec::new();
    for _ in 0..MAX_LAYERS {
        if bytes.starts_with(gzip::MAGIC) {
            compressed.push(bytes.len());
            match *compressed.as_slice() {
                [] | [_] => {}
                [outer, inner] if inner <= outer.saturating_mul(MAX_OUTER_RATIO) => {}
                _ => return Err(Undecodable::Layers),
            }
        }
        let inner = match peel(&bytes, max_bytes, &mut verbose, unpacked) {
            Ok(Some(inner)) => inner,
            Ok(None) => break,
            Err(Undecodable::TooLarge) if max_bytes < growth.max_bytes => {
                return Err(Undecodable::Ratio)
            }
            Err(error) => return Err(error),
        };
        // A form in a form in a form takes as long as three of them.
        all_bytes += inner.len();
        if all_bytes > growth.max_bytes.saturating_mul(2) {
            return Err(Undecodable::TooLarge);
        }
        bytes = Cow::Owned(inner);
    }
    let bytes = match bytes {
        Cow::Borrowed(bytes) => Cow::Borrowed(trimmed(bytes)),
        Cow::Owned(bytes) => match trimmed(&bytes) {
            rest if rest.len() == bytes.len() => Cow::Owned(bytes),
            rest => Cow::Owned(rest.to_vec()),
        },
    };
    if bytes.is_empty() {
        return Err(Undecodable::Empty);
    }
    if bytes.len() > growth.max_bytes {
        return Err(Undecodable::TooLarge);
    }
    let text = match bytes {
        Cow::Borrowed(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(error) => Cow::Owned(with_replacements(bytes, error, growth.max_bytes)?),
        },
        Cow::Owned(bytes) => Cow::Owned(match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let utf8_error = error.utf8_error();
                with_replacements(error.as_bytes(), utf8_error, growth.max_bytes)?
            }
        }),
    };
    Ok(Decoded { text, verbose })
}

/// JSON with U+FFFD for what is not UTF-8, as most servers read it. A string in another encoding,
/// or one that was cut within a character, must not cost a whole batch.
#[cold]
fn with_replacements(
    bytes: &[u8],
    error: Utf8Error,
    max_bytes: usize,
) -> Result<String, Undecodable> {
    if !looks_like_json(bytes) {
        return Err(Undecodable::NotUtf8(error.valid_up_to()));
    }
    // U+FFFD has three bytes, and stands for at least one.
    let replaced = bytes.iter().filter(|byte| !byte.is_ascii()).count();
    if bytes.len() + 2 * replaced > max_bytes {
        return Err(Undecodable::TooLarge);
    }
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

/// Takes the outermost layer off; `None` when there is no layer that is known.
fn peel(
    bytes: &[u8],
    max_bytes: usize,
    verbose: &mut bool,
    unpacked: &mut usize,
) -> Result<Option<Vec<u8>>, Undecodable> {
    if bytes.starts_with(gzip::MAGIC) {
        return match gzip::decode(bytes, max_bytes, unpacked) {
            Ok(inflated) => Ok(Some(inflated)),
            Err(gzip::Error::TooLarge) => Err(Undecodable::TooLarge),
            Err(gzip::Error::TooManyBlocks) => Err(Undecodable::Blocks),
            Err(gzip::Error::Damaged) => Err(Undecodable::Gzip),
        };
    }
    let text = trimmed(bytes);
    if text.is_empty() || looks_like_json(text) {
        return Ok(None);
    }
    // No other layer is larger than what is in it.
    *unpacked += text.len();
    if let Some(data) = form::data(text) {
        *verbose |= form::is_set(text, b"verbose");
        return Ok(Some(data));
    }
    if text.first() == Some(&b'"') {
        let inner = std::str::from_utf8(text).ok().and_then(json::string);
        return Ok(inner
            .map(|inner| inner.into_owned().into_bytes())
            .filter(|inner| looks_like_json(inner)));
    }
    if matches!(text.first_chunk(), Some([b'%', b'5' | b'7', b'b' | b'B'])) {
        return Ok(Some(percent_encoding::percent_decode(text).collect()));
    }
    Ok(base64::decode(text).filter(|inner| {
        inner.starts_with(gzip::MAGIC) || inner.is_ascii() || looks_like_json(inner)
    }))
}

fn looks_like_json(bytes: &[u8]) -> bool {
    matches!(trimmed(bytes).first(), Some(b'{' | b'['))
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.trim_ascii();
    bytes
        .strip_prefix(UTF8_BOM)
        .unwrap_or(bytes)
        .trim_ascii_start()
}
