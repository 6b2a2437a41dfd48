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
/// let config = freshpaint_config::parse(br#"{"webhooks": [{"url": "https://example.com/in"}]}"#,
/// &|_| None).unwrap(); assert_eq!(config.webhooks[0].authority, "example.com");
/// ```
///
/// # Errors
///
/// Every problem of the configuration, in the order of the documentation; at least one.
pub fn parse(
    bytes: &[u8],
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, Vec<Diagnostic>> {
    read_tree(tree(bytes), environment, |node, reader| {
        Field::root(node)
            .object(root::KEYS, reader)
            .map(|root| root::read(&root, reader))
    })
    .map(|(config, warnings)| Config { warnings, ..config })
}

/// Reads the configuration of a collector or of a monitor, which has the one key `monitor`; as
/// [`parse`] otherwise.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_plugin(
    bytes: &[u8],
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<PluginConfig, Vec<Diagnostic>> {
    match tree(bytes) {
        Ok(node) if Field::root(&node).member(monitor::KEY).is_some() => {
            read_tree(Ok(node), environment, monitor::read)
                .map(|(monitor, _)| PluginConfig::Monitor(monitor))
        }
        _ => parse(bytes, environment).map(|config| PluginConfig::Collector(Box::new(config))),
    }
}

/// What `read` makes of the tree, with the warnings; or every problem.
fn read_tree<T>(
    tree: Result<Node, String>,
    environment: &dyn Fn(&str) -> Option<String>,
    read: impl FnOnce(&Node, &mut Reader<'_>) -> Option<T>,
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
/// What is wrong with the bytes as a whole, and what to write.
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
