//! `properties`: what of an event goes, for all webhooks and for each.

use super::environment;
use super::problem::shown;
use super::read::{Object, Reader};
use super::rules::texts;
use freshpaint_core::redaction::{HashKey, Path, Redaction};

pub(super) const KEYS: &[&str] = &["allow", "deny", "hash", "mask", "hash_key"];

/// The least that a key has, in bytes: what cannot be guessed.
pub(super) const SHORTEST_KEY: usize = 32;

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
        texts(&field, WANTED, reader, |text, _| {
            Path::parse(text).map_err(|problem| {
                format!(
                    "is {}, which {problem}; write a path such as \"properties.email\" or \"traits.*\"",
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
    if let Some(key) = hash_key(&object, reader) {
        own.key = Some(key);
    }
    if !own.hash.is_empty() && own.key.is_none() && !has_key {
        reader.problem(
            &object.path_of("hash_key"),
            "is missing, and hash needs it; write a secret, such as \"${HASH_KEY}\"",
        );
    }
    redaction
}

fn hash_key(object: &Object<'_>, reader: &mut Reader<'_>) -> Option<HashKey> {
    let field = object.get("hash_key")?;
    let written = field.string("a secret, such as \"${HASH_KEY}\"", reader)?;
    if !environment::refers(written) {
        reader.plain_secret(&field.path, "HASH_KEY");
    }
    let problem = match environment::expand(written, reader.environment) {
        Ok(key) if key.len() >= SHORTEST_KEY => return HashKey::new(key.as_bytes()),
        Ok(key) => format!("is {} bytes long; write at least {SHORTEST_KEY}", key.len()),
        Err(message) => message,
    };
    reader.problem(&field.path, problem);
    None
}
