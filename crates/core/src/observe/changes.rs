//! Changes of the metrics since the shell last asked.
//!
//! Counts are summed here and handed over together, so that a batch costs one host call per counter
//! and not one per event.

use super::registry::MetricId;

/// Values of histograms that are not handed over yet; more are dropped.
const MAX_VALUES: usize = 4_096;
/// So many of them should be handed over soon.
const PRESSING_VALUES: usize = 512;

/// One change of one metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A counter grows by this much; never zero.
    Add(u32),
    /// A gauge has this value, or a histogram gets it.
    Record(u64),
    /// A gauge has this value, unless it has a higher one already.
    Raise(u64),
}

/// The changes that are not handed over yet.
#[derive(Debug)]
pub(super) struct Changes {
    /// By [`MetricId::index`].
    counts: Vec<u32>,
    /// The metrics whose count is not zero.
    counted: Vec<MetricId>,
    gauges: Vec<(MetricId, Change)>,
    values: Vec<(MetricId, u64)>,
}

impl Changes {
    /// No changes yet. `metrics` is the number of metrics that [`super::metrics`] gives.
    pub(super) fn new(metrics: usize) -> Self {
        Self {
            counts: vec![0; metrics],
            counted: Vec::new(),
            gauges: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Adds one to a counter.
    pub(super) fn add_one(&mut self, counter: MetricId) {
        if let Some(count) = self.counts.get_mut(counter.index()) {
            if *count == 0 {
                self.counted.push(counter);
            }
            *count = count.saturating_add(1);
        }
    }

    /// Sets a gauge: only its last value is handed over.
    pub(super) fn set(&mut self, gauge: MetricId, value: u64) {
        self.gauges.retain(|(metric, _)| *metric != gauge);
        self.gauges.push((gauge, Change::Record(value)));
    }

    /// Sets a gauge, unless it has a higher value by then.
    pub(super) fn raise(&mut self, gauge: MetricId, value: u64) {
        self.gauges.push((gauge, Change::Raise(value)));
    }

    /// Adds a value to a histogram: each is handed over.
    pub(super) fn record(&mut self, histogram: MetricId, value: u64) {
        if self.values.len() < MAX_VALUES {
            self.values.push((histogram, value));
        }
    }

    /// So many values wait that they should be handed over soon.
    pub(super) fn is_pressing(&self) -> bool {
        self.values.len() >= PRESSING_VALUES
    }

    /// Gives each change once.
    pub(super) fn take(&mut self, give: &mut dyn FnMut(MetricId, Change)) {
        for counter in self.counted.drain(..) {
            if let Some(count) = self.counts.get_mut(counter.index()) {
                give(counter, Change::Add(std::mem::take(count)));
            }
        }
        for (gauge, change) in self.gauges.drain(..) {
            give(gauge, change);
        }
        for (metric, value) in self.values.drain(..) {
            give(metric, Change::Record(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::registry::{MetricKind, Registry};
    use super::*;

    #[test]
    fn a_gauge_tells_its_last_value_and_a_histogram_every_one() {
        let mut registry = Registry::default();
        let waiting = registry.register(MetricKind::Gauge, "waiting");
        let latency = registry.register(MetricKind::Histogram, "latency");
        let mut changes = Changes::new(registry.metrics.len());
        for value in [3, 1, 1] {
            changes.set(waiting, value);
            changes.record(latency, value);
        }
        let mut taken = Vec::new();
        changes.take(&mut |metric, change| taken.push((metric, change)));
        let values = [(waiting, 1), (latency, 3), (latency, 1), (latency, 1)];
        assert_eq!(taken, values.map(|(id, value)| (id, Change::Record(value))));
    }

    #[test]
    fn a_burst_of_values_presses_and_is_bounded() {
        let mut registry = Registry::default();
        let latency = registry.register(MetricKind::Histogram, "latency");
        let mut changes = Changes::new(registry.metrics.len());
        for value in 0..10_000 {
            assert_eq!(changes.is_pressing(), value >= 512);
            changes.record(latency, value);
        }
        let mut taken = 0;
        changes.take(&mut |_, _| taken += 1);
        assert_eq!(taken, MAX_VALUES);
        assert!(!changes.is_pressing());
    }
}
