//! The configuration as it was written, before anything is checked: one tree, whichever way it came.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

use super::structpb;

/// A value of the tree. Objects keep what was written, repeated keys included, so that these can be refused.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    /// Every bound of the configuration is far below 2^53, up to which a double is exact; a `Struct` has no other number.
    Number(f64),
    String(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

/// Reads JSON text or the wire bytes of a `google.protobuf.Struct`.
///
/// Envoy hands a `StringValue` over as its text and a `Struct` as its serialised bytes. Every entry of the latter
/// begins with 0x0a and holds its value under the tag 0x12; JSON may begin with 0x0a, a line feed, but never
/// holds 0x12.
///
/// # Errors
///
/// What is wrong with the bytes as a whole, and what to write.
pub(super) fn read(bytes: &[u8]) -> Result<Node, String> {
    if bytes.is_empty() {
        return Err(
            r#"is empty; write at least {"webhooks": [{"url": "https://example.com/events"}]}"#
                .into(),
        );
    }
    if bytes.starts_with(b"\n") && bytes.contains(&0x12) {
        return structpb::read(bytes);
    }
    let not_json = |why: &dyn fmt::Display| {
        format!("is not JSON: {why}; write one JSON object in google.protobuf.StringValue, or YAML in google.protobuf.Struct")
    };
    // As text: of bytes serde_json would bring a second reader into the module.
    let text = std::str::from_utf8(bytes).map_err(|error| not_json(&error))?;
    serde_json::from_str(text).map_err(|error| not_json(&error))
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    #[allow(clippy::cast_precision_loss)]
    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value as f64))
    }

    #[allow(clippy::cast_precision_loss)]
    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = entries.next_entry()? {
            members.push(member);
        }
        Ok(Node::Object(members))
    }
}
