//! The configurations of the workers.

use std::rc::Rc;
use std::time::Duration;

use crate::config::{Acknowledge, Batch, BatchFormat, Config, Guarantee};
use crate::event::Kind;
use crate::routing::Rules;
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
    /// Webhook `b` comes before `a`.
    pub(super) swapped: bool,
    /// Webhook `a` has another name, and its url.
    pub(super) renamed: bool,
    /// Webhook `b` has a rule, which lets all events through.
    pub(super) ruled: bool,
    /// There is no webhook `b`.
    pub(super) gone: bool,
    /// Events are kept for a shorter time.
    pub(super) brief: bool,
    /// The webhooks have few calls at a time together.
    pub(super) crowded: bool,
}

impl Variant {
    /// The webhook at each place of the configuration.
    pub(super) fn places(self) -> Vec<usize> {
        let mut places: Vec<_> = (0..=WEBHOOKS).collect();
        if self.swapped {
            places.swap(0, 1);
        }
        if self.no_dead_letter {
            places.pop();
        }
        places.retain(|place| !(self.gone && *place == 1));
        places
    }

    pub(super) fn configuration(self, acknowledge: Acknowledge) -> Config {
        let mut config = config(&["a", "b", "c", "dead"]);
        if self.each {
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
        if self.single {
            config.webhooks[1].batch = None;
        }
        if self.ruled {
            config.webhooks[1].rules = Some(Rc::new(Rules {
                types: vec![vec![Kind::Track]],
                ..Rules::default()
            }));
        }
        if self.renamed {
            config.webhooks[0].name = "z".into();
        }
        if self.swapped {
            config.webhooks.swap(0, 1);
        }
        config
            .webhooks
            .retain(|webhook| !(self.gone && webhook.name == "b"));
        if self.no_dead_letter {
            config.webhooks.pop();
        } else {
            config.dead_letter = Some(config.webhooks.len() - 1);
        }
        config.retry.max_refusals = 2;
        config.retry.window = Duration::from_secs(if self.brief { 30 } else { 120 });
        config.retry.max_backoff = Duration::from_secs(20);
        config.dedupe.window = Duration::from_secs(3_600);
        config.acknowledge = acknowledge;
        config.limits.max_in_flight_per_webhook = MOST_IN_FLIGHT;
        if self.crowded {
            config.limits.max_in_flight = 4;
        }
        config.limits.max_in_flight_bytes = MOST_BYTES;
        config.retry.max_held_events = if self.little_room { 1 } else { MOST_HELD };
        config
    }
}
