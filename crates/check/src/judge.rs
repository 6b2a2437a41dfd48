//! Lets the module's own parser judge a plugin's configuration, as Envoy would hand it over.

use base64::prelude::{Engine, BASE64_STANDARD};
use freshpaint_core::config::{Config, Diagnostic, Front, Monitor, PluginConfig};
use std::rc::Rc;

use crate::model::{typed, Part, Plugin};
use crate::node::{Node, Value};
use crate::place::{locate, Place};
use crate::variables::Variables;
use crate::wire;
use crate::yaml::{self, Format};

/// A plugin's configuration, read.
pub(crate) struct Judged<'a> {
    pub(crate) plugin: &'a Plugin<'a>,
    /// `None` when the module refuses it, and for a monitor and a front.
    pub(crate) config: Option<Config>,
    /// The configuration of a filter that serves the live page.
    pub(crate) monitor: Option<Monitor>,
    /// The configuration of a filter in front of collectors.
    pub(crate) front: Option<Front>,
    pub(crate) problems: Vec<Diagnostic>,
    pub(crate) variables: Variables<'a>,
    written: Written<'a>,
}

/// The tree that a configuration was written as.
enum Written<'a> {
    Struct(&'a Node),
    /// The text of a `StringValue`, when it is JSON, and the line of the file before its first.
    Text(Rc<Node>, usize),
    Other,
}

/// Does to `configuration` what Envoy does before the module sees it.
enum Bytes<'a> {
    Ready(Vec<u8>, Written<'a>),
    /// Envoy refuses it, for this reason.
    Refused(&'static str),
}

/// Reads the configuration of a plugin.
///
/// # Errors
///
/// A sentence when Envoy itself does not take it.
pub(crate) fn judge<'a>(
    plugin: &'a Plugin<'a>,
    variables: Variables<'a>,
) -> Result<Judged<'a>, &'static str> {
    let (bytes, written) = match handed_over(plugin.config.node.get("configuration")) {
        Bytes::Ready(bytes, written) => (bytes, written),
        Bytes::Refused(why) => return Err(why),
    };
    let mut judged = Judged {
        plugin,
        config: None,
        monitor: None,
        front: None,
        problems: Vec::new(),
        variables,
        written,
    };
    match freshpaint_config::parse_plugin(&bytes, &|name| judged.variables.value(name)) {
        Ok(PluginConfig::Collector(config)) => judged.config = Some(*config),
        Ok(PluginConfig::Monitor(monitor)) => judged.monitor = Some(monitor),
        Ok(PluginConfig::Front(front)) => judged.front = Some(front),
        Err(problems) => judged.problems = problems,
    }
    judged.forgive_stand_ins();
    Ok(judged)
}

fn handed_over(configuration: Option<&Node>) -> Bytes<'_> {
    let Some(configuration) = configuration else {
        return Bytes::Ready(Vec::new(), Written::Other);
    };
    let Some((type_name, body)) = typed(configuration) else {
        return Bytes::Refused(
            "has no \"@type\"; write type.googleapis.com/google.protobuf.Struct",
        );
    };
    let value = body.get("value");
    match (type_name, value) {
        ("google.protobuf.Struct", None) if body.get("webhooks").is_some() => Bytes::Refused(
            "has webhooks beside \"@type\", where Envoy knows `value` alone; write `webhooks:` \
             below `value:`",
        ),
        ("google.protobuf.Struct", None) => Bytes::Ready(Vec::new(), Written::Other),
        ("google.protobuf.Struct", Some(value)) if matches!(value.value, Value::Object(_)) => {
            Bytes::Ready(wire::encode(value), Written::Struct(value))
        }
        ("google.protobuf.Struct", Some(_)) => {
            Bytes::Refused("has a value that is no object; write `webhooks:` below `value:`")
        }
        ("google.protobuf.StringValue", Some(value)) => match value.text() {
            Some(text) => Bytes::Ready(text.into(), as_json(text, value.line)),
            None => Bytes::Refused(
                "has a value that is no text; write the JSON below `value: |`, or use \
                 google.protobuf.Struct",
            ),
        },
        ("google.protobuf.BytesValue", Some(value)) => {
            let bytes = value
                .text()
                .and_then(|text| BASE64_STANDARD.decode(text).ok());
            match bytes {
                Some(bytes) => Bytes::Ready(bytes, Written::Other),
                None => Bytes::Refused("has a value that is no base64; use google.protobuf.Struct"),
            }
        }
        ("google.protobuf.StringValue" | "google.protobuf.BytesValue", None) => {
            Bytes::Ready(Vec::new(), Written::Other)
        }
        _ => Bytes::Refused(
            "has a type that the module does not read; write \
             type.googleapis.com/google.protobuf.Struct",
        ),
    }
}

/// JSON in a block of YAML begins on the line after its `|`.
fn as_json(text: &str, line: usize) -> Written<'_> {
    let tree = yaml::read(text, Format::Json).ok();
    let first = if text.trim_end().contains('\n') {
        line
    } else {
        line - 1
    };
    match tree.and_then(|documents| documents.into_iter().next()) {
        Some(root) => Written::Text(root, first),
        None => Written::Other,
    }
}

impl Judged<'_> {
    /// A variable that this shell does not export has a value here that stands in for the real one:
    /// what is wrong with
    /// that is no fault of the file.
    fn forgive_stand_ins(&mut self) {
        let problems = std::mem::take(&mut self.problems);
        let is_real = |problem: &Diagnostic| {
            let node = self.place(&problem.path).1;
            let text = node.and_then(Node::text).unwrap_or_default();
            !self.variables.stands_in_for_any(text)
        };
        self.problems = problems.into_iter().filter(is_real).collect();
    }

    /// The line of a path of the configuration, and what is there.
    pub(crate) fn place(&self, path: &str) -> (usize, Option<&Node>) {
        let configuration = self.plugin.config.at("configuration");
        match &self.written {
            Written::Struct(root) => {
                let Place { line, node } = locate(root, path);
                let line = if path.is_empty() {
                    configuration.line
                } else {
                    line
                };
                (line, node)
            }
            Written::Text(root, first) => {
                let Place { line, node } = locate(root, path);
                (first + line, node)
            }
            Written::Other => (configuration.line, None),
        }
    }

    /// The configuration as a tree, where it is one.
    pub(crate) fn tree(&self) -> Option<&Node> {
        match &self.written {
            Written::Struct(root) => Some(root),
            Written::Text(root, _) => Some(root),
            Written::Other => None,
        }
    }

    /// A part of the file for a path of the configuration.
    pub(crate) fn part(&self, path: &str) -> Part<'_> {
        let (line, node) = self.place(path);
        Part {
            file: self.plugin.config.file,
            path: path.to_owned(),
            line,
            node: node.unwrap_or(self.plugin.config.node),
        }
    }

    /// The webhooks' entries as they are written.
    pub(crate) fn webhooks(&self) -> Vec<&Node> {
        let list = self.tree().and_then(|tree| tree.get("webhooks"));
        let items = list.map(Node::items).unwrap_or_default();
        items.iter().map(AsRef::as_ref).collect()
    }
}
