//! Reads YAML and JSON as Envoy does, and keeps the line of everything.

use granit_parser::{Event, Parser, ScalarStyle, Span, Tag};
use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use crate::node::{Member, Node, Object, Value};
use crate::scalar;

/// Most values of a file, with every alias written out.
const MOST_VALUES: usize = 500_000;
/// Deepest nesting; Envoy's own limit is 100 (protobuf's for JSON).
const DEEPEST: usize = 100;

/// The rules that scalars follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Envoy's reading of YAML.
    Yaml,
    /// JSON, in which a fraction is a number.
    Json,
}

/// Why a text is no tree.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) line: usize,
    pub(crate) message: String,
}

/// Reads every document of a text.
///
/// # Errors
///
/// The first thing that is no YAML, or no JSON.
pub(crate) fn read(text: &str, format: Format) -> Result<Vec<Rc<Node>>, Broken> {
    if format == Format::Json {
        serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|error| Broken {
            line: error.line(),
            message: format!("is not JSON ({})", category(&error)),
        })?;
    }
    let mut builder = Builder {
        format,
        lines: text.lines().collect(),
        documents: Vec::new(),
        open: Vec::new(),
        anchors: HashMap::new(),
    };
    let options = granit_parser::options! { strict_indentation: true };
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = next.map_err(|error| Broken {
            line: error.marker().line(),
            message: format!("is not YAML ({})", error.info()),
        })?;
        builder.take(event, span)?;
    }
    Ok(builder.documents)
}

/// Without serde's words, which can quote the text.
fn category(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        _ => "its syntax is wrong here",
    }
}

/// A list or an object whose end has not come yet.
struct Open {
    line: usize,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Rc<Node>>),
    Object(Object, Option<Key>),
}

struct Key {
    text: String,
    line: usize,
    /// `!ignore`, by which Envoy leaves a member out.
    is_ignored: bool,
}

struct Builder<'t> {
    format: Format,
    lines: Vec<&'t str>,
    documents: Vec<Rc<Node>>,
    open: Vec<Open>,
    anchors: HashMap<usize, Rc<Node>>,
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Broken> {
        let line = span.start.line();
        match event {
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag, line),
            Event::SequenceStart(_, anchor, _) => {
                self.open(line, anchor, Content::List(Vec::new()))
            }
            Event::MappingStart(_, anchor, _) => {
                self.refuse_tabs(&span)?;
                self.open(line, anchor, Content::Object(Object::default(), None))
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(id) => match self.anchors.get(&id) {
                Some(node) => self.add(Rc::clone(node)),
                None => Err(broken(line, "holds an alias inside what it stands for")),
            },
            _ => Ok(()),
        }
    }

    /// YAML takes a tab between a dash and the first key of its item; Envoy's loader does not.
    fn refuse_tabs(&self, span: &Span) -> Result<(), Broken> {
        let line = self.lines.get(span.start.line() - 1).copied();
        let mut characters = line.unwrap_or_default().chars();
        let before: String = characters.by_ref().take(span.start.col()).collect();
        let is_item = before.starts_with(['-', ' ']) && before.trim_end().ends_with('-');
        let is_block = self.format == Format::Yaml && characters.next() != Some('{');
        if is_item && is_block && before.contains('\t') {
            return Err(broken(
                span.start.line(),
                "is not YAML (a tab after the dash)",
            ));
        }
        Ok(())
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<Cow<'_, Tag>>,
        line: usize,
    ) -> Result<(), Broken> {
        let tag = tag.map(|tag| format!("{}{}", tag.handle(), tag.suffix()));
        if let Some(Open {
            content: Content::Object(_, key @ None),
            ..
        }) = self.open.last_mut()
        {
            *key = Some(Key {
                text: text.to_owned(),
                line,
                is_ignored: tag.as_deref() == Some("!ignore"),
            });
            if anchor != 0 {
                let node = Node::new(line, Value::String(text.to_owned()));
                self.anchors.insert(anchor, Rc::new(node));
            }
            return Ok(());
        }
        let value = match (style, tag.as_deref()) {
            (ScalarStyle::Plain, Some("!")) => Value::String(text.to_owned()),
            (ScalarStyle::Plain, None) if self.format == Format::Json => json_scalar(text),
            (ScalarStyle::Plain, None) => scalar::read(text),
            (_, Some(tag)) if tag != "!" => scalar::read_tagged(text),
            _ => Value::String(text.to_owned()),
        };
        self.anchored(anchor, Node::new(line, value))
    }

    fn open(&mut self, line: usize, anchor: usize, content: Content) -> Result<(), Broken> {
        let parent = self.open.last().map(|open| &open.content);
        if let Some(Content::Object(_, None)) = parent {
            return Err(broken(line, "has a key that is no text"));
        }
        self.open.push(Open {
            line,
            anchor,
            content,
        });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Broken> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let value = match open.content {
            Content::List(items) => Value::List(items),
            Content::Object(object, _) => Value::Object(object),
        };
        self.anchored(open.anchor, Node::new(open.line, value))
    }

    fn anchored(&mut self, anchor: usize, node: Node) -> Result<(), Broken> {
        if node.depth > DEEPEST || node.size > MOST_VALUES {
            return Err(broken(node.line, "nests or repeats more than Envoy takes"));
        }
        let node = Rc::new(node);
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.add(node)
    }

    fn add(&mut self, node: Rc<Node>) -> Result<(), Broken> {
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.documents.push(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Object(object, key)) => match key.take() {
                Some(key) => object.insert(key, node),
                // An alias as a key.
                None => {
                    let text = node.text().map(str::to_owned);
                    let text = text.ok_or_else(|| broken(node.line, "has a key that is no text"));
                    *key = Some(Key {
                        text: text?,
                        line: node.line,
                        is_ignored: false,
                    });
                }
            },
        }
        Ok(())
    }
}

impl Object {
    fn insert(&mut self, key: Key, node: Rc<Node>) {
        if key.is_ignored {
            return;
        }
        let member = Member {
            key: key.text,
            line: key.line,
            node,
        };
        let known = self.members.iter_mut().find(|m| m.key == member.key);
        match known {
            Some(known) => {
                self.twice.push((member.key.clone(), member.line));
                *known = member;
            }
            None => self.members.push(member),
        }
    }
}

fn broken(line: usize, message: &str) -> Broken {
    Broken {
        line,
        message: message.into(),
    }
}

fn json_scalar(text: &str) -> Value {
    match text {
        "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => text
            .parse()
            .map_or_else(|_| Value::String(text.to_owned()), Value::Number),
    }
}
