//! Writes JSON with lines of at most 100 columns where it can.

use serde_json::Value;

/// The members that stand first, in this order; the others follow by name.
const FIRST: [&str; 7] = [
    "$schema",
    "title",
    "description",
    "type",
    "required",
    "additionalProperties",
    "properties",
];

/// The whole document.
pub(super) fn text(value: &Value) -> String {
    format!("{}\n", written(value, 0, 0))
}

/// `value` at this depth; `before` columns of its first line are taken.
fn written(value: &Value, depth: usize, before: usize) -> String {
    let (brackets, items): (_, Vec<String>) = match value {
        Value::Object(members) => {
            let rank = |key: &str| {
                FIRST
                    .iter()
                    .position(|first| *first == key)
                    .unwrap_or(FIRST.len())
            };
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| (rank(key), *key));
            let member = |(key, value): (&String, &Value)| {
                let key = format!("{}: ", Value::from(key.as_str()));
                let value = written(value, depth + 1, 2 * depth + 2 + key.len());
                key + &value
            };
            (["{", "}"], members.into_iter().map(member).collect())
        }
        Value::Array(items) => {
            let item = |item| written(item, depth + 1, 2 * depth + 2);
            (["[", "]"], items.iter().map(item).collect())
        }
        scalar => return scalar.to_string(),
    };
    let [open, close] = brackets;
    let line = format!("{open}{}{close}", items.join(", "));
    if before + line.chars().count() < 100 && !line.contains('\n') || items.is_empty() {
        return line;
    }
    let indent = "  ".repeat(depth);
    let items = items.join(&format!(",\n{indent}  "));
    format!("{open}\n{indent}  {items}\n{indent}{close}")
}
