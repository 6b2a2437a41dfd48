//! The definitions of the JSON Schema for types that have no description in numbers.

use serde_json::{json, Value};

use super::range;
use crate::{headers, names, profile, root, rules, signing, target, texts, webhook};
use freshpaint_core::config::types::{
    Log, Statuses, MAX_INTEGRATION_NAME_CHARS, MAX_ORIGINS, MAX_PREFIX_BYTES, MIN_KEY_BYTES,
};
use freshpaint_core::config::BatchFormat;
use freshpaint_core::event::Kind;
use freshpaint_core::intake::dialect;

/// The definition of this name.
pub(super) fn schema(name: &str) -> Value {
    let names = |choices: &[&str]| json!(choices);
    match name {
        "filter_name" => json!({"type": "string", "minLength": 1, "maxLength": 256}),
        "host_names" => json!({
            "type": "array",
            "minItems": 1,
            "maxItems": texts::MAX_TEXTS,
            "items": {"type": "string", "pattern": r"^[A-Za-z0-9._-]{1,1024}$"}
        }),
        "log" => json!({"enum": Log::CHOICES.map(|(name, _)| name)}),
        "flag" => json!({"enum": [true, false, "true", "false"]}),
        "url" => json!({
            "type": "string",
            "maxLength": target::MAX_BYTES,
            "pattern": url()
        }),
        "webhook_name" => json!({
            "type": "string",
            "pattern": format!("^[a-z0-9_]{{1,{}}}$", names::MAX_NAME_BYTES)
        }),
        "cluster" => json!({
            "type": "string",
            "minLength": 1,
            "maxLength": webhook::MAX_CLUSTER_BYTES,
            "pattern": r"^(?!.*\$\{)[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
        }),
        "default_cluster" => {
            json!({"$ref": "#/$defs/cluster", "default": crate::advice::DEFAULT_CLUSTER})
        }
        "headers" => json!({
            "type": "object",
            "maxProperties": headers::MAX_HEADERS,
            "propertyNames": {"pattern": header_name()},
            "additionalProperties": {
                "type": "string",
                "pattern": r"^[^\u0000-\u0008\u000a-\u001f\u007f]*$"
            },
            "$comment": format!("At most {} bytes in all.", headers::MAX_BYTES)
        }),
        "scheme" => {
            let schemes = signing::SCHEMES.map(|(name, _)| name);
            json!({"enum": schemes, "default": schemes[0]})
        }
        "secret" => json!({"type": "string", "minLength": 1}),
        "not_after" => {
            json!({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ].*)?$", "$comment": "RFC 3339"})
        }
        "hash_key" => json!({
            "type": "string",
            // Characters outside ASCII are several bytes each.
            "pattern": format!(r"\$\{{|[^\u0000-\u007f]|^[\s\S]{{{MIN_KEY_BYTES},}}$")
        }),
        "batch_format" => {
            let formats = BatchFormat::NAMED.map(|(name, _)| name);
            json!({"enum": formats, "default": formats[0]})
        }
        "refusals" => statuses(&Statuses::REFUSALS),
        "statuses" => statuses(&Statuses::NONE),
        "guarantee" => json!({"enum": webhook::GUARANTEES.map(|(name, _)| name)}),
        "default_guarantee" => {
            json!({"$ref": "#/$defs/guarantee", "default": webhook::GUARANTEES[0].0})
        }
        "timestamps" => {
            let choices = root::TIMESTAMPS.map(|(name, _)| name);
            json!({"enum": choices, "default": choices[0]})
        }
        "sample" => json!({
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
                {
                    "type": "string",
                    "pattern": r"^\+?(0*\.[0-9]*[1-9][0-9]*|0*1(\.0*)?|[0-9]*\.?[0-9]*[eE]-?[0-9]+)$"
                }
            ]
        }),
        "names" => json!({
            "type": "array",
            "minItems": 1,
            "maxItems": texts::MAX_TEXTS,
            "items": {"type": "string", "minLength": 1, "maxLength": texts::MAX_TEXT_BYTES}
        }),
        "paths" => json!({
            "type": "array",
            "minItems": 1,
            "maxItems": texts::MAX_TEXTS,
            "items": {
                "type": "string",
                "maxLength": texts::MAX_TEXT_BYTES,
                "pattern": r"^((properties|traits|context)(\.(\*|([^.*\\]|\\.)+)){1,15}|userId|anonymousId|groupId)$"
            }
        }),
        "types" => json!({
            "type": "array", "minItems": 1, "items": {"enum": Kind::ALL.map(Kind::as_str)}
        }),
        "honor" => json!({
            "type": "array", "items": {"enum": names(&rules::HONOR.map(|(name, _)| name))}
        }),
        "profile" => json!({"enum": profile::PROFILES.map(|(name, _)| name)}),
        "allow_unsigned" => json!({"type": "array", "items": {"type": "string"}}),
        "acknowledge" => {
            let choices = root::ACKNOWLEDGE.map(|(name, _)| name);
            json!({"enum": choices, "default": choices[0]})
        }
        "path_prefix" => json!({
            "type": "string",
            "pattern": r"^(/(?!\.{1,2}(/|$))([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)*$",
            "maxLength": MAX_PREFIX_BYTES,
            "default": ""
        }),
        "dialects" => {
            let dialects = dialect::ALL.map(|dialect| dialect.name);
            json!({
                "type": "array",
                "minItems": 1,
                "uniqueItems": true,
                "items": {"enum": dialects},
                "default": dialects
            })
        }
        "integration_name" => json!({
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_INTEGRATION_NAME_CHARS,
            "default": "Webhooks"
        }),
        "allowed_origins" => json!({
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_ORIGINS,
            "items": {
                "type": "string",
                "pattern": r"^[A-Za-z][A-Za-z0-9+.-]*://(\*\.)?[^\s/\\?#@*,]+$"
            }
        }),
        _ => panic!("docs/configuration.schema.json has no definition of {name}; write one here"),
    }
}

