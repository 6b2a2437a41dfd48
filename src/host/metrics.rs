//! The host's ids of the metrics.

use freshpaint_core::config::Webhook;
use freshpaint_core::observe::{self, Change, Observe};

use super::{define_metric, increment, raise, record};

/// Ids by the index that the core gives to a metric.
#[derive(Debug)]
pub(crate) struct Metrics {
    ids: Vec<Option<u32>>,
}

impl Metrics {
    /// Defines every metric. Nothing may be counted here, because each VM that loads the
    /// configuration runs it.
    pub(crate) fn define(webhooks: &[Webhook]) -> Self {
        let metrics = observe::metrics(webhooks);
        Self {
            ids: metrics.iter().map(define_metric).collect(),
        }
    }

    /// Hands the changes over.
    pub(crate) fn flush(&self, observe: &mut Observe) {
        observe.take_changes(|metric, change| {
            let Some(Some(id)) = self.ids.get(metric.index()) else {
                return;
            };
            match change {
                Change::Add(count) => increment(*id, count),
                Change::Record(value) => record(*id, value),
                Change::Raise(value) => raise(*id, value),
            }
        });
    }
}
