//! The manual's tables and the JSON Schema are made of the parser's descriptions of its fields.
//!
//! With `BLESS=1` in the environment they are written anew instead of compared.

mod defs;
mod json;
mod manual;
mod needs;
mod range;

use std::path::Path;

use serde_json::{json, Map, Value};

use crate::{duration, front, monitor, root};
use freshpaint_core::config::field::{Field, Kind};
use freshpaint_core::config::Front;

pub(super) use manual::row;

/// A field and where it stands: `limits.max_events`, `webhooks[].url`.
pub(super) struct Place {
    pub(super) path: String,
    pub(super) field: &'static Field,
}

/// Every field, breadth first; an object that stands in several places is entered in the first.
pub(super) fn places() -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    let mut queue = vec![(String::new(), root::FIELDS)];
    let mut entered: Vec<Vec<&str>> = Vec::new();
    while !queue.is_empty() {
        let (parent, fields) = queue.remove(0);
        for field in fields {
            let path = match &*parent {
                "" => field.key.to_owned(),
                parent => format!("{parent}.{}", field.key),
            };
            let inner = match field.kind {
                Kind::Object { fields, .. } => Some((path.clone(), fields)),
                Kind::Objects { fields, .. } => Some((format!("{path}[]"), fields)),
                _ => None,
            };
            if let Some((path, fields)) = inner {
                let keys: Vec<_> = fields.iter().map(|field| field.about).collect();
                if !entered.contains(&keys) {
                    entered.push(keys);
                    queue.push((path, fields));
                }
            }
            places.push(Place { path, field });
        }
    }
    places
}

/// Compares a published file with what it should be, or writes it when it is blessed.
fn hold(file: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(file);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, made).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap();
    for (number, (published, made)) in published.lines().zip(made.lines()).enumerate() {
        assert_eq!(
            published,
            made,
            "docs/{file}:{}: run `make schema`",
            number + 1
        );
    }
    assert_eq!(published, made, "docs/{file}: run `make schema`");
}

#[test]
fn the_schema_is_that_of_the_descriptions() {
    let mut defs = Map::new();
    let mut schema = object(root::FIELDS, &mut defs);
    needs::add("", &mut schema);
    or_other_kind(&mut schema, &mut defs);
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("Configuration of the Freshpaint Webhooks destination");
    schema["description"] =
        json!("The value of the plugin's configuration in Envoy, see configuration.md.");
    schema["$defs"] = Value::Object(defs);
    assert!(jsonschema::meta::is_valid(&schema));
    hold("configuration.schema.json", &json::text(&schema));
}

/// A filter collects, monitors, or stands in front of collectors.
fn or_other_kind(schema: &mut Value, defs: &mut Map<String, Value>) {
    let others = [(monitor::KEY, monitor::FIELDS), (front::KEY, Front::FIELDS)];
    let collector = schema["required"].take();
    schema.as_object_mut().unwrap().remove("required");
    let alone = |key| json!({"required": [key], "maxProperties": 1});
    let [monitors, fronts] = others.map(|(key, _)| alone(key));
    let is_other = others.map(|(key, _)| json!({"required": [key]}));
    schema["oneOf"] = json!([
        {"required": collector, "not": {"anyOf": is_other}},
        monitors,
        fronts
    ]);
    for (key, fields) in others {
        let object = object(fields, defs);
        schema["properties"][key] = define(key, object, defs);
    }
}

/// The schema of an object of these fields; what it refers to goes into `defs`.
fn object(fields: &[Field], defs: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in fields {
        let mut schema = value(field, defs);
        schema["description"] = json!(manual::plain(field.about));
        properties.insert(field.key.to_owned(), schema);
        if manual::default(field.kind) == "required" {
            required.push(field.key);
        }
    }
    let mut schema =
        json!({"type": "object", "additionalProperties": false, "properties": properties});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn value(field: &Field, defs: &mut Map<String, Value>) -> Value {
    match field.kind {
        Kind::Count(count) => {
            let number = json!({"type": "integer", "minimum": count.min, "maximum": count.max});
            let text = json!({"type": "string", "pattern": range::count(count.min, count.max)});
            json!({"anyOf": [number, text], "default": count.default})
        }
        Kind::Span(span) => {
            let [min, max, default] = [span.min, span.max, span.default].map(duration::text);
            json!({
                "type": "string",
                "pattern": range::span(span.min, span.max),
                "default": default,
                "x-minimum": min,
                "x-maximum": max
            })
        }
        Kind::Flag(flag) => json!({"enum": [true, false, "true", "false"], "default": flag.0}),
        Kind::Object { fields, .. } => {
            let mut schema = object(fields, defs);
            needs::add(field.key, &mut schema);
            define(field.key, schema, defs)
        }
        Kind::Objects {
            fields,
            min,
            max,
            or_text,
        } => {
            let name = field.key.trim_end_matches('s');
            let schema = object(fields, defs);
            let mut items = define(&format!("{name}_object"), schema, defs);
            if or_text {
                let text = define(name, defs::schema(name), defs);
                items = json!({"anyOf": [text, items]});
            }
            json!({"type": "array", "minItems": min, "maxItems": max, "items": items})
        }
        Kind::Other(other) => define(other.schema, defs::schema(other.schema), defs),
    }
}

/// Puts a definition among the others and refers to it.
fn define(name: &str, schema: Value, defs: &mut Map<String, Value>) -> Value {
    for referred in defs::referred(&schema) {
        if !defs.contains_key(&referred) {
            define(&referred, defs::schema(&referred), defs);
        }
    }
    let known = defs.insert(name.to_owned(), schema.clone());
    assert!(
        known.is_none_or(|known| known == schema),
        "{name} is two things"
    );
    json!({"$ref": format!("#/$defs/{name}")})
}

/// The words of the bounds agree with the schema that refuses what is beyond them.
#[test]
fn the_bounds_in_words_are_those_of_the_schema() {
    for Place { path, field } in places() {
        let Kind::Other(other) = field.kind else {
            continue;
        };
        let mut schema = defs::schema(other.schema);
        if let Some(name) = defs::referred(&schema).first() {
            schema = defs::schema(name);
        }
        let schema = schema.to_string();
        let words = other.bounds.split(' ').map(|word| word.replace(',', ""));
        for number in words.filter(|word| word.len() > 1 && word.parse::<u32>().is_ok()) {
            assert!(
                schema.contains(&number),
                "{path}: {number} is not in {schema}"
            );
        }
    }
}

/// A field that is described is also read, and is in the schema that is published.
#[test]
fn every_field_is_read() {
    let schema = jsonschema::validator_for(&super::schema()).unwrap();
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
        let problems = super::parse(tree.to_string()).unwrap_err();
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
    let schema = jsonschema::validator_for(&super::schema()).unwrap();
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
        let is_about = |problem: &super::Diagnostic| problem.path.ends_with(field.key);
        for value in taken {
            let problems = super::parse(tree(&value).to_string())
                .err()
                .unwrap_or_default();
            // `max_backoff` is at least `initial_backoff`.
            let crossed = path.ends_with("_backoff")
                && super::lines(&problems)[..]
                    .iter()
                    .all(|line| line.contains("less than"));
            assert!(
                problems.is_empty() || crossed,
                "{path} {value}: {problems:?}"
            );
            assert!(schema.is_valid(&tree(&value)), "{path} {value}");
        }
        for value in refused {
            let problems = super::parse(tree(&value).to_string()).unwrap_err();
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
    let schema = super::schema();
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
    assert_eq!(
        super::parse(written.to_string()),
        super::parse(minimal.to_string())
    );
}
