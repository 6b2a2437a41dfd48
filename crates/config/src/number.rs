//! Numbers that arrive as text, which is how Envoy's YAML loader hands fractions over.

use super::tree::Node;

/// Reads `0.1`, `.5`, `1.`, `01`, `+1` or `1e-1`.
///
/// Made into a JSON number first: the parser of the standard library would be 14 KiB of the module.
pub(super) fn parse(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let exponent_at = unsigned.find(['e', 'E']).unwrap_or(unsigned.len());
    let (mantissa, exponent) = unsigned.split_at_checked(exponent_at)?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || whole.len() + fraction.len() == 0 {
        return None;
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    match serde_json::from_str(&format!("{sign}{whole}.{fraction}0{exponent}")) {
        Ok(Node::Number(number)) => Some(number),
        _ => None,
    }
}
