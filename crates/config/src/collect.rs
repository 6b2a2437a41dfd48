//! Reads `collect`: where collection requests are found, and from whom they are taken.

use freshpaint_core::config::types::{MAX_INTEGRATION_NAME_CHARS, MAX_ORIGINS, MAX_PREFIX_BYTES};
use freshpaint_core::config::{AllowedOrigin, Collect};
use freshpaint_core::intake::dialect::{self, Dialect};

use super::origin;
use super::quote::shown;
use super::read::{Field, Object, Reader};
use super::target::{is_legal, percent_encoding_is_whole};

/// The object `collect`, where there is one.
pub(super) fn object<'n>(root: &Object<'n>, reader: &mut Reader<'_>) -> Option<Object<'n>> {
    root.get("collect")?.object(Collect::KEYS, reader)
}

pub(super) fn path_prefix(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<String> {
    const WANTED: &str = "a path such as \"/ingest\", or \"\" for none";
    let text = field.string(WANTED, reader)?;
    let wrong = if text.is_empty() {
        None
    } else if text.len() > MAX_PREFIX_BYTES {
        Some("is too long; write at most 256 bytes".to_owned())
    } else if !text.starts_with('/') {
        Some(format!(
            "is {}, which does not begin with \"/\"; write {WANTED}",
            shown(text)
        ))
    } else if text.ends_with('/') {
        Some(format!(
            "is {}, which ends with \"/\"; write {WANTED}",
            shown(text)
        ))
    } else if text.contains(['?', '#']) {
        Some(format!(
            "is {}, which is more than a path; write it without \"?\" and \"#\"",
            shown(text)
        ))
    } else if text
        .split('/')
        .skip(1)
        .any(|segment| matches!(segment, "" | "." | ".."))
    {
        Some(format!(
            "is {}, which has an empty, \".\" or \"..\" segment; write {WANTED}",
            shown(text)
        ))
    } else if !text.chars().all(|c| c == '%' || is_legal(c)) || !percent_encoding_is_whole(text) {
        Some(format!(
            "is {}, which is not a url's path; write other characters percent-encoded",
            shown(text)
        ))
    } else {
        None
    };
    match wrong {
        Some(message) => {
            reader.problem(&field.path, message);
            None
        }
        None => Some(text.to_owned()),
    }
}

pub(super) fn dialects(
    field: &Field<'_>,
    reader: &mut Reader<'_>,
) -> Option<Vec<&'static Dialect>> {
    let choices = dialect::ALL.map(|dialect| (dialect.name, dialect));
    let items = field.list("a list of dialects", reader)?;
    if items.is_empty() {
        reader.problem(
            &field.path,
            "is empty; write at least one dialect, or leave the key out for all",
        );
    }
    let mut dialects = Vec::with_capacity(items.len());
    for item in items {
        match item.choice(&choices, reader) {
            Some(dialect) if dialects.contains(&dialect) => {
                reader.problem(
                    &item.path,
                    format!("is {} again; write each dialect once", shown(dialect.name)),
                );
            }
            dialect => dialects.extend(dialect),
        }
    }
    Some(dialects)
}

pub(super) fn integration_name(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<String> {
    const WANTED: &str = "a name of 1 to 100 characters, such as \"Webhooks\"";
    let name = field.string(WANTED, reader)?;
    if (1..=MAX_INTEGRATION_NAME_CHARS).contains(&name.chars().count()) {
        return Some(name.to_owned());
    }
    reader.problem(&field.path, format!("is {}; write {WANTED}", shown(name)));
    None
}

pub(super) fn origins(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<Vec<AllowedOrigin>> {
    let items = field.list("a list of origins such as \"https://example.com\"", reader)?;
    if items.is_empty() {
        reader.problem(
            &field.path,
            "is empty; write at least one origin, or leave the key out to take every origin",
        );
    } else if items.len() > MAX_ORIGINS {
        reader.problem(
            &field.path,
            format!("has {} origins; write at most {MAX_ORIGINS}", items.len()),
        );
    }
    let mut origins = Vec::with_capacity(items.len());
    for item in items {
        let Some(text) = item.string(origin::WANTED, reader) else {
            continue;
        };
        match origin::parse(text) {
            Some(origin) => origins.push(origin),
            None => reader.problem(
                &item.path,
                format!("is {}; write {}", shown(text), origin::WANTED),
            ),
        }
    }
    Some(origins)
}
