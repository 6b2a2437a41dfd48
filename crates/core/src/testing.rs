//! What the crate's own tests share.

use std::collections::HashMap;

use crate::clock::SteadyMillis;
use crate::config::{Config, Webhook};
use crate::delivery::table::{Mark, Owner, Shared};

/// A configuration with these webhooks and `more` at its top, everything else as by default.
pub(crate) fn config_with(webhooks: &[&str], more: &str) -> Config {
    let webhooks: Vec<_> = webhooks
        .iter()
        .map(|name| {
            format!(
                r#"{{"name": "{name}", "url": "http://{name}.example.com/", "cluster": "{name}"}}"#
            )
        })
        .collect();
    let text = format!(r#"{{"webhooks": [{}]{more}}}"#, webhooks.join(","));
    Config::parse(text.as_bytes(), &|_| None).unwrap()
}

/// A configuration with these webhooks, everything else as by default.
pub(crate) fn config(webhooks: &[&str]) -> Config {
    config_with(webhooks, "")
}

/// A webhook of this name, everything else as by default.
pub(crate) fn webhook(name: &str) -> Webhook {
    config(&[name]).webhooks.remove(0)
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
