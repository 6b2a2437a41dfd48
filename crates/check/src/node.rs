//! A file as a tree in which every value knows its line.

use std::rc::Rc;

/// A value and the line on which it begins.
#[derive(Debug)]
pub(crate) struct Node {
    /// From 1.
    pub(crate) line: usize,
    pub(crate) value: Value,
    /// The number of values in it with every alias written out, so that a file of aliases cannot
    /// grow without end.
    pub(crate) size: usize,
    /// How deep it nests.
    pub(crate) depth: usize,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(f64),
    String(String),
    List(Vec<Rc<Node>>),
    /// Each key once, the last of equal ones, as Envoy has it.
    Object(Object),
}

#[derive(Debug, Default)]
pub(crate) struct Object {
    pub(crate) members: Vec<Member>,
    /// Keys that were given again, with the line of the later one.
    pub(crate) twice: Vec<(String, usize)>,
}

#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) key: String,
    pub(crate) line: usize,
    pub(crate) node: Rc<Node>,
}

/// Wherever they stand, and in whatever order.
impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        let has = |wanted: &Member| {
            let mut members = other.members.iter();
            members.any(|member| member.key == wanted.key && member.node == wanted.node)
        };
        self.members.len() == other.members.len() && self.members.iter().all(has)
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Node {
    pub(crate) fn new(line: usize, value: Value) -> Self {
        let children: Vec<&Node> = match &value {
            Value::List(items) => items.iter().map(Rc::as_ref).collect(),
            Value::Object(object) => object.members.iter().map(|m| m.node.as_ref()).collect(),
            _ => Vec::new(),
        };
        let sizes = children.iter().map(|child| child.size);
        let depths = children.iter().map(|child| child.depth + 1);
        let (size, depth) = (
            sizes.fold(1, usize::saturating_add),
            depths.max().unwrap_or(0),
        );
        Self {
            line,
            value,
            size,
            depth,
        }
    }

    /// The members of an object; none of anything else.
    pub(crate) fn members(&self) -> &[Member] {
        match &self.value {
            Value::Object(object) => &object.members,
            _ => &[],
        }
    }

    /// The items of a list; none of anything else.
    pub(crate) fn items(&self) -> &[Rc<Node>] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The items of a list, or the one value that protobuf takes for a list of one.
    pub(crate) fn items_or_itself(&self) -> Vec<&Node> {
        match &self.value {
            Value::List(items) => items.iter().map(Rc::as_ref).collect(),
            _ => vec![self],
        }
    }

    /// A field of one of Envoy's messages, whose name may also be written in camelCase.
    pub(crate) fn member(&self, field: &str) -> Option<&Member> {
        let mut members = self.members().iter();
        members.find(|member| is_field(&member.key, field))
    }

    /// The value of a field; `a.b.c` goes down three.
    pub(crate) fn get(&self, path: &str) -> Option<&Node> {
        path.split('.').try_fold(self, |node, field| {
            node.member(field).map(|member| member.node.as_ref())
        })
    }

    /// The text of a string; Envoy takes no other scalar for one.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The text under a path of fields.
    pub(crate) fn text_at(&self, path: &str) -> Option<&str> {
        self.get(path)?.text()
    }

    /// Whether the flag under a path of fields is set; protobuf takes a quoted `true` too.
    pub(crate) fn is_set(&self, path: &str) -> bool {
        self.get(path)
            .is_some_and(|node| node.value == Value::Bool(true) || node.text() == Some("true"))
    }

    /// The number under a path of fields, also in its own message (`{value: 5}`) or as a string.
    pub(crate) fn number_at(&self, path: &str) -> Option<f64> {
        let node = self.get(path)?;
        match &node.value {
            Value::Number(number) => Some(*number),
            Value::String(text) => text.parse().ok(),
            Value::Object(_) => node.number_at("value"),
            _ => None,
        }
    }

    /// The seconds of a duration such as `1.5s` under a path of fields.
    pub(crate) fn seconds_at(&self, path: &str) -> Option<f64> {
        self.text_at(path)?.strip_suffix('s')?.parse().ok()
    }
}

/// Whether a key names a field: protobuf takes `snake_case` and `camelCase` in JSON and YAML.
pub(crate) fn is_field(key: &str, field: &str) -> bool {
    if key == field {
        return true;
    }
    let mut words = field.split('_');
    let mut rest = words.next().and_then(|first| key.strip_prefix(first));
    for word in words {
        rest = rest.and_then(|rest| {
            let mut letters = word.chars();
            let rest = rest.strip_prefix(letters.next()?.to_ascii_uppercase())?;
            rest.strip_prefix(letters.as_str())
        });
    }
    rest == Some("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_has_two_spellings() {
        assert!(is_field("http_filters", "http_filters"));
        assert!(is_field("httpFilters", "http_filters"));
        assert!(is_field("name", "name"));
        assert!(!is_field("httpfilters", "http_filters"));
        assert!(!is_field("http_filters", "http_filter"));
        assert!(!is_field("httpFiltersX", "http_filters"));
    }
}
