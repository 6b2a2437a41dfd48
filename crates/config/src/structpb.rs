//! `google.protobuf.Struct`, which is how people write the configuration as YAML in an Envoy file.
//!
//! Three messages of one to six fields, so they are decoded here: with prost the module would be
//! larger by more than what it needs for all of this folder's other parsing.
//!
//! ```proto
//! message Struct { map<string, Value> fields = 1; }
//! // An entry of the map is a message { string key = 1; Value value = 2; }.
//! message ListValue { repeated Value values = 1; }
//! message Value {
//!   oneof kind {
//!     NullValue null_value = 1;
//!     double number_value = 2;
//!     string string_value = 3;
//!     bool bool_value = 4;
//!     Struct struct_value = 5;
//!     ListValue list_value = 6;
//!   }
//! }
//! ```

use super::tree::Node;

/// Deepest nesting, as in JSON text.
const MAX_DEPTH: usize = 128;

/// Decodes the wire bytes of a `google.protobuf.Struct`.
///
/// # Errors
///
/// One sentence when the bytes are something else.
pub(super) fn read(bytes: &[u8]) -> Result<Node, String> {
    object(bytes, MAX_DEPTH).ok_or_else(|| {
        "is neither JSON text nor a google.protobuf.Struct; write YAML in google.protobuf.Struct, \
         or one JSON object in google.protobuf.StringValue"
            .into()
    })
}

fn object(bytes: &[u8], depth: usize) -> Option<Node> {
    let mut members = Vec::new();
    for field in Fields(bytes) {
        if let (1, Wire::Bytes(entry)) = field? {
            members.push(member(entry, depth)?);
        }
    }
    Some(Node::Object(members))
}

fn member(bytes: &[u8], depth: usize) -> Option<(String, Node)> {
    let (mut key, mut value) = (String::new(), Node::Null);
    for field in Fields(bytes) {
        match field? {
            (1, Wire::Bytes(text)) => key = string(text)?,
            (2, Wire::Bytes(message)) => value = node(message, depth)?,
            _ => {}
        }
    }
    Some((key, value))
}

/// Of several kinds in one message the last holds, as everywhere in protobuf.
fn node(bytes: &[u8], depth: usize) -> Option<Node> {
    let depth = depth.checked_sub(1)?;
    let mut node = Node::Null;
    for field in Fields(bytes) {
        node = match field? {
            (1, Wire::Varint(_)) => Node::Null,
            (2, Wire::Fixed64(bits)) => Node::Number(f64::from_bits(bits)),
            (3, Wire::Bytes(text)) => Node::String(string(text)?),
            (4, Wire::Varint(value)) => Node::Bool(value != 0),
            (5, Wire::Bytes(message)) => object(message, depth)?,
            (6, Wire::Bytes(message)) => list(message, depth)?,
            _ => node,
        };
    }
    Some(node)
}

fn list(bytes: &[u8], depth: usize) -> Option<Node> {
    let mut items = Vec::new();
    for field in Fields(bytes) {
        if let (1, Wire::Bytes(item)) = field? {
            items.push(node(item, depth)?);
        }
    }
    Some(Node::List(items))
}

fn string(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

/// A field's value as it stands on the wire.
enum Wire<'b> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'b [u8]),
    Fixed32,
}

/// The fields of one message, by number; `None` for what is no field, after which there is nothing
/// more.
struct Fields<'b>(&'b [u8]);

impl<'b> Iterator for Fields<'b> {
    type Item = Option<(u64, Wire<'b>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'b> Fields<'b> {
    fn field(&mut self) -> Option<(u64, Wire<'b>)> {
        let tag = self.varint()?;
        let wire = match tag & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Fixed64(u64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            2 => {
                let length = self.varint()?;
                Wire::Bytes(self.take(usize::try_from(length).ok()?)?)
            }
            5 => self.take(4).map(|_| Wire::Fixed32)?,
            _ => return None,
        };
        Some((tag >> 3, wire))
    }

    fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// Seven bits a byte, the lowest first; at most ten bytes.
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}
