//! Metrics and log lines: everything that an operator sees of the rules.

mod changes;
pub(crate) mod delivery_log;
pub(crate) mod gauges;
pub mod labels;
mod log_lines;
mod metrics;
pub mod peers;
mod per_second;
pub mod record;
pub mod recorder;
mod registry;
#[cfg(test)]
mod tests;
pub mod totals;

use crate::config::Webhook;

use changes::Changes;
use delivery_log::DeliveryLog;
use metrics::Ids;
use recorder::Recorder;
use registry::Registry;

pub use changes::Change;
pub use log_lines::{LogLine, LogLines};
pub use metrics::{Counter, Gauge, Histogram};
pub use registry::{Label, Metric, MetricId, MetricKind};

/// Counts, values and log lines that the shell has not taken yet.
#[derive(Debug)]
pub struct Observe {
    ids: Ids,
    changes: Changes,
    /// Log lines since the shell last took them.
    pub log_lines: LogLines,
    /// The records of the live page; `None` where there is none.
    pub recorder: Option<Box<Recorder>>,
    /// `observe.log: deliveries`; `None` without it.
    pub(crate) delivery_log: Option<Box<DeliveryLog>>,
}

/// Every metric of a configuration with these webhooks, by [`MetricId::index`].
#[must_use]
pub fn metrics(webhooks: &[Webhook]) -> Vec<Metric> {
    let mut registry = Registry::default();
    Ids::register(&mut registry, webhooks);
    registry.metrics
}

impl Observe {
    /// Nothing to tell yet, for a configuration with these webhooks.
    #[must_use]
    pub fn new(webhooks: &[Webhook]) -> Self {
        let mut registry = Registry::default();
        Self {
            ids: Ids::register(&mut registry, webhooks),
            changes: Changes::new(registry.metrics.len()),
            log_lines: LogLines::default(),
            recorder: None,
            delivery_log: None,
        }
    }

    /// Counts one. There is no counter for an index that is no webhook's, nor for a reason that no
    /// rule of the webhook has.
    pub fn count(&mut self, counter: Counter) {
        if let Some(id) = self.ids.counter(counter) {
            self.changes.add_one(id);
        }
    }

    /// Sets a gauge.
    pub fn set(&mut self, gauge: Gauge, value: u64) {
        if let Some(id) = self.ids.gauge(gauge) {
            self.changes.set(id, value);
        }
    }

    /// Sets a gauge, unless it has a higher value already.
    pub(crate) fn raise(&mut self, gauge: Gauge, value: u64) {
        if let Some(id) = self.ids.gauge(gauge) {
            self.changes.raise(id, value);
        }
    }

    /// Gives a histogram one more value.
    pub fn record(&mut self, histogram: Histogram, value: u64) {
        if let Some(id) = self.ids.histogram(histogram) {
            self.changes.record(id, value);
        }
    }

    /// So many values of histograms wait that they should be taken soon: each takes memory, and all
    /// are handed over at once.
    #[must_use]
    pub fn is_pressing(&self) -> bool {
        self.changes.is_pressing()
    }

    /// Gives each change of a metric since the last time of asking.
    pub fn take_changes(&mut self, mut give: impl FnMut(MetricId, Change)) {
        self.changes.take(&mut give);
    }
}
