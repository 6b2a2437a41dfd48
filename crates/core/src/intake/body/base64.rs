//! base64 as SDKs write it.

use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::Engine as _;

/// The standard alphabet, padded or not; the URL-safe one is translated to it first.
const FORGIVING: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Decodes either alphabet, padded or not; `None` when `text` is not base64.
///
/// A space counts as `+`: decoding a form turns one into the other, and some SDKs do not escape it.
pub(in crate::intake) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let standard: Vec<u8> = text
        .iter()
        .filter(|byte| !matches!(byte, b'\r' | b'\n'))
        .map(|byte| match byte {
            b'-' | b' ' => b'+',
            b'_' => b'/',
            byte => *byte,
        })
        .collect();
    FORGIVING.decode(standard).ok()
}
