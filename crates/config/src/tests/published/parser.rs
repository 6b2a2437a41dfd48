//! The parser reads every field, and takes and refuses what the schema does.

use serde_json::{json, Value};

use super::{places, Place};
use crate::duration;
use crate::tests::{lines, parse, schema as published, Diagnostic};
use freshpaint_core::config::field::Kind;

/// A field that is described is also read, and is in the schema that is published.
#[test]
fn every_field_is_read() {
    let schema = jsonschema::validator_for(&published()).unwrap();
    for Place { path, .. } in places() {
        let mut tree = json!({"webhooks": [{"url": "https://example.com/in"}]});
        let mut at = &mut tree;
        for step in path.replace("[]", ".[]").split('.') {
            at = match step {
                "[]" if at.is_null() => {
                    *at = json!([{}]);
                    &mut at[0]
                }
                "[]" => &mut at[0],
                key => &mut at[key],
            };
        }
        *at = Value::Null;
        let written = path.replace("[]", "[0]");
        let problems = parse(tree.to_string()).unwrap_err();
        assert!(
            problems.iter().any(|problem| problem.path == written),
            "nobody reads {path}: {problems:?}"
        );
        assert!(!schema.is_valid(&tree), "the schema takes null for {path}");
    }
}

/// The parser takes each bound and the default, and refuses what is beyond them; so does the
/// schema.
#[test]
fn the_schema_has_the_bounds_of_the_parser() {
    let schema = jsonschema::validator_for(&published()).unwrap();
    for Place { path, field } in places() {
        let (taken, refused) = match field.kind {
            Kind::Count(count) => (
                vec![json!(count.min), json!(count.max), json!(count.default)],
                vec![json!(count.min as i64 - 1), json!(count.max + 1)],
            ),
            Kind::Span(span) => {
                let nano = std::time::Duration::from_nanos(1);
                let mut refused = vec![span.max + nano];
                refused.extend(span.min.checked_sub(nano));
                let texts = |spans: Vec<_>| -> Vec<_> {
                    let texts = spans.into_iter().map(|span| json!(duration::text(span)));
                    texts.collect()
                };
                (
                    texts(vec![span.min, span.max, span.default]),
                    texts(refused),
                )
            }
            _ => continue,
        };
        let steps: Vec<_> = path.split('.').collect();
        let tree = |value: &Value| {
            let mut tree = json!({"webhooks": [{"url": "https://example.com/in"}]});
            match steps[..] {
                ["webhooks[]", key] => tree["webhooks"][0][key] = value.clone(),
                ["webhooks[]", object, key] => tree["webhooks"][0][object][key] = value.clone(),
                [object, key] => tree[object][key] = value.clone(),
                _ => panic!("{path}"),
            }
            tree
        };
        let is_about = |problem: &Diagnostic| problem.path.ends_with(field.key);
        for value in taken {
            let problems = parse(tree(&value).to_string()).err().unwrap_or_default();
            // `max_backoff` is at least `initial_backoff`.
            let crossed = path.ends_with("_backoff")
                && lines(&problems)[..]
                    .iter()
                    .all(|line| line.contains("less than"));
            assert!(
                problems.is_empty() || crossed,
                "{path} {value}: {problems:?}"
            );
            assert!(schema.is_valid(&tree(&value)), "{path} {value}");
        }
        for value in refused {
            let problems = parse(tree(&value).to_string()).unwrap_err();
            assert!(problems.iter().any(is_about), "{path} {value}");
            assert!(
                !schema.is_valid(&tree(&value)),
                "the schema takes {path} {value}"
            );
        }
    }
}

/// Every default that the schema gives, written out, changes nothing.
#[test]
fn defaults_written_out_change_nothing() {
    let minimal = json!({"webhooks": [{"url": "https://example.com/in"}]});
    let schema = published();
    let mut written = minimal.clone();
    let mut count = 0;
    for Place { path, .. } in places() {
        let steps: Vec<_> = path.split('.').collect();
        let (object, key) = match steps[..] {
            [key] => (schema.clone(), key),
            [object, key] => (
                schema["$defs"][object.replace("s[]", "_object")].clone(),
                key,
            ),
            _ => continue,
        };
        let property = &object["properties"][key];
        let def = property["$ref"]
            .as_str()
            .and_then(|name| schema.pointer(name.trim_start_matches('#')));
        let default = property.get("default").or_else(|| def?.get("default"));
        let Some(default) = default.cloned() else {
            continue;
        };
        count += 1;
        match steps[..] {
            ["webhooks[]", key] => written["webhooks"][0][key] = default,
            [object, key] => written[object][key] = default,
            _ => written[key] = default,
        }
    }
    let is_scalar = |place: &&Place| {
        matches!(
            place.field.kind,
            Kind::Count(_) | Kind::Span(_) | Kind::Flag(_)
        )
    };
    assert!(
        count >= places().iter().filter(is_scalar).count(),
        "{count}"
    );
    assert!(jsonschema::is_valid(&schema, &written), "{written}");
    assert_eq!(parse(written.to_string()), parse(minimal.to_string()));
}
