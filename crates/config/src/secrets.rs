//! Secrets that are used as keys, and secrets where they can be seen.

use freshpaint_core::config::types::MIN_KEY_BYTES;
use freshpaint_core::secret::HashKey;

use super::environment;
use super::read::{Field, Reader};

/// Reads the key of a keyed hash, which could come from `variable`.
pub(super) fn hash_key(
    field: &Field<'_>,
    variable: &str,
    reader: &mut Reader<'_>,
) -> Option<HashKey> {
    let written = field.string(&format!("a secret, such as \"${{{variable}}}\""), reader)?;
    if !environment::refers(written) {
        reader.plain_secret(&field.path, variable);
    }
    let key = field.expand(written, reader)?;
    if key.len() >= MIN_KEY_BYTES {
        return HashKey::new(key.as_bytes());
    }
    let message = match environment::without_braces(written) {
        Some(name) => format!("is ${name} without braces; write ${{{name}}}"),
        None => format!(
            "is {} bytes long; write at least {MIN_KEY_BYTES}",
            key.len()
        ),
    };
    reader.problem(&field.path, message);
    None
}

/// Whether a header or a parameter of this name usually holds a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let last = name.rsplit(['-', '_', '.']).next().unwrap_or_default();
    ["authorization", "auth", "code", "sig", "pwd"].contains(&last)
        || ["key", "token", "secret", "signature", "password"]
            .iter()
            .any(|word| last.ends_with(word))
}

/// The name of a parameter of the url that holds a secret as it is written.
pub(super) fn in_query(url: &str) -> Option<&str> {
    let (_, query) = url.split_once('?')?;
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut secrets = pairs.filter(|(name, value)| {
        is_secret(name) && !value.is_empty() && !environment::refers(value)
    });
    secrets.next().map(|(name, _)| name)
}
