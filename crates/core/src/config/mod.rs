//! The plugin's configuration, checked: what the rest of the crate may rely on.
//!
//! [`Config::parse`] reads it in three steps, each in a module of its own: the bytes become one tree whichever way
//! they came (`tree`, `structpb`), a reader walks the tree and collects every problem with its path (`read`), and
//! one module per part of the tree turns it into the types of this one.

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
mod secret;
mod signing;
mod structpb;
mod target;
#[cfg(test)]
mod tests;
mod tree;
mod webhook;

use std::rc::Rc;
use std::time::Duration;

pub use collect::{Collect, Dialect};
pub use limits::{Dedupe, Limits, Retry};
pub use origin::Origin;
pub use problem::Problem;
pub use secret::Secret;

use crate::consent::OptOut;
use crate::event::Kind;
use crate::routing::Rules;
use crate::signing::Signing;
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

/// The whole configuration of one plugin instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// 1 to 32 webhooks, in the order of the configuration.
    pub webhooks: Vec<Webhook>,
    /// The signals that some webhook honors: those that requests are asked for.
    pub honored: OptOut,
    /// Whether payloads carry the client's address, as `context.ip`.
    pub context_ip: bool,
    /// When the SDK gets its success answer.
    pub acknowledge: Acknowledge,
    /// Where collection requests are found.
    pub collect: Collect,
    /// Sizes and counts.
    pub limits: Limits,
    /// What becomes of events that every webhook failed.
    pub retry: Retry,
    /// How events are recognised when an SDK sends them again.
    pub dedupe: Dedupe,
    /// What is allowed and probably not meant; to be logged once.
    pub warnings: Vec<Problem>,
}

impl Config {
    /// Reads a plugin configuration as Envoy hands it over: JSON text (`google.protobuf.StringValue`) or the wire
    /// bytes of a `google.protobuf.Struct`. `environment` looks an environment variable of the VM up.
    ///
    /// ```
    /// # use freshpaint_core::config::Config;
    /// let config = Config::parse(br#"{"webhooks": [{"url": "https://example.com/in"}]}"#, &|_| None).unwrap();
    /// assert_eq!(config.webhooks[0].authority, "example.com");
    /// ```
    ///
    /// # Errors
    ///
    /// Every problem of the configuration, in the order of the documentation; at least one.
    pub fn parse(
        bytes: &[u8],
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader {
            environment,
            secrets_by_name: false,
            problems: Vec::new(),
            warnings: Vec::new(),
        };
        let config = match tree::read(bytes) {
            Ok(node) => Field::root(&node)
                .object(KEYS, &mut reader)
                .map(|root| Self::read(&root, &mut reader)),
            Err(message) => {
                reader.problem("", message);
                None
            }
        };
        match config {
            Some(config) if reader.problems.is_empty() => Ok(Self {
                warnings: reader.warnings,
                ..config
            }),
            _ => Err(reader.problems),
        }
    }

    fn read(root: &Object<'_>, reader: &mut Reader<'_>) -> Self {
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
        Self {
            webhooks,
            honored,
            context_ip: profile::read_context_ip(profile, root, reader),
            acknowledge: Acknowledge::read(root, reader),
            collect: collect::read(root, reader),
            limits: limits::read_limits(root, reader),
            retry: limits::read_retry(root, reader),
            dedupe: limits::read_dedupe(root, reader),
            warnings: Vec::new(),
        }
    }
}

/// One configured endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// `[a-z0-9_]{1,40}`, unique; in metrics and log lines.
    pub name: String,
    /// `http` or `https`.
    pub scheme: &'static str,
    /// Host and, unless it is the scheme's default, port.
    pub authority: String,
    /// Path and query as sent, never empty.
    pub path: Secret,
    /// The Envoy cluster that the calls go to.
    pub cluster: String,
    /// Configured headers, lower-case names, `${NAME}` already replaced; `content-type` and `user-agent` included.
    pub headers: Vec<(String, Secret)>,
    /// Over 0 and at most 5 s (seed, "Considerations").
    pub timeout: Duration,
    /// How its calls are signed; `None` leaves them unsigned.
    pub signing: Option<Signing>,
    /// The contract's two options as they hold for this webhook.
    pub options: Options,
    /// Which events it takes beyond that; `None` takes all.
    pub rules: Option<Rc<Rules>>,
}

/// The contract's options (seed, "Configuration Options"); both are off by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Send identify events.
    pub enable_identify_events: bool,
    /// Send automatically collected pageview events.
    pub enable_pageview_events: bool,
}

impl Options {
    /// Whether they let an event of this kind through; `automatic` as in [`crate::event::Event`].
    #[must_use]
    pub fn take(self, kind: Kind, automatic: bool) -> bool {
        match kind {
            Kind::Identify => self.enable_identify_events,
            Kind::Page => self.enable_pageview_events || !automatic,
            Kind::Track | Kind::Group => true,
        }
    }
}

/// When the SDK gets its success answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Acknowledge {
    /// As soon as every event has one acceptance; the other deliveries go on.
    #[default]
    FirstAcceptance,
    /// When every delivery has ended, 25 s at most.
    Settled,
}

impl Acknowledge {
    const CHOICES: [(&'static str, Self); 2] = [
        ("first_acceptance", Self::FirstAcceptance),
        ("settled", Self::Settled),
    ];

    fn read(root: &Object<'_>, reader: &mut Reader<'_>) -> Self {
        root.get("acknowledge")
            .and_then(|field| field.choice(&Self::CHOICES, reader))
            .unwrap_or_default()
    }
}
