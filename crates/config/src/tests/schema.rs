//! The published schema says what the parser does: the same keys, defaults and bounds.

use serde_json::{json, Value};
use std::collections::BTreeSet;

use super::super::bound::{Count, Span};
use super::super::{
    collect, duration, headers, limits, profile, properties, rules, signing, target, webhook,
    ACKNOWLEDGE, KEYS,
};
use super::schema;
use freshpaint_core::config::Dialect;
use freshpaint_core::event::Kind;

fn at(pointer: &str) -> Value {
    schema()
        .pointer(pointer)
        .unwrap_or_else(|| panic!("{pointer} is not in the schema"))
        .clone()
}

#[test]
fn objects_have_the_same_keys() {
    let objects = [
        ("", KEYS),
        ("/$defs/webhook", webhook::KEYS),
        ("/$defs/options", webhook::OPTIONS_KEYS),
        ("/$defs/signing", signing::KEYS),
        ("/$defs/dated_secret", signing::SECRET_KEYS),
        ("/properties/collect", collect::KEYS),
        ("/$defs/events", rules::EVENTS_KEYS),
        ("/$defs/redaction", properties::KEYS),
        ("/properties/context", profile::CONTEXT_KEYS),
        ("/properties/limits", limits::LIMITS_KEYS),
        ("/properties/retry", limits::RETRY_KEYS),
        ("/properties/dedupe", limits::DEDUPE_KEYS),
    ];
    for (object, keys) in objects {
        let properties = at(&format!("{object}/properties"));
        let described: BTreeSet<_> = properties
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(described, keys.iter().copied().collect(), "{object}");
        assert_eq!(
            at(&format!("{object}/additionalProperties")),
            json!(false),
            "{object}"
        );
    }
}

#[test]
fn numbers_have_the_same_bounds_and_defaults() {
    for (
        object,
        Count {
            key,
            default,
            min,
            max,
        },
    ) in super::counts()
    {
        let number = json!({"type": "integer", "minimum": min, "maximum": max, "default": default});
        assert_eq!(
            at(&format!("/properties/{object}/properties/{key}")),
            number,
            "{object}.{key}"
        );
    }
    for (
        object,
        Span {
            key,
            default,
            min,
            max,
        },
    ) in super::spans()
    {
        let object = if object == "webhooks[]" {
            "/$defs/webhook".into()
        } else {
            format!("/properties/{object}")
        };
        let [min, max, default] = [min, max, default].map(duration::text);
        let span = json!({"$ref": "#/$defs/duration", "x-minimum": min, "x-maximum": max, "default": default});
        assert_eq!(
            at(&format!("{object}/properties/{key}")),
            span,
            "{object}.{key}"
        );
    }
}

#[test]
fn lists_and_names_have_the_same_bounds_and_defaults() {
    let facts = [
        ("/properties/webhooks/maxItems", json!(webhook::MOST)),
        (
            "/properties/cluster/default",
            json!(webhook::DEFAULT_CLUSTER),
        ),
        ("/$defs/cluster/maxLength", json!(webhook::LONGEST_CLUSTER)),
        (
            "/$defs/webhook/properties/name/pattern",
            json!(format!("^[a-z0-9_]{{1,{}}}$", webhook::LONGEST_NAME)),
        ),
        (
            "/$defs/webhook/properties/headers/maxProperties",
            json!(headers::MOST),
        ),
        (
            "/$defs/signing/properties/secrets/maxItems",
            json!(signing::MOST),
        ),
        (
            "/properties/profile/enum",
            json!(profile::PROFILES.map(|(name, _)| name)),
        ),
        (
            "/$defs/honor/items/enum",
            json!(rules::HONOR.map(|(name, _)| name)),
        ),
        ("/$defs/names/maxItems", json!(rules::MOST)),
        ("/$defs/names/items/maxLength", json!(rules::LONGEST)),
        (
            "/$defs/events/properties/types/items/enum",
            json!(Kind::ALL.map(Kind::as_str)),
        ),
        (
            "/$defs/signing/properties/scheme/enum",
            json!(signing::SCHEMES.map(|(name, _)| name)),
        ),
        (
            "/$defs/signing/properties/scheme/default",
            json!(signing::SCHEMES[0].0),
        ),
        (
            "/properties/acknowledge/enum",
            json!(ACKNOWLEDGE.map(|(name, _)| name)),
        ),
        ("/properties/acknowledge/default", json!(ACKNOWLEDGE[0].0)),
        (
            "/properties/collect/properties/path_prefix/maxLength",
            json!(collect::LONGEST_PREFIX),
        ),
        (
            "/properties/collect/properties/dialects/items/enum",
            json!(Dialect::ALL.map(Dialect::as_str)),
        ),
        (
            "/properties/collect/properties/dialects/default",
            json!(Dialect::ALL.map(Dialect::as_str)),
        ),
        (
            "/properties/collect/properties/integration_name/maxLength",
            json!(collect::LONGEST_INTEGRATION_NAME),
        ),
        (
            "/properties/collect/properties/allowed_origins/maxItems",
            json!(collect::MOST_ORIGINS),
        ),
    ];
    for (pointer, fact) in facts {
        assert_eq!(at(pointer), fact, "{pointer}");
    }
    let names = at("/$defs/webhook/properties/headers/propertyNames/pattern");
    assert!(names
        .as_str()
        .unwrap()
        .ends_with(&format!("{{1,{}}}$", headers::LONGEST_NAME)));
    assert_eq!(
        target::LONGEST,
        headers::LONGEST_VALUE,
        "the manual gives one number for both"
    );
}

#[test]
fn the_schemas_defaults_written_out_change_nothing() {
    let minimal = r#"{"webhooks": [{"url": "https://example.com/in"}]}"#;
    let mut written: Value = serde_json::from_str(minimal).unwrap();
    for object in ["collect", "limits", "retry", "dedupe"] {
        let properties = at(&format!("/properties/{object}/properties"));
        for (key, property) in properties.as_object().unwrap() {
            if let Some(default) = property.get("default") {
                written[object][key] = default.clone();
            }
        }
    }
    for key in ["cluster", "acknowledge"] {
        written[key] = at(&format!("/properties/{key}/default"));
    }
    written["webhooks"][0]["timeout"] = at("/$defs/webhook/properties/timeout/default");
    assert!(jsonschema::is_valid(&schema(), &written));
    let config = |text: &str| crate::parse(text.as_bytes(), &|_| None).unwrap();
    assert_eq!(config(&written.to_string()), config(minimal));
}
