//! Redaction held against a second reading of the manual, which takes a payload apart as a tree.

use freshpaint_core::redaction::{Path, Redaction};
use proptest::collection::{hash_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{json, Map, Value};

const CONTAINERS: [&str; 3] = ["context", "properties", "traits"];
/// Keys that have to be escaped in a path among them.
const KEYS: [&str; 6] = ["a", "b", "c.d", "*", "\\", "e"];

/// Keys from the payload down; `None` is `*`.
type Keys = Vec<Option<&'static str>>;
/// Where a value stands; `None` is an item of a list.
type Place<'v> = Vec<Option<&'v str>>;

fn keys() -> impl Strategy<Value = Keys> {
    let below = vec(
        option::weighted(0.75, prop::sample::select(&KEYS[..])),
        1..4,
    );
    (prop::sample::select(&CONTAINERS[..]), below).prop_map(|(container, below)| {
        let mut keys = vec![Some(container)];
        keys.extend(below);
        keys
    })
}

fn path(keys: &Keys) -> Path {
    let escaped = |key: &str| {
        let special = |character| ['.', '*', '\\'].contains(&character);
        let parts = key.chars().map(|character| match special(character) {
            true => format!("\\{character}"),
            false => character.to_string(),
        });
        parts.collect::<String>()
    };
    let parts: Vec<_> = keys
        .iter()
        .map(|key| key.map_or("*".to_owned(), escaped))
        .collect();
    Path::parse(&parts.join(".")).unwrap()
}

fn object() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        Just(json!(true)),
        any::<u8>().prop_map(|number| json!(number)),
        Just(json!("\"x\\")),
    ];
    let key = || prop::sample::select(&KEYS[..]).prop_map(str::to_owned);
    let members =
        move |value| hash_map(key(), value, 0..5).prop_map(|map| map.into_iter().collect());
    let value = leaf.prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::Array),
            members(inner).prop_map(Value::Object),
        ]
    });
    members(value.boxed()).prop_map(Value::Object)
}

#[derive(Debug)]
struct Rules {
    deny: Vec<Keys>,
    allow: Vec<Vec<Keys>>,
    mask: Vec<Keys>,
}

impl Rules {
    fn redaction(&self) -> Redaction {
        let paths = |list: &Vec<Keys>| list.iter().map(path).collect();
        Redaction {
            deny: paths(&self.deny),
            allow: self.allow.iter().map(paths).collect(),
            mask: paths(&self.mask),
            ..Redaction::default()
        }
    }

    /// Returns the part of the value at this place that is left; `None` when nothing is left.
    fn left<'v>(&self, value: &'v Value, at: &mut Place<'v>) -> Option<Value> {
        if covered(&self.deny, at) {
            return None;
        }
        let may_hold = value.is_object() || value.is_array();
        let is_kept = |list: &Vec<Keys>| {
            let leads = list
                .iter()
                .any(|keys| keys.len() > at.len() && agree(keys, at));
            covered(list, at) || may_hold && leads
        };
        if at.len() > 1 && !self.allow.iter().all(is_kept) {
            return None;
        }
        if covered(&self.mask, at) && !value.is_null() {
            return Some(json!("***"));
        }
        let mut inside = |key, value| {
            at.push(key);
            let left = self.left(value, at);
            at.pop();
            left
        };
        Some(match value {
            Value::Array(items) => {
                let left = items.iter().filter_map(|item| inside(None, item));
                Value::Array(left.collect())
            }
            Value::Object(members) => {
                let left = members
                    .iter()
                    .filter_map(|(key, value)| Some((key.clone(), inside(Some(key), value)?)));
                Value::Object(left.collect())
            }
            other => other.clone(),
        })
    }
}

/// Whether a path names this place, or what holds it.
fn covered(list: &[Keys], at: &Place<'_>) -> bool {
    let covers = |keys: &Keys| keys.len() <= at.len() && agree(keys, at);
    list.iter().any(covers)
}

fn agree(keys: &Keys, at: &Place<'_>) -> bool {
    let mut pairs = keys.iter().zip(at);
    pairs.all(|(wanted, key)| wanted.is_none() || wanted == key)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn the_rest_of_an_event_is_as_the_manual_says(
        objects in [object(), object(), object()],
        deny in vec(keys(), 0..3),
        allow in vec(vec(keys(), 1..4), 0..3),
        mask in vec(keys(), 0..3),
        is_spaced: bool,
    ) {
        let mut payload = Map::from_iter([
            ("event".to_owned(), json!("n")),
            ("type".to_owned(), json!("track")),
        ]);
        payload.extend(CONTAINERS.map(str::to_owned).into_iter().zip(objects));
        let mut written = Value::Object(payload.clone()).to_string();
        if is_spaced {
            written = written.replace("\"a\"", "\"\\u0061\"");
            written = written.replace('{', "{ ").replace(',', " ,\n");
        }
        let rules = Rules { deny, allow, mask };
        let left = rules.redaction().apply(written.as_bytes());
        let left: Value = serde_json::from_slice(&left).unwrap();
        for container in CONTAINERS {
            let wanted = rules.left(&payload[container], &mut vec![Some(container)]);
            payload.insert(container.to_owned(), wanted.unwrap());
        }
        prop_assert_eq!(left, Value::Object(payload), "{}\n{:?}", written, rules);
    }
}
