//! Walking the tree: every value knows its path, and every problem is collected rather than
//! returned.

use super::{environment, number};
use freshpaint_core::config::Diagnostic;

use super::quote::{listed, member, shown};
use super::tree::Node;

/// The tools of one reading of a configuration, and the problems found so far.
pub(super) struct Reader<'e> {
    /// Looks an environment variable of the VM up.
    pub(super) environment: &'e dyn Fn(&str) -> Option<String>,
    /// Says where a key belongs that an object at a path, which has other keys, does not have.
    pub(super) place: fn(key: &str, path: &str, known: &[&str]) -> Option<String>,
    /// A secret in plain sight is a problem and not only a warning.
    pub(super) secrets_by_name: bool,
    /// Problems that make the configuration unusable.
    pub(super) problems: Vec<Diagnostic>,
    /// Settings that are allowed and probably not meant.
    pub(super) warnings: Vec<Diagnostic>,
}

impl Reader<'_> {
    pub(super) fn problem(&mut self, path: &str, message: impl Into<String>) {
        add(&mut self.problems, path, message.into());
    }

    /// Reports a secret that stands in the configuration itself, and the variable that it could
    /// come from.
    pub(super) fn plain_secret(&mut self, path: &str, variable: &str) {
        let message = environment::in_plain_sight(variable);
        if self.secrets_by_name {
            self.problem(path, message);
        } else {
            self.warning(path, message);
        }
    }

    pub(super) fn warning(&mut self, path: &str, message: impl Into<String>) {
        add(&mut self.warnings, path, message.into());
    }
}

// One copy of it in the module is enough.
#[inline(never)]
fn add(list: &mut Vec<Diagnostic>, path: &str, message: String) {
    let path = path.to_owned();
    list.push(Diagnostic { path, message });
}

/// The argument for [`Field::string`] where any text will do.
pub(super) const TEXT: &str = "a string";

/// A value and where it stands.
pub(super) struct Field<'n> {
    pub(super) path: String,
    pub(super) node: &'n Node,
}

impl<'n> Field<'n> {
    /// The root of the tree.
    pub(super) fn root(node: &'n Node) -> Self {
        Self {
            path: String::new(),
            node,
        }
    }

