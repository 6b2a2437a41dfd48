//! Until when a call may begin, so that its webhook has its whole timeout.

use std::time::Duration;

use super::entry::Entry;
use super::TOTAL_TIMEOUT;
use crate::clock::{millis, SteadyMillis};
use crate::config::Config;

/// From when on a call in a round that ends at `deadline` would not have the webhook's whole
/// timeout.
pub(super) fn too_late(config: &Config, deadline: SteadyMillis, webhook: usize) -> SteadyMillis {
    let latest = deadline.saturating_sub(millis(timeout(config, webhook)));
    latest.saturating_add(1)
}

/// Whether a call that began now would not have the webhook's whole timeout. It would take the
/// webhook's time for an answer that nobody hears.
pub(super) fn starts_too_late(
    config: &Config,
    entry: &Entry,
    webhook: usize,
    now: SteadyMillis,
) -> bool {
    now.saturating_add(millis(timeout(config, webhook))) > entry.deadline()
}

pub(super) fn timeout(config: &Config, webhook: usize) -> Duration {
    let configured = config.webhooks.get(webhook);
    configured.map_or(TOTAL_TIMEOUT, |webhook| webhook.timeout.min(TOTAL_TIMEOUT))
}
