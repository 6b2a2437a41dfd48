//! Helpers that the crate's own tests share.

use std::time::Duration;

use crate::config::{
    Acknowledge, Collect, Config, Dedupe, Guarantee, Limits, Observe, Options, Retry, Timestamps,
    Webhook,
};
use crate::consent::OptOut;

/// A configuration with these webhooks, everything else as by default but for what `change` makes
/// of it.
pub(crate) fn config_with(webhooks: &[&str], change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config {
        webhooks: webhooks.iter().map(|name| webhook(name)).collect(),
        honored: OptOut::default(),
        context_ip: false,
        hipaa: false,
        dead_letter: None,
        acknowledge: Acknowledge::default(),
        timestamps: Timestamps::default(),
        collect: Collect::default(),
        limits: Limits::default(),
        retry: Retry::default(),
        dedupe: Dedupe::default(),
        observe: Observe::default(),
        warnings: Vec::new(),
    };
    change(&mut config);
    config
}

/// A configuration with these webhooks, everything else as by default.
pub(crate) fn config(webhooks: &[&str]) -> Config {
    config_with(webhooks, |_| {})
}

/// A webhook of this name, everything else as by default.
pub(crate) fn webhook(name: &str) -> Webhook {
    Webhook {
        name: name.into(),
        scheme: "http",
        authority: format!("{name}.example.com"),
        path: "/".into(),
        cluster: name.into(),
        headers: Vec::new(),
        timeout: Duration::from_secs(5),
        guarantee: Guarantee::default(),
        batch: None,
        signing: None,
        options: Options::default(),
        rules: None,
    }
}
