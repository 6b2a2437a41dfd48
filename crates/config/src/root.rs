//! The root of the tree, and the order in which its parts are read.

use freshpaint_core::config::field::{self, Field as Description, Kind};
use freshpaint_core::config::{
    Acknowledge, Collect, Config, Dedupe, Limits, Observe, Options, Retry, Timestamps,
};
use freshpaint_core::consent::OptOut;

use super::read::{Object, Reader};
use super::{advice, dead_letter, limits, profile, properties, rules, webhook};

/// The fields of the whole configuration, in the order of the manual.
pub(super) const FIELDS: &[Description] = &[
    Description {
        key: "webhooks",
        about: "The endpoints.",
        kind: Kind::Objects {
            fields: webhook::FIELDS,
            min: 1,
            max: webhook::MAX_WEBHOOKS,
            or_text: false,
        },
    },
    Description::other(
        "cluster",
        ["string", "`webhooks_egress`", "1 to 1,024 bytes"],
        "default_cluster",
        "The cluster of webhooks that name none. The shipped `envoy.yaml` has `webhooks_egress`, \
         which reaches any public url.",
    ),
    Description::other(
        "guarantee",
        ["string", "`at_least_one`", "`at_least_one`, `each`"],
        "default_guarantee",
        "`at_least_one`: an event is kept until one webhook has accepted it. `each`: until each \
         webhook has.",
    ),
    Description::other(
        "dead_letter",
        ["string", "none", "name of a webhook"],
        "webhook_name",
        "The webhook that gets what would be dropped, and nothing else.",
    ),
    Description::object(
        "options",
        webhook::OPTIONS_FIELDS,
        "both off",
        "See [options](#options).",
    ),
    Description::object(
        "events",
        rules::EVENTS_FIELDS,
        "all events",
        "See [rules](#rules).",
    ),
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
    Description::object(
        "context",
        profile::CONTEXT_FIELDS,
        "no address",
        "See [context](#context).",
    ),
    Description::other(
        "profile",
        ["string", "none", "`hipaa`"],
        "profile",
        "More rules for all webhooks, beside those that are written.",
    ),
    Description::other(
        "allow_unsigned",
        ["list", "none", "names of webhooks"],
        "allow_unsigned",
        "Webhooks that need no [signing](#signing) under the profile.",
    ),
    Description::other(
        "acknowledge",
        [
            "string",
            "`first_acceptance`",
            "`first_acceptance`, `settled`",
        ],
        "acknowledge",
        "When the SDK gets its success answer.",
    ),
    Description::other(
        "timestamps",
        ["string", "`seconds`", "`seconds`, `milliseconds`"],
        "timestamps",
        "How exact the `timestamp` of payloads is: `2022-12-28T22:00:25Z` or \
         `2022-12-28T22:00:25.123Z`.",
    ),
    Description::object(
        "collect",
        Collect::FIELDS,
        "every path of every SDK",
        "See [collect](#collect).",
    ),
    Description::object(
        "limits",
        Limits::FIELDS,
        "as below",
        "See [limits](#limits).",
    ),
    Description::object("retry", Retry::FIELDS, "as below", "See [retry](#retry)."),
    Description::object(
        "dedupe",
        Dedupe::FIELDS,
        "as below",
        "See [dedupe](#dedupe).",
    ),
    Description::object(
        "observe",
        Observe::FIELDS,
        "as below",
        "See [observe](#observe).",
    ),
];
pub(super) const KEYS: &[&str] = &field::keys::<{ FIELDS.len() }>(FIELDS);

/// Reads the whole configuration.
pub(super) fn read(root: &Object<'_>, reader: &mut Reader<'_>) -> Config {
    let cluster = webhook::read_cluster(root, advice::DEFAULT_CLUSTER, reader);
    let guarantee = choice(root, "guarantee", &webhook::GUARANTEES, reader);
    let options = webhook::read_options(root, Options::default(), reader);
    let profile = root
        .get("profile")
        .and_then(|field| field.choice(&profile::PROFILES, reader));
    reader.secrets_by_name = profile.is_some();
    let all = webhook::All {
        cluster,
        guarantee,
        options,
        rules: rules::read(root, &profile::rules(profile), reader),
    };
    let webhooks = webhook::read_all(root, &all, reader);
    advice::of_types(root, &webhooks, reader);
    advice::of_same_url(&webhooks, reader);
    let dead_letter = dead_letter::read(root, reader);
    let retry = limits::read_retry(root, reader);
    advice::of_window(&webhooks, &retry, reader);
    profile::check(profile, root, &webhooks, reader);
    let honored = webhooks
        .iter()
        .filter_map(|webhook| Some(webhook.rules.as_ref()?.honor))
        .fold(OptOut::default(), OptOut::or);
    Config {
        webhooks,
        honored,
        context_ip: profile::read_context_ip(profile, root, reader),
        hipaa: matches!(profile, Some(profile::Profile::Hipaa)),
        acknowledge: choice(root, "acknowledge", &ACKNOWLEDGE, reader),
        timestamps: choice(root, "timestamps", &TIMESTAMPS, reader),
        dead_letter,
        collect: profile::read_collect(profile, root, reader),
        limits: limits::read_limits(root, reader),
        retry,
        dedupe: limits::read_dedupe(root, reader),
        observe: limits::read_observe(root, reader),
        warnings: Vec::new(),
    }
}

pub(super) const ACKNOWLEDGE: [(&str, Acknowledge); 2] = [
    ("first_acceptance", Acknowledge::FirstAcceptance),
    ("settled", Acknowledge::Settled),
];

pub(super) const TIMESTAMPS: [(&str, Timestamps); 2] = [
    ("seconds", Timestamps::Seconds),
    ("milliseconds", Timestamps::Milliseconds),
];

/// The meaning of one of the names in `choices`; the default where none is written.
fn choice<T: Copy + Default>(
    root: &Object<'_>,
    key: &str,
    choices: &[(&'static str, T)],
    reader: &mut Reader<'_>,
) -> T {
    root.get(key)
        .and_then(|field| field.choice(choices, reader))
        .unwrap_or_default()
}
