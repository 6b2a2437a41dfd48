//! Reads the configuration of a plugin that stands in front of collectors (docs/operations.md, "A
//! fleet").

use freshpaint_core::config::Front;

use super::fields::Members;
use super::quote::shown;
use super::read::{Field, Reader};
use super::tree::Node;

/// The one key of the whole configuration.
pub(super) const KEY: &str = "front";

/// Reads the whole configuration.
pub(super) fn read(root: &Node, reader: &mut Reader<'_>) -> Option<Front> {
    let root = Field::root(root).map("an object", reader)?;
    for (key, field) in root.fields().filter(|(key, _)| *key != KEY) {
        let message = format!(
            "stands beside front, and a filter in front of collectors delivers nothing; write {} \
             into the filter of the collectors",
            shown(key)
        );
        reader.problem(&field.path, message);
    }
    let object = root.get(KEY)?.object(Front::KEYS, reader)?;
    Some(Front::read(&mut Members {
        object: &object,
        reader,
    }))
}
