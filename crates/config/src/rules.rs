//! `events`, `sample`, `sources`, consent, and `properties`: which events go where, for all
//! webhooks and for each.

use std::rc::Rc;

use super::read::{Field, Object, Reader};
use super::texts::texts;
use super::{advice, environment, properties};
use freshpaint_core::config::field::{self, Field as Description};
use freshpaint_core::consent::OptOut;
use freshpaint_core::event::Kind;
use freshpaint_core::routing::{Glob, Rules, Sample, Source};

/// The fields of `events`.
pub(super) const EVENTS_FIELDS: &[Description] = &[
    Description::other(
        "types",
        ["list", "all", "at least one"],
        "types",
        "`track`, `page`, `identify`, `group`. The options have to let identify and page events \
         through too.",
    ),
    Description::other(
        "allow",
        ["list", "all", NAMES],
        "names",
        "A track event goes when its name matches one of these. `*` stands for any characters, \
         also none; everything else for itself, in the same letter case.",
    ),
    Description::other(
        "deny",
        ["list", "none", NAMES],
        "names",
        "A track event whose name matches one of these does not go, whatever `allow` says.",
    ),
];
pub(super) const EVENTS_KEYS: &[&str] = &field::keys::<{ EVENTS_FIELDS.len() }>(EVENTS_FIELDS);
const NAMES: &str = "1 to 1,000, of up to 1,024 bytes";

/// `sample`, of all webhooks and of one.
pub(super) const SAMPLE: Description = Description::other(
    "sample",
    ["number", "`1`", "over 0, at most 1"],
    "sample",
    "The part of all users whose events go: `0.1` is one in ten.",
);
/// `sources`, of all webhooks and of one.
pub(super) const SOURCES: Description = Description::other(
    "sources",
    ["list", "all", NAMES],
    "names",
    "The write keys, tokens or environment ids whose events go. An event with another one, or with \
     none, does not. `${NAME}` is replaced.",
);
/// `honor`, of all webhooks and of one.
pub(super) const HONOR_FIELD: Description = Description::other(
    "honor",
    ["list", "none", "`gpc`, `dnt`"],
    "honor",
    "The signals that keep a request's events back: `gpc` is the header `Sec-GPC: 1` (Global \
     Privacy Control), `dnt` is `DNT: 1`.",
);
/// `requires_consent`, of all webhooks and of one.
pub(super) const REQUIRES_CONSENT: Description = Description::other(
    "requires_consent",
    ["list", "none", NAMES],
    "names",
    "The categories that all have to be granted in the event: `true` under their names in \
     `context.consent.categoryPreferences`, where Segment's SDKs and consent managers put them.",
);

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

/// Reads the rules that `object` has, in addition to those of `all` webhooks.
pub(super) fn read(object: &Object<'_>, all: &Rules, reader: &mut Reader<'_>) -> Rules {
    let mut rules = all.clone();
    if let Some(field) = object.get("sources") {
        const WANTED: &str = "a list of write keys or environment ids";
        rules
            .sources
            .extend(texts(&field, WANTED, reader, |text, reader| {
                let source = environment::expand(text, reader.environment)?;
                environment::check_plain(&source).map(|()| Source(source.into()))
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
    advice::of_narrowing(object, &rules, reader);
    for key in ["events", "properties"] {
        if let Some(field) = object.get(key) {
            advice::of_allow_and_deny(&field, reader);
        }
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
    let Some(fraction) = field.number() else {
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
