//! Reads the plugin's configuration, and says everything that is wrong with it.
//!
//! [`parse`] reads it in three steps, each in a module of its own: the bytes become one tree
//! whichever way they came (`tree`, `structpb`), a reader walks the tree and collects every problem
//! with its path (`read`), and one module per part of the tree turns it into the types of
//! [`freshpaint_core::config`].
//!
//! It runs once and is a crate of its own because of that: the module has it compiled for size, and
//! the rest for speed.
#![forbid(unsafe_code)]

mod advice;
mod batch;
mod bound;
mod collect;
mod dead_letter;
mod duration;
mod elsewhere;
mod environment;
mod fields;
mod front;
mod headers;
mod host;
mod limits;
mod monitor;
mod names;
mod number;
mod origin;
mod profile;
mod properties;
mod quote;
mod read;
mod root;
mod rules;
mod secrets;
mod signing;
mod structpb;
mod target;
#[cfg(test)]
mod tests;
mod texts;
mod tree;
mod webhook;

use freshpaint_core::config::{Config, Diagnostic, PluginConfig};
use read::{Field, Reader};
use tree::Node;

pub use advice::PRIVATE_ADDRESS;

/// Reads the configuration of a collector as Envoy hands it over: JSON text
/// (`google.protobuf.StringValue`) or the wire bytes of a `google.protobuf.Struct`. `environment`
/// looks an environment variable of the VM up.
///
/// ```
/// let written = br#"{"webhooks": [{"url": "https://example.com/in"}]}"#;
/// let config = freshpaint_config::parse(written, &|_| None).unwrap();
/// assert_eq!(config.webhooks[0].authority, "example.com");
/// ```
///
/// # Errors
///
/// Every problem of the configuration, in the order of the documentation; at least one.
pub fn parse(
    bytes: &[u8],
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, Vec<Diagnostic>> {
    read_tree(tree(bytes), environment, read_collector)
        .map(|(config, warnings)| Config { warnings, ..config })
}

/// Reads the configuration of a collector; of a monitor, which has the one key `monitor`; or of a
/// front, which has the one key `front`. As [`parse`] otherwise.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_plugin(
    bytes: &[u8],
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<PluginConfig, Vec<Diagnostic>> {
    let (mut plugin, warnings) = read_tree(tree(bytes), environment, read_plugin)?;
    if let PluginConfig::Collector(config) = &mut plugin {
        config.warnings = warnings;
    }
    Ok(plugin)
}

fn read_collector(node: &Node, reader: &mut Reader<'_>) -> Option<Config> {
    let root = Field::root(node).object(root::KEYS, reader)?;
    Some(root::read(&root, reader))
}

fn read_plugin(node: &Node, reader: &mut Reader<'_>) -> Option<PluginConfig> {
    let has = |key| Field::root(node).member(key).is_some();
    if has(monitor::KEY) {
        return monitor::read(node, reader).map(PluginConfig::Monitor);
    }
    if has(front::KEY) {
        return front::read(node, reader).map(PluginConfig::Front);
    }
    let config = read_collector(node, reader)?;
    Some(PluginConfig::Collector(Box::new(config)))
}

/// The result of `read` on the tree, with the warnings; or every problem.
fn read_tree<T>(
    tree: Result<Node, String>,
    environment: &dyn Fn(&str) -> Option<String>,
    read: fn(&Node, &mut Reader<'_>) -> Option<T>,
) -> Result<(T, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut reader = Reader {
        environment,
        place: elsewhere::place,
        secrets_by_name: false,
        problems: Vec::new(),
        warnings: Vec::new(),
    };
    let made = match tree {
        Ok(node) => read(&node, &mut reader),
        Err(message) => {
            reader.problem("", message);
            None
        }
    };
    match made {
        Some(made) if reader.problems.is_empty() => Ok((made, reader.warnings)),
        _ => Err(reader.problems),
    }
}

/// The log line of a configuration that is in use. It gives the number of webhooks and their
/// names.
#[must_use]
pub fn summary(config: &Config) -> String {
    let count = config.webhooks.len();
    let mut said = format!("configured: {count} webhook");
    if count != 1 {
        said.push('s');
    }
    let mut before = " (";
    for webhook in &config.webhooks {
        said.push_str(before);
        said.push_str(&webhook.name);
        before = ", ";
    }
    said.push(')');
    said
}

/// Reads JSON text or the wire bytes of a `google.protobuf.Struct`.
///
/// Envoy hands a `StringValue` over as its text and a `Struct` as its serialised bytes. Every entry
/// of the latter begins with 0x0a and holds its value under the tag 0x12; JSON may begin with 0x0a,
/// a line feed, but never holds 0x12.
///
/// # Errors
///
/// The problem of the bytes as a whole, and the remedy.
fn tree(bytes: &[u8]) -> Result<Node, String> {
    if bytes.is_empty() {
        return Err(
            r#"is empty; write at least {"webhooks": [{"url": "https://example.com/events"}]}"#
                .into(),
        );
    }
    if bytes.starts_with(b"\n") && bytes.contains(&0x12) {
        return structpb::read(bytes);
    }
    let not_json = |why: &dyn std::fmt::Display| {
        format!(
            "is not JSON: {why}; write one JSON object in google.protobuf.StringValue, or YAML \
                 in google.protobuf.Struct"
        )
    };
    // As text: of bytes serde_json would bring a second reader into the module.
    let text = std::str::from_utf8(bytes).map_err(|error| not_json(&error))?;
    serde_json::from_str(text).map_err(|error| not_json(&error))
}
