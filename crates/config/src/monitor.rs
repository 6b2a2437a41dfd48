//! Reads the configuration of a plugin that serves the live page (docs/monitor.md).

use freshpaint_core::config::field::{self, Field as Description};
use freshpaint_core::config::Monitor;

use super::quote::shown;
use super::read::{Field, Reader};
use super::texts::texts;
use super::tree::Node;

/// The one key of the whole configuration.
pub(super) const KEY: &str = "monitor";
/// Longest `name` of a filter, in bytes.
const MAX_NAME_BYTES: usize = 256;

/// The fields of `monitor`, in the order of the manual.
pub(super) const FIELDS: &[Description] = &[
    Description::other(
        "of",
        ["string", "required", "1 to 256 bytes"],
        "filter_name",
        "The `name` of the filter whose deliveries are shown. Its `vm_config` must be the same as \
         that of this filter.",
    ),
    Description::other(
        "hosts",
        ["list", "none", "1 to 1,000"],
        "host_names",
        "Host names under which browsers open the page, beside `localhost` and IP addresses. A \
         request for another name gets 421.",
    ),
];
pub(super) const KEYS: &[&str] = &field::keys::<{ FIELDS.len() }>(FIELDS);

/// Reads the whole configuration.
pub(super) fn read(root: &Node, reader: &mut Reader<'_>) -> Option<Monitor> {
    let root = Field::root(root).map("an object", reader)?;
    for (key, field) in root.fields().filter(|(key, _)| *key != KEY) {
        let message = format!(
            "stands beside monitor, and a filter either collects or monitors; write {} into the \
             filter that monitor.of names",
            shown(key)
        );
        reader.problem(&field.path, message);
    }
    let monitor = root.get(KEY)?.object(KEYS, reader)?;
    let of = match monitor.get("of") {
        Some(field) => filter_name(&field, reader),
        None => {
            let message = "is missing; write the name of the filter that collects";
            reader.problem(&monitor.path_of("of"), message);
            None
        }
    };
    let hosts = monitor
        .get("hosts")
        .and_then(|field| texts(&field, "a list of host names", reader, |text, _| host(text)));
    Some(Monitor {
        of: of?,
        hosts: hosts.unwrap_or_default(),
    })
}

fn filter_name(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<String> {
    let text = field.string("the name of the filter that collects", reader)?;
    if text.is_empty() || text.len() > MAX_NAME_BYTES {
        let message = format!(
            "is {} bytes long; write the name of the filter that collects, 1 to {MAX_NAME_BYTES} \
             bytes",
            text.len()
        );
        reader.problem(&field.path, message);
        return None;
    }
    Some(text.to_owned())
}

fn host(text: &str) -> Result<String, String> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
    if text.chars().all(is_name) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(format!(
        "is {}, which is no host name; write one such as \"monitor.example.com\", without scheme \
         and port",
        shown(text)
    ))
}
