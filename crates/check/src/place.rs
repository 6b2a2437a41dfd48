//! Where the parser's path of a problem stands in the file.

use crate::node::{Member, Node, Value};

/// The path of a member, as the module writes it.
pub(crate) fn member(parent: &str, key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if key.is_empty() || !key.bytes().all(plain) {
        format!("{parent}[{}]", shown(key))
    } else if parent.is_empty() {
        key.to_owned()
    } else {
        format!("{parent}.{key}")
    }
}

/// Text as a message shows it: quoted, on one line, and cut when long.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 40;
    let cut = if text.chars().count() > LONGEST {
        "..."
    } else {
        ""
    };
    let line = text.chars().take(LONGEST).flat_map(char::escape_debug);
    format!("\"{}{cut}\"", line.collect::<String>())
}

/// The deepest value of a tree that a path reaches, and its line.
pub(crate) struct Place<'n> {
    pub(crate) line: usize,
    /// The value itself, when the whole path is there.
    pub(crate) node: Option<&'n Node>,
}

/// Follows `wanted` from the root of the module's configuration.
pub(crate) fn locate<'n>(root: &'n Node, wanted: &str) -> Place<'n> {
    let mut place = Place {
        line: root.line,
        node: Some(root),
    };
    let mut here = String::new();
    while here != wanted {
        let Some((path, line, node)) = place.node.and_then(|node| step(node, &here, wanted)) else {
            place.node = None;
            break;
        };
        (here, place) = (
            path,
            Place {
                line,
                node: Some(node),
            },
        );
    }
    place
}

/// The child of `node` on the way to `wanted`; `here` is the path of `node`.
fn step<'n>(node: &'n Node, here: &str, wanted: &str) -> Option<(String, usize, &'n Node)> {
    let leads = |path: &String| {
        let rest = wanted.strip_prefix(path.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    match &node.value {
        Value::Object(object) => {
            let of = |found: &'n Member| (member(here, &found.key), found.line, &*found.node);
            object.members.iter().map(of).find(|(path, ..)| leads(path))
        }
        Value::List(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(index, item)| {
                let path = format!("{here}[{index}]");
                leads(&path).then_some((path, item.line, &**item))
            })
        }
        _ => None,
    }
}
