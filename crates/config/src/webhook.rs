//! The list of webhooks.

use super::read::{Object, Reader};
use super::target::{self, Target};
use super::{advice, batch, bound, headers, names, profile, properties, rules, secrets, signing};
use freshpaint_core::config::field::{self, Field as Description, Span};
use freshpaint_core::config::{Batch, Guarantee, Options, Webhook};
use freshpaint_core::routing::Rules;

/// The fields of one webhook.
pub(super) const FIELDS: &[Description] = &[
    Description::other(
        "name",
        ["string", "`webhook_0`, `webhook_1`, ...", "`[a-z0-9_]{1,40}`, unique"],
        "webhook_name",
        "The webhook in metrics and log lines. Name them, so that a dashboard survives a change of \
         their order.",
    ),
    Description::other(
        "url",
        ["string", "required", "8,192 bytes"],
        "url",
        "Where to POST. `http` or `https`, absolute, without user-info (`user@`) and fragment \
         (`#`). `${NAME}` is replaced first.",
    ),
    Description::other(
        "cluster",
        ["string", "`cluster`", "1 to 1,024 bytes"],
        "cluster",
        "The Envoy cluster that the calls go to. Envoy does DNS, TLS, pools and circuit breaking \
         there; a cluster for each webhook keeps them apart.",
    ),
    Description::other(
        "headers",
        ["object of strings", "`{}`", "64 headers, 32,768 bytes in all"],
        "headers",
        "Sent with every call. A name has up to 128 bytes, a value up to 8,192 after `${NAME}` is \
         replaced. Spaces and tabs around a value are cut off. See [headers](#headers).",
    ),
    Description {
        key: "timeout",
        about: "How long one call may take, connecting included. The contract gives a webhook 5 \
                seconds, so it can be less and never more.",
        kind: TIMEOUT.kind(),
    },
    Description::other(
        "guarantee",
        ["string", "`guarantee`", "`at_least_one`, `each`"],
        "guarantee",
        "The promise to this webhook. See [guarantee](#guarantee).",
    ),
    Description::object("batch", Batch::FIELDS, "one event in each call", "See [batch](#batch)."),
    Description::object("signing", signing::FIELDS, "not signed", "See [signing](#signing)."),
    Description::object("options", OPTIONS_FIELDS, "`options`", "See [options](#options)."),
    Description::object("events", rules::EVENTS_FIELDS, "all events", "See [rules](#rules)."),
    rules::SAMPLE,
    rules::SOURCES,
    Description::object(
        "properties",
        properties::FIELDS,
        "everything",
        "See [properties](#properties).",
    ),
    rules::HONOR_FIELD,
    rules::REQUIRES_CONSENT,
];
pub(super) const KEYS: &[&str] = &field::keys::<{ FIELDS.len() }>(FIELDS);

/// The fields of `options`; the default is that of a configuration without any.
pub(super) const OPTIONS_FIELDS: &[Description] = &[
    Description::other(
        "enable_identify_events",
        ["boolean", "`false`", ""],
        "flag",
        "Send identify events: who the users are.",
    ),
    Description::other(
        "enable_pageview_events",
        ["boolean", "`false`", ""],
        "flag",
        "Send pageview events that the SDK collected by itself. A pageview event that somebody \
         named is a track event and always goes.",
    ),
];
pub(super) const OPTIONS_KEYS: &[&str] = &field::keys::<{ OPTIONS_FIELDS.len() }>(OPTIONS_FIELDS);

/// Most webhooks.
pub(super) const MAX_WEBHOOKS: usize = 32;
/// Longest name of a cluster, in bytes.
pub(super) const MAX_CLUSTER_BYTES: usize = 1_024;
/// Seed, "Considerations": a webhook must respond within 5 seconds. Envoy counts whole
/// milliseconds, and takes 0 for no limit at all.
const TIMEOUT: Span = Span::millis(5_000, 1, 5_000);

const WANTED: &str =
    "a list of 1 to 32 webhooks, such as [{\"url\": \"https://example.com/events\"}]";

/// The names of the guarantees.
pub(super) const GUARANTEES: [(&str, Guarantee); 2] = [
    ("at_least_one", Guarantee::AtLeastOne),
    ("each", Guarantee::Each),
];

/// The settings of webhooks that have none of their own.
pub(super) struct All {
    pub(super) cluster: String,
    pub(super) guarantee: Guarantee,
    pub(super) options: Options,
    pub(super) rules: Rules,
}

