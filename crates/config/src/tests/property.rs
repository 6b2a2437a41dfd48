//! Any bytes are taken or refused with a reason, and the two ways of writing agree.

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::{lines, parse, structpb::encode};

/// Words of the configuration, so that arbitrary trees get past its first checks.
const WORDS: [&str; 24] = [
    "webhooks",
    "name",
    "url",
    "cluster",
    "headers",
    "timeout",
    "options",
    "enable_identify_events",
    "acknowledge",
    "settled",
    "collect",
    "path_prefix",
    "dialects",
    "track",
    "allowed_origins",
    "limits",
    "max_events",
    "retry",
    "window",
    "slots",
    "https://example.com/in?k=v",
    "5s",
    "${CRM_KEY}",
    "/ingest",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(&WORDS[..]).prop_map(str::to_owned),
        any::<String>()
    ]
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i16>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        Just(Value::from(1e300)),
        (0..100_i64).prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((word(), inner), 0..8)
                .prop_map(|members| Value::from(Map::from_iter(members))),
        ]
    })
}

/// An object that has the outline of a configuration, with anything in it.
fn outline() -> impl Strategy<Value = Value> {
    let member = prop_oneof![
        (prop::sample::select(&WORDS[..]), tree()),
        tree().prop_map(|tree| ("webhooks", Value::from(vec![tree]))),
        prop::collection::vec((word(), tree()), 1..6).prop_map(|members| (
            "webhooks",
            Value::from(vec![Value::from(Map::from_iter(members))])
        )),
    ];
    prop::collection::vec(member, 1..8).prop_map(|members| {
        members
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    })
}

/// Each problem is one line, and a refusal has at least one.
fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Err(problems) = parse(bytes) {
        prop_assert!(!problems.is_empty());
        for line in lines(&problems) {
            prop_assert!(!line.contains(char::is_control), "{line:?}");
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&bytes)?;
    }

    #[test]
    fn a_struct_with_any_bytes_behind_its_first_field_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&[b"\n\x04\x0a\x00\x12\x00".as_slice(), &bytes].concat())?;
    }

    #[test]
    fn a_struct_with_one_byte_changed_is_read_or_refused(tree in outline(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = encode(&tree);
        let index = at.index(bytes.len());
        bytes[index] = byte;
        check(&bytes)?;
    }

    #[test]
    fn a_tree_means_the_same_as_json_and_as_a_struct(tree in outline()) {
        let json = tree.to_string();
        check(json.as_bytes())?;
        prop_assert_eq!(parse(json), parse(encode(&tree)));
    }

    #[test]
    fn any_tree_is_read_or_refused(tree in tree()) {
        check(tree.to_string().as_bytes())?;
    }

    #[test]
    fn a_configuration_that_is_taken_is_fit_for_the_wire(path in "[ -~\u{e9}\u{4e2d}]{0,30}", name in "[!-~]{1,12}", value in "\\PC{0,20}") {
        let webhook = serde_json::json!({"url": format!("https://example.com/{path}"), "headers": {name: value}});
        let Ok(config) = parse(serde_json::json!({"webhooks": [webhook]}).to_string()) else {
            return Ok(());
        };
        let webhook = &config.webhooks[0];
        prop_assert_eq!(&webhook.authority, "example.com");
        prop_assert!(webhook.path.expose().starts_with('/'));
        let legal = |byte: u8| byte.is_ascii_graphic() && !b"\"#<>[]\\^`{|}".contains(&byte);
        let legal = webhook.path.expose().bytes().all(legal);
        prop_assert!(legal, "{}", webhook.path.expose());
        for (name, value) in &webhook.headers {
            prop_assert!(name.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase() && byte != b':'));
            prop_assert!(!value.expose().contains(|c: char| c.is_ascii_control() && c != '\t'), "{value:?}");
        }
    }
}
