//! The configurations of the workers.

use std::time::Duration;

use crate::config::{Acknowledge, Batch, BatchFormat, Config, Guarantee};
use crate::testing::config;

/// The webhooks that get events; the dead letter webhook comes after them.
pub(super) const WEBHOOKS: usize = 3;
/// The one that is promised each event.
pub(super) const EACH: usize = 2;
pub(super) const DEAD_LETTER: usize = WEBHOOKS;
pub(super) const MOST_IN_FLIGHT: usize = 2;
/// Events in one call to a webhook with `batch`.
pub(super) const MOST_TOGETHER: usize = 4;
pub(super) const MOST_HELD: usize = 4;
pub(super) const MOST_BYTES: usize = 8 * 500;

/// The differences between configurations.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Variant {
    /// Webhook `a` has `guarantee: each` too.
    pub(super) each: bool,
    /// Webhook `b` gets each event in a call of its own.
    pub(super) single: bool,
    pub(super) no_dead_letter: bool,
    pub(super) little_room: bool,
}

pub(super) fn configuration(acknowledge: Acknowledge, variant: Variant) -> Config {
    let mut config = config(&["a", "b", "c", "dead"]);
    config.dead_letter = (!variant.no_dead_letter).then_some(DEAD_LETTER);
    if variant.each {
        config.webhooks[0].guarantee = Guarantee::Each;
    }
    config.webhooks[EACH].guarantee = Guarantee::Each;
    for (webhook, format, max_wait) in [
        (1, BatchFormat::JsonArray, Duration::ZERO),
        (EACH, BatchFormat::Ndjson, Duration::from_millis(50)),
    ] {
        config.webhooks[webhook].batch = Some(Batch {
            format,
            max_events: MOST_TOGETHER,
            max_wait,
            ..Batch::default()
        });
    }
    if variant.single {
        config.webhooks[1].batch = None;
    }
    config.retry.max_refusals = 2;
    config.retry.window = Duration::from_secs(120);
    config.retry.max_backoff = Duration::from_secs(20);
    config.dedupe.window = Duration::from_secs(3_600);
    config.acknowledge = acknowledge;
    config.limits.max_in_flight_per_webhook = MOST_IN_FLIGHT;
    config.limits.max_in_flight_bytes = MOST_BYTES;
    config.retry.max_held_events = if variant.little_room { 1 } else { MOST_HELD };
    config
}
