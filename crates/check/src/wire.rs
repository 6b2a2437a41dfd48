//! Writes a tree as the wire bytes of a `google.protobuf.Struct`, which is what Envoy hands to the
//! module.

use crate::node::{Node, Value};

/// The bytes of an object; none for anything else.
pub(crate) fn encode(object: &Node) -> Vec<u8> {
    let members = object.members().iter();
    members
        .flat_map(|member| {
            let entry = [
                field(1, member.key.as_bytes()),
                field(2, &encode_value(&member.node)),
            ];
            field(1, &entry.concat())
        })
        .collect()
}

/// The numbers are those of the message `Value`.
fn encode_value(node: &Node) -> Vec<u8> {
    match &node.value {
        Value::Null => vec![1 << 3, 0],
        Value::Number(number) => [&[2 << 3 | 1], &number.to_le_bytes()[..]].concat(),
        Value::String(text) => field(3, text.as_bytes()),
        Value::Bool(value) => vec![4 << 3, u8::from(*value)],
        Value::Object(_) => field(5, &encode(node)),
        Value::List(items) => {
            let items = items.iter().flat_map(|item| field(1, &encode_value(item)));
            field(6, &items.collect::<Vec<u8>>())
        }
    }
}

/// A field with a length.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut encoded = vec![number << 3 | 2];
    let mut length = bytes.len();
    loop {
        let low = u8::try_from(length & 0x7f).unwrap_or_default();
        length >>= 7;
        if length == 0 {
            encoded.push(low);
            break;
        }
        encoded.push(low | 0x80);
    }
    encoded.extend(bytes);
    encoded
}
