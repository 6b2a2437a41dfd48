//! How Envoy reads a plain scalar of YAML (`parseYamlNode` of its
//! `source/common/protobuf/yaml_utility.cc`, over yaml-cpp).
//!
//! It knows no fractions: `0.1` is a string. A whole number that needs more than 32 bits is one
//! too.

use crate::node::Value;

/// Reads a scalar that stands without quotes and without a tag.
pub(crate) fn read(text: &str) -> Value {
    if matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        return Value::Null;
    }
    read_tagged(text)
}

/// Reads a scalar with a tag such as `!!str`, which changes nothing for Envoy but that it is not
/// null.
pub(crate) fn read_tagged(text: &str) -> Value {
    if let Some(value) = boolean(text) {
        return Value::Bool(value);
    }
    match whole(text) {
        Some(number) => match i32::try_from(number) {
            Ok(small) => Value::Number(f64::from(small)),
            Err(_) => Value::String(number.to_string()),
        },
        None => Value::String(text.to_owned()),
    }
}

/// In lower case, in capitals, or with one capital first.
fn boolean(text: &str) -> Option<bool> {
    let lower = text.to_ascii_lowercase();
    let capitalised = text.chars().skip(1).all(|c| c.is_ascii_lowercase());
    if !capitalised && text != text.to_ascii_uppercase() {
        return None;
    }
    match lower.as_str() {
        "y" | "yes" | "true" | "on" => Some(true),
        "n" | "no" | "false" | "off" => Some(false),
        _ => None,
    }
}

/// Decimal, hexadecimal after `0x`, octal after `0`.
fn whole(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let hexadecimal = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"));
    let (digits, radix) = match (hexadecimal, digits.strip_prefix('0')) {
        (Some(digits), _) => (digits, 16),
        (None, Some(digits)) if !digits.is_empty() => (digits, 8),
        _ => (digits, 10),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let number = i128::from_str_radix(digits, radix).ok()?;
    i64::try_from(if negative { -number } else { number }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each as Envoy 1.40.0 showed it under `node.metadata` in its `/server_info`.
    #[test]
    fn reads_as_envoy_does() {
        let string = |text: &str| Value::String(text.into());
        let cases = [
            ("0.1", string("0.1")),
            ("0x10", Value::Number(16.0)),
            ("010", Value::Number(8.0)),
            ("08", string("08")),
            ("0o17", string("0o17")),
            ("+5", Value::Number(5.0)),
            ("-7", Value::Number(-7.0)),
            ("0", Value::Number(0.0)),
            ("3000000000", string("3000000000")),
            ("0xffffffffff", string("1099511627775")),
            ("1_000", string("1_000")),
            ("1e3", string("1e3")),
            (".inf", string(".inf")),
            ("0b11", string("0b11")),
            ("5 5", string("5 5")),
            ("yes", Value::Bool(true)),
            ("Y", Value::Bool(true)),
            ("On", Value::Bool(true)),
            ("tRUE", string("tRUE")),
            ("OFF", Value::Bool(false)),
            ("null", Value::Null),
            ("~", Value::Null),
            ("", Value::Null),
            ("-", string("-")),
            ("+-5", string("+-5")),
        ];
        for (text, value) in cases {
            assert_eq!(read(text), value, "{text}");
        }
        assert_eq!(read_tagged("null"), string("null"));
    }
}
