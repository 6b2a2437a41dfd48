//! The manual's tables and the JSON Schema are made of the parser's descriptions of its fields.
//!
//! With `BLESS=1` in the environment they are written anew instead of compared.

mod defs;
mod json;
mod manual;
mod needs;
mod parser;
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

/// The schema of an object of these fields; definitions that it refers to go into `defs`.
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
