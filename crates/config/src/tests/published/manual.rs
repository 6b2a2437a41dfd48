//! The rows of the manual's tables of fields.

use super::{hold, places, Place};
use crate::duration;
use freshpaint_core::config::field::Kind;
use freshpaint_core::intake::dialect;

const MANUAL: &str = include_str!("../../../../../docs/configuration.md");

/// The default of a field in the words of the manual.
pub(super) fn default(kind: Kind) -> String {
    match kind {
        Kind::Count(count) => format!("`{}`", count.default),
        Kind::Span(span) => format!("`{}`", duration::text(span.default)),
        Kind::Flag(flag) => format!("`{}`", flag.0),
        Kind::Object { default, .. } => default.into(),
        Kind::Objects { .. } => "required".into(),
        Kind::Other(other) => other.default.into(),
    }
}

/// The cell of a field in the column of this name.
fn cell(Place { path, field }: &Place, column: &str) -> String {
    match (column, field.kind) {
        ("field", _) => format!("`{path}`"),
        ("type", Kind::Count(_)) => "whole number".into(),
        ("type", Kind::Span(_)) => "duration".into(),
        ("type", Kind::Flag(_)) => "boolean".into(),
        ("type", Kind::Object { .. }) => "object".into(),
        ("type", Kind::Objects { .. }) => "list".into(),
        ("type", Kind::Other(other)) => other.type_name.into(),
        ("default", kind) => default(kind),
        ("bounds", Kind::Count(count)) => format!("`{}` to `{}`", count.min, count.max),
        ("bounds", Kind::Span(span)) => {
            let [min, max] = [span.min, span.max].map(duration::text);
            format!("`{min}` to `{max}`")
        }
        ("bounds", Kind::Objects { min, max, .. }) => format!("{min} to {max}"),
        ("bounds", Kind::Other(other)) => other.bounds.into(),
        ("bounds", _) => String::new(),
        ("meaning", _) => field.about.trim().into(),
        (column, _) => panic!("no field has a {column}"),
    }
}

/// The row of a field in a table with these columns.
fn row_of(place: &Place, columns: &[&str]) -> String {
    let cells: Vec<_> = columns.iter().map(|column| cell(place, column)).collect();
    format!("| {} |", cells.join(" | ")).replace("|  |", "| |")
}

/// The row of a field in a table with all columns.
pub(in crate::tests) fn row(place: &Place) -> String {
    row_of(place, &["field", "type", "default", "bounds", "meaning"])
}

/// Text without Markdown's marks.
pub(super) fn plain(markdown: &str) -> String {
    let mut text = String::new();
    let mut rest = markdown.trim();
    while let Some((before, link)) = rest.split_once('[') {
        let Some((label, after)) = link.split_once("](") else {
            break;
        };
        text.push_str(before);
        text.push_str(label);
        rest = after.split_once(')').unwrap().1;
    }
    text.push_str(rest);
    text.replace('`', "")
}

/// An object at the root has a section of its own instead of a row.
fn has_a_row(place: &Place) -> bool {
    !matches!(place.field.kind, Kind::Object { .. }) || place.path.contains('.')
}

/// The row of each dialect, and the line of the whole tree that lists them.
fn with_dialects(manual: &str) -> Vec<String> {
    let mut made = Vec::new();
    let mut in_table = false;
    for line in manual.lines() {
        in_table = line.starts_with("| dialect |") || in_table && line.starts_with('|');
        if line.starts_with("  dialects: [") {
            let names = dialect::ALL.map(|dialect| dialect.name);
            made.push(format!("  dialects: [{}]", names.join(", ")));
        } else if !(in_table && line.starts_with("| `")) {
            made.push(line.to_owned());
        }
        if in_table && line.starts_with("|--") {
            made.extend(dialect::ALL.map(|dialect| {
                let paths: Vec<_> = dialect.paths().map(|path| format!("`{path}`")).collect();
                let (name, about) = (dialect.name, dialect.about);
                format!("| `{name}` | {} | {about} |", paths.join(", "))
            }));
        }
    }
    made
}

/// A row for each field, in the tables whose first column is `field`; and one for each dialect.
#[test]
fn the_tables_are_those_of_the_descriptions() {
    let mut places: Vec<_> = places().into_iter().filter(has_a_row).collect();
    let manual = with_dialects(MANUAL);
    let mut made: Vec<String> = Vec::new();
    let mut columns: Vec<&str> = Vec::new();
    for line in &manual {
        let cells = || {
            line.trim_matches('|')
                .split(" | ")
                .map(str::trim)
                .collect::<Vec<_>>()
        };
        if line.starts_with("| field |") {
            columns = cells();
        } else if !line.starts_with('|') {
            columns.clear();
        }
        let is_row = !columns.is_empty() && line.starts_with("| `");
        let name = cells()
            .first()
            .map(|name| name.trim_matches('`').to_owned());
        let (true, Some(name)) = (is_row, name) else {
            made.push(line.to_owned());
            continue;
        };
        let Some(at) = places.iter().position(|place| place.path == name) else {
            panic!("docs/configuration.md: no field, or one for the second time: {name}");
        };
        let mut at = at;
        loop {
            let place = places.remove(at);
            made.push(row_of(&place, &columns));
            // A new field follows the one that it follows in the description.
            let is_new = |next: &Place| {
                let parent =
                    |path: &str| path.rsplit_once('.').map(|(parent, _)| parent.to_owned());
                parent(&next.path) == parent(&place.path)
                    && !MANUAL.contains(&format!("\n| `{}` |", next.path))
            };
            match places.get(at).is_some_and(is_new) {
                true => at += 0,
                false => break,
            }
        }
    }
    let missing: Vec<_> = places.iter().map(|place| &place.path).collect();
    assert!(
        missing.is_empty(),
        "docs/configuration.md has no row for {missing:?}"
    );
    hold("configuration.md", &(made.join("\n") + "\n"));
}
