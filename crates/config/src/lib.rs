//! Reads the plugin's configuration, and says everything that is wrong with it.
//!
//! [`parse`] reads it in three steps, each in a module of its own: the bytes become one tree whichever way they came
//! (`tree`, `structpb`), a reader walks the tree and collects every problem with its path (`read`), and one module per
//! part of the tree turns it into the types of [`freshpaint_core::config`].
//!
//! It runs once and is a crate of its own because of that: the module has it compiled for size, and the rest for speed.
#![forbid(unsafe_code)]

mod bound;
mod collect;
mod duration;
mod environment;
mod headers;
mod host;
mod limits;
mod origin;
mod problem;
mod profile;
mod properties;
mod read;
mod rules;
mod signing;
mod structpb;
mod target;
#[cfg(test)]
mod tests;
mod tree;
mod webhook;

use freshpaint_core::config::{Acknowledge, Config, Options, Problem};
use freshpaint_core::consent::OptOut;
use read::{Field, Object, Reader};

const KEYS: &[&str] = &[
    "webhooks",
    "cluster",
    "options",
    "events",
    "sample",
    "sources",
    "properties",
    "honor",
    "requires_consent",
    "context",
    "profile",
    "allow_unsigned",
    "acknowledge",
    "collect",
    "limits",
    "retry",
    "dedupe",
];

/// Reads a plugin configuration as Envoy hands it over: JSON text (`google.protobuf.StringValue`) or the wire
/// bytes of a `google.protobuf.Struct`. `environment` looks an environment variable of the VM up.
///
/// ```
/// let config = freshpaint_config::parse(br#"{"webhooks": [{"url": "https://example.com/in"}]}"#, &|_| None).unwrap();
/// assert_eq!(config.webhooks[0].authority, "example.com");
/// ```
///
/// # Errors
///
/// Every problem of the configuration, in the order of the documentation; at least one.
pub fn parse(
    bytes: &[u8],
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, Vec<Problem>> {
    let mut reader = Reader {
        environment,
        secrets_by_name: false,
        problems: Vec::new(),
        warnings: Vec::new(),
    };
    let config = match tree::read(bytes) {
        Ok(node) => Field::root(&node)
            .object(KEYS, &mut reader)
            .map(|root| read(&root, &mut reader)),
        Err(message) => {
            reader.problem("", message);
            None
        }
    };
    match config {
        Some(config) if reader.problems.is_empty() => Ok(Config {
            warnings: reader.warnings,
            ..config
        }),
        _ => Err(reader.problems),
    }
}

fn read(root: &Object<'_>, reader: &mut Reader<'_>) -> Config {
    let cluster = webhook::read_cluster(root, webhook::DEFAULT_CLUSTER, reader);
    let options = webhook::read_options(root, Options::default(), reader);
    let profile = root
        .get("profile")
        .and_then(|field| field.choice(&profile::PROFILES, reader));
    reader.secrets_by_name = profile.is_some();
    let rules = rules::read(root, &profile::rules(profile), reader);
    let webhooks = webhook::read_all(root, &cluster, options, &rules, reader);
    profile::check(profile, root, &webhooks, reader);
    let honored = webhooks
        .iter()
        .filter_map(|webhook| Some(webhook.rules.as_ref()?.honor))
        .fold(OptOut::default(), OptOut::or);
    Config {
        webhooks,
        honored,
        context_ip: profile::read_context_ip(profile, root, reader),
        acknowledge: acknowledge(root, reader),
        collect: collect::read(root, reader),
        limits: limits::read_limits(root, reader),
        retry: limits::read_retry(root, reader),
        dedupe: limits::read_dedupe(root, reader),
        warnings: Vec::new(),
    }
}

const ACKNOWLEDGE: [(&str, Acknowledge); 2] = [
    ("first_acceptance", Acknowledge::FirstAcceptance),
    ("settled", Acknowledge::Settled),
];

fn acknowledge(root: &Object<'_>, reader: &mut Reader<'_>) -> Acknowledge {
    root.get("acknowledge")
        .and_then(|field| field.choice(&ACKNOWLEDGE, reader))
        .unwrap_or_default()
}
