//! Members of an object that need each other, as far as the JSON Schema can say it.

use serde_json::{json, Value};

use crate::webhook::MAX_WEBHOOKS;

/// Text that takes something from the environment, of which a schema knows no more.
const VARIABLE: &str = r"\$\{";

/// Adds the needs of the object of this name; the root has none.
pub(super) fn add(name: &str, schema: &mut Value) {
    let needs = match name {
        "" => root(),
        "signing" => signing(),
        _ => return,
    };
    for (key, value) in needs.as_object().unwrap() {
        schema[key] = value.clone();
    }
}

fn root() -> Value {
    let hash_needs_key =
        json!({"properties": {"properties": {"dependentRequired": {"hash": ["hash_key"]}}}});
    let mut without_key = hash_needs_key.clone();
    without_key["properties"]["webhooks"] = json!({"items": hash_needs_key});
    let has_key = json!({"required": ["properties"], "properties": {"properties": {"required": ["hash_key"]}}});
    json!({
        "dependentRequired": {"allow_unsigned": ["profile"]},
        "dependentSchemas": {
            "dead_letter": {
                "properties": {"webhooks": {"minItems": 2, "maxItems": MAX_WEBHOOKS}}
            }
        },
        "allOf": [
            {"if": has_key, "else": without_key},
            {
                "if": {"required": ["profile"], "properties": {"profile": {"const": "hipaa"}}},
                "then": hipaa()
            },
            {
                "if": {"required": ["profile"], "not": {"required": ["allow_unsigned"]}},
                "then": {"properties": {"webhooks": {"items": {"required": ["signing"]}}}}
            }
        ]
    })
}

/// Everything secret comes from a variable, and calls go over https.
fn hipaa() -> Value {
    let variable = json!({"pattern": VARIABLE});
    let key = json!({"properties": {"hash_key": variable}});
    let secret =
        json!({"anyOf": [{"type": "object", "properties": {"secret": variable}}, variable]});
    let names = "[Kk][Ee][Yy]|[Tt][Oo][Kk][Ee][Nn]|[Ss][Ee][Cc][Rr][Ee][Tt]";
    let header = format!("^([Aa][Uu][Tt][Hh][Oo][Rr][Ii][Zz][Aa][Tt][Ii][Oo][Nn]|.*({names}))$");
    let query = format!(r"[?&][^=&]*({names})=[^&$]");
    json!({
        "required": ["collect"],
        "properties": {
            "properties": key,
            "collect": {"required": ["id_key"], "properties": {"id_key": variable}},
            "context": {"properties": {"ip": {"enum": [false, "false"]}}},
            "webhooks": {
                "items": {
                    "properties": {
                        "url": {
                            "pattern": r"^(\$\{|[Hh][Tt][Tt][Pp][Ss]:)",
                            "not": {"pattern": query}
                        },
                        "headers": {"patternProperties": {header: {"pattern": r"\$\{|^$"}}},
                        "signing": {"properties": {"secrets": {"items": secret}}},
                        "properties": key
                    }
                }
            }
        }
    })
}

/// The form of a secret depends on the scheme, and one secret signs for ever.
fn signing() -> Value {
    let quad = "[A-Za-z0-9+/]{4}";
    // Of 24 to 64 bytes.
    let base64 = format!(
        "({quad}){{8,21}}|({quad}){{8,20}}[A-Za-z0-9+/]{{3}}=|({quad}){{8,21}}[A-Za-z0-9+/]{{2}}=="
    );
    let standard = format!(r"{VARIABLE}|^whsec_({base64})$");
    let plain = format!(
        r"{VARIABLE}|^[^\s\u0000-\u001f\u007f]([^\u0000-\u001f\u007f]*[^\s\u0000-\u001f\u007f])?$"
    );
    let secrets = |pattern: String, longest: usize| {
        let secret = json!({"pattern": pattern, "maxLength": longest});
        let item = json!({"anyOf": [{"type": "object", "properties": {"secret": secret}}, secret]});
        json!({"properties": {"secrets": {"items": item}}})
    };
    let lasting = json!({"not": {"type": "object", "required": ["not_after"]}});
    json!({
        "allOf": [
            {"properties": {"secrets": {"contains": lasting}}},
            {
                "if": {"required": ["scheme"], "properties": {"scheme": {"const": "x_signature_sha1"}}},
                "then": secrets(plain, crate::signing::MAX_PLAIN_BYTES),
                "else": secrets(standard, crate::signing::MAX_PLAIN_BYTES)
            }
        ]
    })
}
