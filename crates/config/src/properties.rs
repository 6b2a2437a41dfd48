//! `properties`: what of an event goes, for all webhooks and for each.

use super::quote::shown;
use super::read::{Object, Reader};
use super::texts::texts;
use super::tree::Node;
use super::{advice, secrets};
use freshpaint_core::config::field::{self, Field as Description};
use freshpaint_core::redaction::{Path, Redaction};

/// The fields of `properties`.
pub(super) const FIELDS: &[Description] = &[
    Description::other(
        "allow",
        ["list of paths", "all", "1 to 1,000"],
        "paths",
        "Of `properties`, `traits` and `context` only what is named here is kept. Without a path \
         into one of them, that one is empty.",
    ),
    Description::other("deny", PATHS, "paths", "Left out."),
    Description::other(
        "hash",
        PATHS,
        "paths",
        "Replaced by the HMAC-SHA-256 with `hash_key`, in lower-case hexadecimal.",
    ),
    Description::other("mask", PATHS, "paths", "Replaced by `\"***\"`."),
    Description::other(
        "hash_key",
        ["string", "none", "at least 32 bytes"],
        "hash_key",
        "Needed for `hash`, here or for all webhooks. `${NAME}` is replaced. Different keys give \
         hashes that cannot be matched with each other.",
    ),
];
pub(super) const KEYS: &[&str] = &field::keys::<{ FIELDS.len() }>(FIELDS);
const PATHS: [&str; 3] = ["list of paths", "none", "1 to 1,000"];

/// Reads `properties` of `object`, in addition to what holds for all webhooks.
pub(super) fn read(
    object: &Object<'_>,
    all: Option<&Redaction>,
    reader: &mut Reader<'_>,
) -> Option<Redaction> {
    let mut redaction = all.cloned();
    let Some(object) = object
        .get("properties")
        .and_then(|field| field.object(KEYS, reader))
    else {
        return redaction;
    };
    let own = redaction.get_or_insert_with(Redaction::default);
    let mut paths = |key| {
        const WANTED: &str = "a list of paths such as [\"properties.email\"]";
        let field = object.get(key)?;
        for item in field.items() {
            if let Node::String(text) = item.node {
                advice::of_path(&item.path, text, reader);
            }
        }
        texts(&field, WANTED, reader, |text, _| {
            Path::parse(text).map_err(|problem| {
                format!(
                    "is {}, which {problem}; write a path such as \"properties.email\" or \
                     \"traits.*\"",
                    shown(text)
                )
            })
        })
    };
    own.allow.extend(paths("allow"));
    own.deny.extend(paths("deny").unwrap_or_default());
    own.hash.extend(paths("hash").unwrap_or_default());
    own.mask.extend(paths("mask").unwrap_or_default());
    let has_key = object.get("hash_key").is_some();
    let key = object
        .get("hash_key")
        .and_then(|field| secrets::hash_key(&field, "HASH_KEY", reader));
    if key.is_some() {
        own.key = key;
    }
    if !own.hash.is_empty() && own.key.is_none() && !has_key {
        reader.problem(
            &object.path_of("hash_key"),
            "is missing, and hash needs it; write a secret, such as \"${HASH_KEY}\"",
        );
    }
    redaction
}
