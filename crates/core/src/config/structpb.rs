//! `google.protobuf.Struct`, which is how people write the configuration as YAML in an Envoy file.

use prost::Message;
use prost_types::{value::Kind, Struct, Value};

use super::tree::Node;

/// Decodes the wire bytes of a `google.protobuf.Struct`; nesting is bounded by prost at 100 levels.
///
/// # Errors
///
/// One sentence when the bytes are something else.
pub(super) fn read(bytes: &[u8]) -> Result<Node, String> {
    Struct::decode(bytes).map(object).map_err(|_| {
        "is neither JSON text nor a google.protobuf.Struct; write YAML in google.protobuf.Struct, or one JSON object in google.protobuf.StringValue".into()
    })
}

fn object(message: Struct) -> Node {
    Node::Object(
        message
            .fields
            .into_iter()
            .map(|(key, member)| (key, node(member)))
            .collect(),
    )
}

fn node(value: Value) -> Node {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Node::Null,
        Some(Kind::BoolValue(value)) => Node::Bool(value),
        Some(Kind::NumberValue(value)) => Node::Number(value),
        Some(Kind::StringValue(value)) => Node::String(value),
        Some(Kind::ListValue(list)) => Node::List(list.values.into_iter().map(node).collect()),
        Some(Kind::StructValue(members)) => object(members),
    }
}