/// The names of the definitions that `schema` refers to itself.
pub(super) fn referred(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(members) => {
            let mut names: Vec<_> = members.values().flat_map(referred).collect();
            if let Some(Value::String(name)) = members.get("$ref") {
                names.extend(name.strip_prefix("#/$defs/").map(str::to_owned));
            }
            names.sort();
            names
        }
        Value::Array(items) => items.iter().flat_map(referred).collect(),
        _ => Vec::new(),
    }
}

/// A header's name: a token that is not reserved, in any letter case.
fn header_name() -> String {
    let any_case = |name: &str| -> String {
        let letter = |c: char| match c.is_ascii_alphabetic() {
            true => format!("[{}{c}]", c.to_ascii_uppercase()),
            false => c.to_string(),
        };
        name.chars().map(letter).collect()
    };
    let reserved = headers::RESERVED.iter().flat_map(|(_, names)| *names);
    let reserved: Vec<_> = reserved.map(|name| any_case(name)).collect();
    format!(
        "^(?!({})$|{})[A-Za-z0-9!#$%&'*+.^_`|~-]{{1,{}}}$",
        reserved.join("|"),
        any_case("x-envoy-"),
        headers::MAX_NAME_BYTES
    )
}

/// An absolute url; of one with a variable only what surrounds it.
fn url() -> String {
    let scheme = "[Hh][Tt][Tt][Pp][Ss]?://";
    let variable = r"\$\{[A-Za-z_][A-Za-z0-9_]*\}";
    let with_variable = format!(r##"{variable}.*|{scheme}[!"$-.0->A-\[\]-~]*([/?][^\s#\\]*)?"##);
    let port = range::whole(1, 65_535);
    let plain = format!(
        r##"{scheme}(\[[0-9A-Fa-f:.]+\]|[^\s/?#@\\:%\u0000-\u001f\u007f-\uffff]+)(:(0*({port}))?)?([/?]([^\s#\\%]|%[0-9A-Fa-f]{{2}})*)?"##
    );
    format!(r"^((?=[\s\S]*\$\{{)({with_variable})|{plain})$")
}

fn statuses(list: &Statuses) -> Value {
    json!({
        "type": "array",
        "uniqueItems": true,
        "items": {
            "anyOf": [
                {"type": "integer", "minimum": list.min, "maximum": list.max},
                {"type": "string", "pattern": range::count(list.min.into(), list.max.into())}
            ]
        },
        "default": list.default
    })
}
