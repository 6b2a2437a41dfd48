//! Payloads as they should be: JSON whose strings may hold shapes, such as
//! `"node-next-{ms}-{uuid}"`.

use anyhow::{Context, Result};
use jiff::Timestamp;
use regex_lite::Regex;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Placeholders for values of a known shape.
///
/// `"{number}"` stands for any number. `{name:shape}` also says that every string with this name is
/// the same: an anonymous id, say.
const SHAPES: &[(&str, &str)] = &[
    (
        "uuid",
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    ),
    ("md5", "[0-9a-f]{32}"),
    ("ms", "[0-9]{13}"),
    // 16 bytes in base64, as the module's own message ids are.
    ("id128", "[A-Za-z0-9+/]{22}=="),
    ("word", "[A-Za-z0-9]+"),
    // Mixpanel's device id: five hexadecimal numbers.
    ("device", "[0-9a-f]+(?:-[0-9a-f]+){4}"),
    ("port", "[0-9]{2,5}"),
    (
        "iso",
        "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}Z",
    ),
    (
        "now",
        "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z",
    ),
];

/// The payloads of each call of an SDK.
pub type Expected = BTreeMap<String, Vec<Value>>;

/// Reads `expected/<stem>.json`.
pub fn read(file: &Path) -> Result<Expected> {
    let text = fs::read_to_string(file).with_context(|| format!("{}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{}", file.display()))
}

/// Holds payloads against expected ones; remembers what the named shapes stand for.
#[derive(Clone, Debug)]
pub struct Matcher {
    named: BTreeMap<String, String>,
    began: String,
}

impl Matcher {
    /// `{now}` is between this moment and the moment of the match.
    pub fn new() -> Self {
        Self {
            named: BTreeMap::new(),
            began: now(),
        }
    }

    /// Says where and how a payload differs from the expected one, if it does.
    pub fn check(&mut self, expected: &Value, actual: &Value) -> Result<(), String> {
        let mut named = self.clone();
        named.value("", expected, actual)?;
        *self = named;
        Ok(())
    }

    fn value(&mut self, at: &str, expected: &Value, actual: &Value) -> Result<(), String> {
        match (expected, actual) {
            (Value::Object(expected), Value::Object(actual)) => {
                for (key, expected) in expected {
                    let at = format!("{at}.{key}");
                    match actual.get(key) {
                        Some(actual) => self.value(&at, expected, actual)?,
                        None => return Err(format!("{at} is missing, {expected} is expected")),
                    }
                }
                match actual.iter().find(|(key, _)| !expected.contains_key(*key)) {
                    Some((key, value)) => Err(format!("{at}.{key} is {value}, none is expected")),
                    None => Ok(()),
                }
            }
            (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
                for (index, (expected, actual)) in expected.iter().zip(actual).enumerate() {
                    self.value(&format!("{at}[{index}]"), expected, actual)?;
                }
                Ok(())
            }
            (Value::String(expected), Value::String(actual)) if self.string(expected, actual) => {
                Ok(())
            }
            (Value::String(expected), Value::Number(_)) if expected == "{number}" => Ok(()),
            _ if expected == actual => Ok(()),
            _ => Err(format!("{at} is {actual}, {expected} is expected")),
        }
    }

    fn string(&mut self, expected: &str, actual: &str) -> bool {
        let (pattern, names) = pattern(expected);
        let Some(found) = Regex::new(&pattern)
            .ok()
            .and_then(|shape| shape.captures(actual))
        else {
            return false;
        };
        names.iter().enumerate().all(|(index, name)| {
            let part = found.get(index + 1).map_or("", |part| part.as_str());
            match name.as_str() {
                "" => true,
                "now" => self.began.as_str() <= part && part <= now().as_str(),
                _ => {
                    self.named
                        .entry(name.clone())
                        .or_insert_with(|| part.to_owned())
                        == part
                }
            }
        })
    }
}

/// A regular expression for a string with shapes, and the name of each shape, empty where it has
/// none.
fn pattern(expected: &str) -> (String, Vec<String>) {
    let (mut pattern, mut names) = (String::from("^"), Vec::new());
    let mut rest = expected;
    while let Some((before, after)) = rest.split_once('{') {
        let shape = after.split_once('}').and_then(|(inside, after)| {
            let (name, shape) = inside.split_once(':').unwrap_or(("", inside));
            let name = if inside == "now" { "now" } else { name };
            let (_, shape) = SHAPES.iter().find(|(known, _)| *known == shape)?;
            Some((name, shape, after))
        });
        pattern += &regex_lite::escape(before);
        rest = match shape {
            Some((name, shape, after)) => {
                pattern += &format!("({shape})");
                names.push(name.to_owned());
                after
            }
            None => {
                pattern += &regex_lite::escape("{");
                after
            }
        };
    }
    (pattern + &regex_lite::escape(rest) + "$", names)
}

fn now() -> String {
    Timestamp::from_second(Timestamp::now().as_second())
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn differ(expected: Value, actual: Value) -> String {
        Matcher::new()
            .check(&expected, &actual)
            .err()
            .unwrap_or_default()
    }

    #[test]
    fn a_shape_is_matched_whole() {
        let id = json!("node-next-1795429235127-4d137a2b-5d52-4973-84f6-bcb4bca43e44");
        assert_eq!(differ(json!("node-next-{ms}-{uuid}"), id.clone()), "");
        for wrong in [
            "node-next-{ms}",
            "next-{ms}-{uuid}",
            "{uuid}",
            "node-next-{ms}-{unknown}",
        ] {
            assert_ne!(differ(json!(wrong), id.clone()), "", "{wrong}");
        }
        assert_eq!(differ(json!({"t": "{now}"}), json!({"t": now()})), "");
        let old = differ(json!({"t": "{now}"}), json!({"t": "2022-12-28T21:16:50Z"}));
        assert_eq!(old, r#".t is "2022-12-28T21:16:50Z", "{now}" is expected"#);
    }

    #[test]
    fn payloads_are_compared_whole() {
        let whole = json!({"a": {"b": [1, null]}});
        assert_eq!(differ(whole.clone(), whole.clone()), "");
        let said = differ(whole.clone(), json!({"a": {"b": [1, 2]}}));
        assert_eq!(said, ".a.b[1] is 2, null is expected");
        let said = differ(whole.clone(), json!({"a": {"b": [1, null], "c": 1}}));
        assert_eq!(said, ".a.c is 1, none is expected");
        assert_eq!(
            differ(whole, json!({})),
            r#".a is missing, {"b":[1,null]} is expected"#
        );
    }

    #[test]
    fn a_named_shape_stands_for_one_string() {
        let mut matcher = Matcher::new();
        let expected = json!("{anonymous:word}");
        assert!(matcher.check(&expected, &json!("a1")).is_ok());
        assert!(matcher.check(&expected, &json!("b2")).is_err());
        assert!(matcher.check(&expected, &json!("a1")).is_ok());
    }
}
