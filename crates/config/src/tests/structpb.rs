//! A `google.protobuf.Struct` is read as the JSON that it stands for.

use serde_json::{json, Value};

use super::cases::Case;
use super::{lines, parse};
use crate::structpb::read;
use crate::tree::Node;

/// The wire bytes of an object.
pub(super) fn encode(object: &Value) -> Vec<u8> {
    let members = object.as_object().unwrap().iter();
    members
        .flat_map(|(key, member)| {
            field(
                1,
                &[field(1, key.as_bytes()), field(2, &encode_value(member))].concat(),
            )
        })
        .collect()
}

fn encode_value(value: &Value) -> Vec<u8> {
    match value {
        Value::Null => vec![0x08, 0],
        Value::Number(number) => [&[0x11][..], &number.as_f64().unwrap().to_le_bytes()].concat(),
        Value::String(text) => field(3, text.as_bytes()),
        Value::Bool(value) => vec![0x20, u8::from(*value)],
        Value::Object(_) => field(5, &encode(value)),
        Value::Array(items) => {
            let items: Vec<u8> = items
                .iter()
                .flat_map(|item| field(1, &encode_value(item)))
                .collect();
            field(6, &items)
        }
    }
}

/// A field with a length.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut encoded = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length >= 0x80 {
        encoded.push(length as u8 | 0x80);
        length >>= 7;
    }
    encoded.push(length as u8);
    encoded.extend(bytes);
    encoded
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .map(|digit| digit as u8)
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

/// Serialised by Google's protobuf library.
const SERIALISED: &str = "
    0a0e0a07636c757374657212031a01630a250a066c696d697473121b2a190a170a0a6d61785f6576656e74731209110000000000001c400a2b0a
    076f7074696f6e7312202a1e0a1c0a16656e61626c655f6964656e746966795f6576656e7473120220010a410a08776562686f6f6b7312353233
    0a312a2f0a110a0774696d656f757412061a04312e35730a1a0a0375726c12131a11687474703a2f2f612e6578616d706c652f";

#[test]
fn a_struct_that_protobuf_serialises_is_read() {
    let written = json!({
        "cluster": "c",
        "limits": {"max_events": 7},
        "options": {"enable_identify_events": true},
        "webhooks": [{"timeout": "1.5s", "url": "http://a.example/"}],
    });
    let config = parse(bytes_of(SERIALISED)).unwrap();
    assert_eq!(config, parse(written.to_string()).unwrap());
    assert_eq!(config.limits.max_events, 7);
    assert_eq!(encode(&written), bytes_of(SERIALISED));
}

#[test]
fn null_and_what_is_empty_are_read() {
    let bytes = bytes_of(
        "0a0d0a07636c7573746572120208000a0d0a07636f6c6c656374120232000a0c0a0664656475706512022a00",
    );
    let members = [
        ("cluster".to_owned(), Node::Null),
        ("collect".to_owned(), Node::List(Vec::new())),
        ("dedupe".to_owned(), Node::Object(Vec::new())),
    ];
    assert_eq!(read(&bytes), Ok(Node::Object(members.into())));
}

#[test]
fn the_same_problems_are_found() {
    for Case { written, said, .. } in Case::all() {
        let Ok(value @ Value::Object(_)) = serde_json::from_str::<Value>(&written) else {
            continue;
        };
        // JSON alone can hold a key twice; an empty `Struct` has no bytes at all.
        if said[0].ends_with("is given twice; write it once") || written == "{}" {
            continue;
        }
        let problems = parse(encode(&value)).unwrap_err();
        assert_eq!(lines(&problems), said, "{written}");
    }
}

#[test]
fn a_key_given_twice_is_refused() {
    let bytes = [
        encode(&json!({"cluster": "a"})),
        encode(&json!({"cluster": "b"})),
    ]
    .concat();
    let problems = lines(&parse(bytes).unwrap_err());
    assert_eq!(problems[0], "cluster: is given twice; write it once");
}

#[test]
fn cut_anywhere_it_is_refused() {
    let bytes = bytes_of(SERIALISED);
    for length in 1..bytes.len() {
        let cut = &bytes[..length];
        if let Ok(config) = parse(cut) {
            panic!("{length}: {config:?}");
        }
    }
}

#[test]
fn nesting_is_bounded() {
    let deep = |levels: usize| {
        let mut value = json!("a");
        for _ in 0..levels {
            value = json!([value]);
        }
        encode(&json!({ "cluster": value }))
    };
    assert!(read(&deep(100)).is_ok());
    assert!(read(&deep(127)).is_ok());
    assert!(read(&deep(128)).is_err());
}