    /// The members, of which each key must be one of `keys`; `None` when this is no object.
    pub(super) fn object(
        self,
        keys: &'static [&'static str],
        reader: &mut Reader<'_>,
    ) -> Option<Object<'n>> {
        if !matches!(self.node, Node::Object(_)) {
            let some = listed(keys.get(..3).unwrap_or(keys).iter().copied());
            let wanted = format!("an object with keys such as {some}");
            self.mismatch(&wanted, reader);
            return None;
        }
        let object = self.map("an object", reader)?;
        for (key, _) in &object.members {
            if !keys.contains(key) {
                let message = match (reader.place)(key, &object.path, keys) {
                    Some(place) => format!("is not a known key here; {place}"),
                    None => unknown(key, keys),
                };
                reader.problem(&member(&object.path, key), message);
            }
        }
        Some(object)
    }

    /// The members under keys of the writer's choice; `None` when this is no object.
    pub(super) fn map(self, wanted: &str, reader: &mut Reader<'_>) -> Option<Object<'n>> {
        let Node::Object(written) = self.node else {
            self.mismatch(wanted, reader);
            return None;
        };
        let mut members: Vec<(&str, &Node)> = Vec::with_capacity(written.len());
        for (key, node) in written {
            if members.iter().any(|(known, _)| known == key) {
                reader.problem(&member(&self.path, key), "is given twice; write it once");
            } else {
                members.push((key, node));
            }
        }
        Some(Object {
            path: self.path,
            members,
        })
    }

    /// The member under `key` of what may be an object; for advice, so that nothing is reported.
    pub(super) fn member(&self, key: &str) -> Option<Field<'n>> {
        let Node::Object(members) = self.node else {
            return None;
        };
        let (_, node) = members.iter().find(|(known, _)| known == key)?;
        let path = member(&self.path, key);
        Some(Field { path, node })
    }

    /// The items of what may be a list; for advice, so that nothing is reported.
    pub(super) fn items(&self) -> impl Iterator<Item = Field<'n>> + '_ {
        let items: &[Node] = match self.node {
            Node::List(items) => items,
            _ => &[],
        };
        items.iter().enumerate().map(|(index, node)| Field {
            path: format!("{}[{index}]", self.path),
            node,
        })
    }

    /// The items of a list; `None` when this is no list.
    pub(super) fn list(&self, wanted: &str, reader: &mut Reader<'_>) -> Option<Vec<Field<'n>>> {
        let Node::List(items) = self.node else {
            self.mismatch(wanted, reader);
            return None;
        };
        let item = |(index, node)| Field {
            path: format!("{}[{index}]", self.path),
            node,
        };
        Some(items.iter().enumerate().map(item).collect())
    }

    /// The text of a string; `None` when this is no string.
    pub(super) fn string(&self, wanted: &str, reader: &mut Reader<'_>) -> Option<&'n str> {
        if let Node::String(text) = self.node {
            return Some(text);
        }
        self.mismatch(wanted, reader);
        None
    }

    /// `true` or `false`, also in quotes; `None` when this is neither.
    pub(super) fn bool(&self, reader: &mut Reader<'_>) -> Option<bool> {
        match self.node {
            Node::Bool(value) => return Some(*value),
            Node::String(text) if text == "true" => return Some(true),
            Node::String(text) if text == "false" => return Some(false),
            _ => self.mismatch("true or false", reader),
        }
        None
    }

    /// A number, also one that arrives as text; `None` when this is neither.
    ///
    /// Envoy's YAML loader knows whole numbers only: it hands `0.1`, `.5`, `1.0` and `1e-1` over as
    /// the strings that they are written as.
    pub(super) fn number(&self) -> Option<f64> {
        match self.node {
            Node::Number(number) => Some(*number),
            Node::String(text) => number::parse(text),
            _ => None,
        }
    }

    /// The text with each `${NAME}` replaced; `None` when it cannot be.
    pub(super) fn expand(&self, written: &str, reader: &mut Reader<'_>) -> Option<String> {
        if let Some(name) = environment::without_braces(written) {
            reader.warning(
                &self.path,
                format!("holds ${name} without braces, which is sent as it is; write ${{{name}}}"),
            );
        }
        match environment::expand(written, reader.environment) {
            Ok(text) => Some(text),
            Err(message) => {
                reader.problem(&self.path, message);
                None
            }
        }
    }

    /// The meaning of one of the names in `choices`; `None` when this is no such name.
    pub(super) fn choice<T: Copy>(
        &self,
        choices: &[(&'static str, T)],
        reader: &mut Reader<'_>,
    ) -> Option<T> {
        let names = || listed(choices.iter().map(|(name, _)| *name));
        let text = self.string(&format!("one of {}", names()), reader)?;
        let chosen = choices.iter().find(|(name, _)| *name == text);
        if chosen.is_none() {
            reader.problem(
                &self.path,
                format!("is {}; write one of {}", shown(text), names()),
            );
        }
        chosen.map(|(_, value)| *value)
    }

    /// Reports a value of the wrong type.
    pub(super) fn mismatch(&self, wanted: &str, reader: &mut Reader<'_>) {
        // Values that YAML reads as these are most often text without quotes.
        let is_unquoted = matches!(self.node, Node::Bool(_) | Node::Number(_));
        let wanted = match wanted {
            TEXT if is_unquoted => "it in quotes",
            _ => wanted,
        };
        let found = match self.node {
            Node::Null => "null",
            Node::Bool(_) => "a boolean",
            Node::Number(_) => "a number",
            Node::String(_) => "a string",
            Node::List(_) => "a list",
            Node::Object(_) => "an object",
        };
        reader.problem(&self.path, format!("is {found}; write {wanted}"));
    }
}

/// The members of an object, each key once.
pub(super) struct Object<'n> {
    pub(super) path: String,
    members: Vec<(&'n str, &'n Node)>,
}

impl<'n> Object<'n> {
    /// The member under `key`, when it was written.
    pub(super) fn get(&self, key: &str) -> Option<Field<'n>> {
        self.fields()
            .find_map(|(known, field)| (known == key).then_some(field))
    }

    /// The path that the member under `key` has or would have.
    pub(super) fn path_of(&self, key: &str) -> String {
        member(&self.path, key)
    }

    /// Every member, as written.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'n str, Field<'n>)> + '_ {
        self.members.iter().map(|&(key, node)| {
            let path = self.path_of(key);
            (key, Field { path, node })
        })
    }
}

/// Names the known key that was probably meant; all of them when none is near.
fn unknown(key: &str, keys: &[&str]) -> String {
    let lower = key.to_ascii_lowercase();
    let distance = |known: &&&str| strsim::osa_distance(&lower, known);
    let near = |known: &&&str| 3 * distance(known) <= lower.chars().count().max(known.len());
    match keys.iter().min_by_key(distance).filter(near) {
        Some(nearest) => format!("is not a known key; write {}", shown(nearest)),
        None => format!(
            "is not a known key; write one of {}",
            listed(keys.iter().copied())
        ),
    }
}
