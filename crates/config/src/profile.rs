//! `profile`: what health data asks of a configuration (seed, "Supports HIPAA mode").

use super::collect;
use super::fields::Members;
use super::quote::shown;
use super::read::{Object, Reader};
use freshpaint_core::config::field::{self, Field as Description, Flag};
use freshpaint_core::config::{Collect, Webhook};
use freshpaint_core::consent::OptOut;
use freshpaint_core::redaction::{Path, Redaction, UrlPart};
use freshpaint_core::routing::Rules;

#[derive(Clone, Copy)]
pub(super) enum Profile {
    Hipaa,
}

pub(super) const PROFILES: [(&str, Profile); 1] = [("hipaa", Profile::Hipaa)];

/// The rules for all webhooks of this profile, before their own.
pub(super) fn rules(profile: Option<Profile>) -> Rules {
    let Some(Profile::Hipaa) = profile else {
        return Rules::default();
    };
    let path = |text| Path::parse(text).ok();
    Rules {
        honor: OptOut {
            gpc: true,
            dnt: true,
        },
        redaction: Some(Redaction {
            only_allowed: true,
            deny: path("userId").into_iter().collect(),
            ..Redaction::default()
        }),
        ..Rules::default()
    }
}

/// The urls of pages in a payload, each with the member beside it that holds the path.
const PAGE_URLS: [(&str, &str); 2] = [
    ("context.page.url", "context.page.path"),
    ("properties.url", "properties.path"),
];

/// Completes a webhook's rules once its own have been read: without anything allowed, nothing is,
/// and urls are cut.
pub(super) fn complete(rules: &mut Rules) {
    let Some(redaction) = rules.redaction.as_mut().filter(|own| own.only_allowed) else {
        return;
    };
    if redaction.allow.is_empty() {
        redaction.allow.push(Vec::new());
    }
    for (url, path) in PAGE_URLS {
        let (Ok(url), Ok(path)) = (Path::parse(url), Path::parse(path)) else {
            continue;
        };
        let part = if redaction.allows(&path) {
            UrlPart::Path
        } else {
            UrlPart::Origin
        };
        redaction.urls.push((url, part));
        redaction.urls.push((path, UrlPart::Path));
    }
    // Pageviews of some SDKs have it among their properties.
    if let Ok(referrer) = Path::parse("context.page.referrer") {
        redaction.urls.push((referrer, UrlPart::Origin));
    }
}

/// Holds the webhooks against the profile.
pub(super) fn check(
    profile: Option<Profile>,
    root: &Object<'_>,
    webhooks: &[Webhook],
    reader: &mut Reader<'_>,
) {
    let unsigned = unsigned(profile, root, webhooks, reader);
    let Some(Profile::Hipaa) = profile else {
        return;
    };
    for webhook in webhooks {
        let name = &webhook.name;
        if webhook.scheme != "https" {
            reader.problem(
                "profile",
                format!(
                    "sends over https alone, and the url of webhook {name} is http; write an \
                         https url"
                ),
            );
        }
        if webhook.signing.is_none() && !unsigned.contains(name) {
            reader.problem(
                "profile",
                format!(
                    "signs its webhooks, and webhook {name} has no signing; write signing, or \
                         its name into allow_unsigned"
                ),
            );
        }
    }
}

/// The fields of `context`.
pub(super) const CONTEXT_FIELDS: &[Description] = &[Description {
    key: "ip",
    about: "Send the address of the client on, as `context.ip` of the payload.",
    kind: Flag(false).kind(),
}];
pub(super) const CONTEXT_KEYS: &[&str] = &field::keys::<{ CONTEXT_FIELDS.len() }>(CONTEXT_FIELDS);

/// Reads `context.ip`, which the profile does not have.
pub(super) fn read_context_ip(
    profile: Option<Profile>,
    root: &Object<'_>,
    reader: &mut Reader<'_>,
) -> bool {
    let context = root.get("context");
    let Some(field) = context
        .and_then(|field| field.object(CONTEXT_KEYS, reader))
        .and_then(|object| object.get("ip"))
    else {
        return false;
    };
    let is_sent = field.bool(reader).unwrap_or(false);
    if let (true, Some(Profile::Hipaa)) = (is_sent, profile) {
        reader.problem(
            &field.path,
            "is true, and the profile sends no address; write false, or leave it out",
        );
    }
    is_sent
}

/// Reads `collect`, which needs a key for ids under the profile.
pub(super) fn read_collect(
    profile: Option<Profile>,
    root: &Object<'_>,
    reader: &mut Reader<'_>,
) -> Collect {
    let object = collect::object(root, reader);
    let has_key = object
        .as_ref()
        .is_some_and(|object| object.get("id_key").is_some());
    let collect = object.as_ref().map_or_else(Collect::default, |object| {
        Collect::read(&mut Members { object, reader })
    });
    if let (Some(Profile::Hipaa), false) = (profile, has_key) {
        reader.problem(
            "collect.id_key",
            "is missing, and the profile needs it; write a secret, such as \"${ID_KEY}\"",
        );
    }
    collect
}

/// `allow_unsigned`: names of webhooks.
fn unsigned(
    profile: Option<Profile>,
    root: &Object<'_>,
    webhooks: &[Webhook],
    reader: &mut Reader<'_>,
) -> Vec<String> {
    let Some(field) = root.get("allow_unsigned") else {
        return Vec::new();
    };
    if profile.is_none() {
        reader.problem(
            &field.path,
            "means nothing without a profile; write profile too, or leave it out",
        );
    }
    let items = field.list("a list of names of webhooks", reader);
    let mut names = Vec::new();
    for item in items.unwrap_or_default() {
        let Some(name) = item.string("the name of a webhook", reader) else {
            continue;
        };
        if !webhooks.iter().any(|webhook| webhook.name == name) {
            reader.problem(
                &item.path,
                format!(
                    "is {}, and no webhook has that name; write the name of a webhook",
                    shown(name)
                ),
            );
        }
        names.push(name.to_owned());
    }
    names
}
