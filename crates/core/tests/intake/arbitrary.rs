//! JSON as some client might write it.

use proptest::collection::vec;
use proptest::prelude::*;

/// A JSON string as some client might write it.
pub(crate) fn string() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "[a-zA-Z$_.:/+&=%~é😀 -]{0,6}",
        "\\\\u[0-9a-fA-F]{4}",
        Just("\\ud800".to_owned()),
        prop::sample::select(vec![
            "\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t"
        ])
        .prop_map(str::to_owned),
    ];
    vec(part, 0..4).prop_map(|parts| format!("\"{}\"", parts.concat()))
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?",
        Just("1672262210.123".to_owned()),
        Just("1e400".to_owned()),
    ]
}

pub(crate) fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        number(),
        string(),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(" , "))),
            vec((string(), inner), 0..5).prop_map(|members| object(&members)),
        ]
    })
}

pub(crate) fn object(members: &[(String, String)]) -> String {
    let members: Vec<_> = members
        .iter()
        .map(|(key, value)| format!("{key}:{value}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// An event out of the keys that the dialects look for, each with anything under it.
pub(crate) fn event() -> impl Strategy<Value = String> {
    const KEYS: [&str; 33] = [
        "type",
        "event",
        "event_type",
        "properties",
        "event_properties",
        "custom_props",
        "traits",
        "context",
        "page",
        "library",
        "timestamp",
        "originalTimestamp",
        "sentAt",
        "messageId",
        "uuid",
        "$insert_id",
        "anonymousId",
        "userId",
        "user_id",
        "groupId",
        "distinct_id",
        "$device_id",
        "$user_id",
        "$group_id",
        "$set",
        "$set_once",
        "$user_props",
        "integrations",
        "$options",
        "time",
        "$current_url",
        "batch",
        "e",
    ];
    const NAMES: [&str; 12] = [
        "track",
        "page",
        "identify",
        "group",
        "screen",
        "alias",
        "$identify",
        "$group",
        "$pageview",
        "$web_event",
        "$groupidentify",
        "a",
    ];
    let value = prop_oneof![
        3 => json(),
        1 => prop::sample::select(&NAMES[..]).prop_map(|name| format!("\"{name}\"")),
        1 => Just("\"2026-01-02T03:04:05.678Z\"".to_owned()),
    ];
    let key = || prop::sample::select(&KEYS[..]).prop_map(|key| format!("\"{key}\""));
    let inner = vec((key(), value.clone()), 0..6).prop_map(|members| object(&members));
    let value = prop_oneof![3 => value, 2 => inner];
    let named = prop::sample::select(&NAMES[..]);
    (named, vec((key(), value), 0..8)).prop_map(|(name, mut members)| {
        let name = format!("\"{name}\"");
        members.push(("\"type\"".into(), name.clone()));
        members.push(("\"event\"".into(), name.clone()));
        members.push(("\"event_type\"".into(), name));
        object(&members)
    })
}
