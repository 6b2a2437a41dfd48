//! The names of webhooks: written or by place, each different from the others.

use super::quote::shown;
use super::read::{Field, Object, Reader};

/// Longest name of a webhook, in bytes.
pub(super) const MAX_NAME_BYTES: usize = 40;

/// One name for each webhook, each different from the others.
pub(super) fn read(objects: &[Option<Object<'_>>], reader: &mut Reader<'_>) -> Vec<String> {
    let written: Vec<Option<Field<'_>>> = objects
        .iter()
        .map(|object| object.as_ref().and_then(|object| object.get("name")))
        .collect();
    let mut names: Vec<String> = Vec::with_capacity(written.len());
    for (index, field) in written.iter().enumerate() {
        let name = field.as_ref().and_then(|field| read_name(field, reader));
        if let (Some(name), Some(field)) = (name, field) {
            let defaulted = |other: usize| {
                *name == default_name(other) && matches!(written.get(other), Some(None))
            };
            if let Some(first) = names
                .iter()
                .zip(&written)
                .position(|(known, field)| field.is_some() && known == name)
            {
                let message = format!(
                    "is {}, the name of webhooks[{first}] too; write another name",
                    shown(name)
                );
                reader.problem(&field.path, message);
            } else if let Some(other) = (0..written.len()).find(|&other| defaulted(other)) {
                let message = format!(
                    "is {}, the name that webhooks[{other}] has by default; write another name, or \
                     name that one too",
                    shown(name)
                );
                reader.problem(&field.path, message);
            }
        }
        names.push(name.map_or_else(|| default_name(index), str::to_owned));
    }
    names
}

fn default_name(index: usize) -> String {
    format!("webhook_{index}")
}

fn read_name<'n>(field: &Field<'n>, reader: &mut Reader<'_>) -> Option<&'n str> {
    const WANTED: &str = "1 to 40 of the characters a-z, 0-9 and _";
    let name = field.string(WANTED, reader)?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.bytes().all(plain) {
        reader.problem(&field.path, format!("is {}; write {WANTED}", shown(name)));
        return None;
    }
    Some(name)
}
