//! `events`, `sample`, `sources`, consent, and `properties`: which events go where, for all webhooks and for each.

use std::rc::Rc;

use super::read::{Field, Object, Reader};
use super::tree::Node;
use super::{environment, properties};
use freshpaint_core::consent::OptOut;
use freshpaint_core::event::Kind;
use freshpaint_core::routing::{Glob, Rules, Sample, Source};

pub(super) const EVENTS_KEYS: &[&str] = &["types", "allow", "deny"];

/// The signals that can be honored.
pub(super) const HONOR: [(&str, OptOut); 2] = [
    (
        "gpc",
        OptOut {
            gpc: true,
            dnt: false,
        },
    ),
    (
        "dnt",
        OptOut {
            gpc: false,
            dnt: true,
        },
    ),
];

/// Most patterns of one list, and most sources.
pub(super) const MOST: usize = 1_000;
/// Longest pattern or source, in bytes.
pub(super) const LONGEST: usize = 1_024;

/// Reads the rules that `object` has, in addition to those of `all` webhooks.
pub(super) fn read(object: &Object<'_>, all: &Rules, reader: &mut Reader<'_>) -> Rules {
    let mut rules = all.clone();
    if let Some(field) = object.get("sources") {
        const WANTED: &str = "a list of write keys or environment ids";
        rules
            .sources
            .extend(texts(&field, WANTED, reader, |text, reader| {
                environment::expand(text, reader.environment).map(|source| Source(source.into()))
            }));
    }
    if let Some(sample) = object
        .get("sample")
        .and_then(|field| sample(&field, reader))
    {
        rules.sample = Some(rules.sample.map_or(sample, |all| all.min(sample)));
    }
    if let Some(field) = object.get("honor") {
        rules.honor = rules.honor.or(honor(&field, reader));
    }
    if let Some(field) = object.get("requires_consent") {
        const WANTED: &str = "a list of consent categories";
        let categories = texts(&field, WANTED, reader, |text, _| Ok(text.to_owned()));
        rules
            .requires_consent
            .extend(categories.unwrap_or_default());
    }
    if let Some(events) = object
        .get("events")
        .and_then(|field| field.object(EVENTS_KEYS, reader))
    {
        rules
            .types
            .extend(events.get("types").and_then(|field| types(&field, reader)));
        let mut patterns = |key| {
            const WANTED: &str = "a list of event names such as [\"Order *\"]";
            let field = events.get(key)?;
            texts(&field, WANTED, reader, |text, _| Ok(Glob::new(text)))
        };
        rules.allow.extend(patterns("allow"));
        rules.deny.extend(patterns("deny").unwrap_or_default());
    }
    rules.redaction = properties::read(object, all.redaction.as_ref(), reader);
    rules
}

/// As a webhook holds them: nothing at all when there are none.
pub(super) fn shared(rules: Rules) -> Option<Rc<Rules>> {
    (!rules.is_empty()).then(|| Rc::new(rules))
}

/// The part of all users, over 0 and at most 1; `None` for all of them.
fn sample(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<Sample> {
    const WANTED: &str = "a fraction over 0 and at most 1, such as 0.1";
    let Node::Number(fraction) = *field.node else {
        field.mismatch(WANTED, reader);
        return None;
    };
    if fraction > 0.0 && fraction <= 1.0 {
        return (fraction < 1.0).then(|| Sample::of(fraction));
    }
    reader.problem(&field.path, format!("is out of bounds; write {WANTED}"));
    None
}

fn types(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<Vec<Kind>> {
    let choices = Kind::ALL.map(|kind| (kind.as_str(), kind));
    let items = field.list("a list of event types", reader)?;
    if items.is_empty() {
        reader.problem(
            &field.path,
            "is empty; write at least one type, or leave the key out for all",
        );
    }
    let types = items
        .iter()
        .filter_map(|item| item.choice(&choices, reader));
    Some(types.collect())
}

fn honor(field: &Field<'_>, reader: &mut Reader<'_>) -> OptOut {
    let mut honor = OptOut::default();
    let items = field.list("a list of signals such as [\"gpc\", \"dnt\"]", reader);
    for item in items.unwrap_or_default() {
        if let Some(signal) = item.choice(&HONOR, reader) {
            honor = honor.or(signal);
        }
    }
    honor
}

/// A list of texts, each of which `make` makes something of.
pub(super) fn texts<T>(
    field: &Field<'_>,
    wanted: &str,
    reader: &mut Reader<'_>,
    make: impl Fn(&str, &mut Reader<'_>) -> Result<T, String>,
) -> Option<Vec<T>> {
    let items = field.list(wanted, reader)?;
    if items.is_empty() {
        reader.problem(
            &field.path,
            format!("is empty; write {wanted}, or leave the key out"),
        );
    } else if items.len() > MOST {
        reader.problem(
            &field.path,
            format!("has {} entries; write at most {MOST}", items.len()),
        );
    }
    let mut made = Vec::with_capacity(items.len());
    for item in items {
        let Some(text) = item.string("a string", reader) else {
            continue;
        };
        if text.is_empty() || text.len() > LONGEST {
            let message = match text.len() {
                0 => format!("is empty; write 1 to {LONGEST} bytes"),
                length => format!("is {length} bytes long; write 1 to {LONGEST}"),
            };
            reader.problem(&item.path, message);
            continue;
        }
        match make(text, reader) {
            Ok(one) => made.push(one),
            Err(message) => reader.problem(&item.path, message),
        }
    }
    Some(made)
}