/// Reads `webhooks`.
pub(super) fn read_all(root: &Object<'_>, all: &All, reader: &mut Reader<'_>) -> Vec<Webhook> {
    let Some(field) = root.get("webhooks") else {
        reader.problem(
            &root.path_of("webhooks"),
            format!("is missing; write {WANTED}"),
        );
        return Vec::new();
    };
    let Some(items) = field.list(WANTED, reader) else {
        return Vec::new();
    };
    if items.is_empty() {
        reader.problem(&field.path, format!("is empty; write {WANTED}"));
    } else if items.len() > MAX_WEBHOOKS {
        reader.problem(
            &field.path,
            format!("has {} webhooks; write at most {MAX_WEBHOOKS}", items.len()),
        );
    }
    let objects: Vec<_> = items
        .into_iter()
        .map(|item| item.object(KEYS, reader))
        .collect();
    let names = names::read(&objects, reader);
    let webhooks = objects.iter().zip(names).filter_map(|(object, name)| {
        let object = object.as_ref()?;
        read(object, name, all, reader)
    });
    webhooks.collect()
}

fn read(object: &Object<'_>, name: String, all: &All, reader: &mut Reader<'_>) -> Option<Webhook> {
    let target = read_url(object, reader);
    let cluster = read_cluster(object, &all.cluster, reader);
    let batch = batch::read(object, reader);
    let format = batch.as_ref().map(|batch| batch.format);
    let headers = match object.get("headers") {
        Some(field) => headers::read(field, format, reader),
        None => headers::defaults(format),
    };
    let timeout = object
        .get("timeout")
        .and_then(|field| bound::span(&field, TIMEOUT, reader))
        .unwrap_or(TIMEOUT.default);
    let guarantee = object
        .get("guarantee")
        .and_then(|field| field.choice(&GUARANTEES, reader))
        .unwrap_or(all.guarantee);
    let signing = signing::read(object, &name, &headers, reader);
    let options = read_options(object, all.options, reader);
    let mut rules = rules::read(object, &all.rules, reader);
    profile::complete(&mut rules);
    let rules = rules::shared(rules);
    let Target {
        scheme,
        authority,
        path,
        is_private,
    } = target?;
    if is_private {
        advice::of_address(&object.path_of("url"), &cluster, reader);
    }
    let webhook = Webhook {
        name,
        scheme,
        authority,
        path: path.into(),
        cluster,
        headers,
        timeout,
        guarantee,
        batch,
        signing,
        options,
        rules,
    };
    advice::of_types(object, std::slice::from_ref(&webhook), reader);
    Some(webhook)
}

fn read_url(object: &Object<'_>, reader: &mut Reader<'_>) -> Option<Target> {
    const WANTED: &str = "an absolute url such as \"https://example.com/events\"";
    let Some(field) = object.get("url") else {
        reader.problem(
            &object.path_of("url"),
            format!("is missing; write {WANTED}"),
        );
        return None;
    };
    let written = field.string(WANTED, reader)?;
    if let Some(parameter) = secrets::in_query(written) {
        let variable = parameter
            .to_ascii_uppercase()
            .replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        reader.plain_secret(&field.path, &variable);
    }
    let expanded = field.expand(written, reader)?;
    match target::parse(&expanded) {
        Ok(target) => Some(target),
        Err(message) => {
            reader.problem(&field.path, message);
            None
        }
    }
}

/// The object's `cluster`, else `default`.
pub(super) fn read_cluster(object: &Object<'_>, default: &str, reader: &mut Reader<'_>) -> String {
    const WANTED: &str = "the name of an Envoy cluster";
    let named = object.get("cluster").and_then(|field| {
        let name = field.string(WANTED, reader)?;
        if name.trim().is_empty() {
            reader.problem(
                &field.path,
                format!("is empty; write {WANTED}, or leave the key out"),
            );
            return None;
        }
        if name.len() > MAX_CLUSTER_BYTES || name.chars().any(char::is_control) {
            let message =
                format!("has control characters or over {MAX_CLUSTER_BYTES} bytes; write {WANTED}");
            reader.problem(&field.path, message);
            return None;
        }
        if name.contains("${") {
            let message = "has a \"${\", which is not replaced here; write the cluster's name";
            reader.problem(&field.path, message);
            return None;
        }
        Some(name)
    });
    named.unwrap_or(default).to_owned()
}

/// The object's `options`, each of which `default` stands in for.
pub(super) fn read_options(
    object: &Object<'_>,
    default: Options,
    reader: &mut Reader<'_>,
) -> Options {
    let Some(object) = object
        .get("options")
        .and_then(|field| field.object(OPTIONS_KEYS, reader))
    else {
        return default;
    };
    let mut option = |key, default| {
        object
            .get(key)
            .and_then(|field| field.bool(reader))
            .unwrap_or(default)
    };
    Options {
        enable_identify_events: option("enable_identify_events", default.enable_identify_events),
        enable_pageview_events: option("enable_pageview_events", default.enable_pageview_events),
    }
}
