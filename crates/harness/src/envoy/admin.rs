//! Envoy's counters and gauges.

use super::Envoy;
use crate::wait::poll;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::time::Duration;

/// Counters and gauges by their whole names.
pub type Stats = BTreeMap<String, u64>;

/// The prefix that Envoy gives the names of a module's metrics.
const OURS: &str = "wasmcustom.freshpaint_webhooks.";

impl Envoy {
    /// One counter or gauge by its whole name; 0 when Envoy has none of that name.
    pub fn stat(&self, name: &str) -> Result<u64> {
        let text = self.ask_admin(&format!("/stats?filter=%5E{name}%24"))?;
        Ok(parse(&text).get(name).copied().unwrap_or(0))
    }

    /// The module's counters that are not 0, by their names after `freshpaint_webhooks.`.
    pub fn metrics(&self) -> Result<Stats> {
        let text =
            self.ask_admin("/stats?type=Counters&filter=%5Ewasmcustom.freshpaint_webhooks.")?;
        Ok(parse(&text)
            .into_iter()
            .filter(|(_, value)| *value > 0)
            .filter_map(|(name, value)| Some((name.strip_prefix(OURS)?.to_owned(), value)))
            .collect())
    }

    /// Waits until a counter or gauge has this value; the error has the value it had at last.
    pub fn wait_for_stat(&self, name: &str, value: u64, limit: Duration) -> Result<()> {
        let mut last = 0;
        poll(limit, || {
            last = self.stat(name).ok()?;
            (last == value).then_some(())
        })
        .with_context(|| format!("waited {limit:?} for {name} to be {value}; it is {last}"))
    }
}

fn parse(text: &str) -> Stats {
    text.lines()
        .filter_map(|line| line.rsplit_once(": "))
        .filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?)))
        .collect()
}
