//! What the crate's own tests share.

use std::collections::HashMap;
use std::time::Duration;

use crate::clock::SteadyMillis;
use crate::config::{Acknowledge, Collect, Config, Dedupe, Limits, Options, Retry, Webhook};
use crate::consent::OptOut;
use crate::delivery::table::{Mark, Owner, Shared};

/// A configuration with these webhooks, everything else as by default but for what `change` makes of it.
pub(crate) fn config_with(webhooks: &[&str], change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config {
        webhooks: webhooks.iter().map(|name| webhook(name)).collect(),
        honored: OptOut::default(),
        context_ip: false,
        acknowledge: Acknowledge::default(),
        collect: Collect::default(),
        limits: Limits::default(),
        retry: Retry::default(),
        dedupe: Dedupe::default(),
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
        signing: None,
        options: Options::default(),
        rules: None,
    }
}

/// The host's shared data as Envoy has it: a value and a mark that each write changes.
#[derive(Debug, Default)]
pub(crate) struct FakeShared {
    buckets: HashMap<u32, (Vec<u8>, u32)>,
    pulses: HashMap<u32, SteadyMillis>,
    writes: u32,
}

impl Shared for FakeShared {
    fn load(&mut self, bucket: u32) -> (Vec<u8>, Mark) {
        self.buckets
            .get(&bucket)
            .map_or((Vec::new(), Mark(None)), |(value, mark)| {
                (value.clone(), Mark(Some(*mark)))
            })
    }

    fn store(&mut self, bucket: u32, value: &[u8], mark: Mark) -> bool {
        let is_unchanged = self.buckets.get(&bucket).map(|(_, mark)| *mark) == mark.0;
        if is_unchanged {
            self.writes += 1;
            self.buckets.insert(bucket, (value.to_vec(), self.writes));
        }
        is_unchanged
    }

    fn pulse_of(&mut self, owner: Owner) -> Option<SteadyMillis> {
        self.pulses.get(&owner.0).copied()
    }

    fn pulse(&mut self, owner: Owner, now: SteadyMillis) {
        self.pulses.insert(owner.0, now);
    }
}
