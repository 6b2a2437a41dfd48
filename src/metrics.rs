//! The host's ids of the counters.

use freshpaint_core::config::Webhook;
use freshpaint_core::observe::counters;
use freshpaint_core::worker::Worker;

use crate::host;

/// Ids by the index that the core counts with.
#[derive(Debug)]
pub(crate) struct Metrics {
    ids: Vec<Option<u32>>,
}

impl Metrics {
    /// Defines every counter. Counting here would count once per VM that loads the configuration.
    pub(crate) fn define(webhooks: &[Webhook]) -> Self {
        Self {
            ids: counters::names(webhooks)
                .iter()
                .map(|name| host::define_counter(name))
                .collect(),
        }
    }

    /// Hands the core's counts over.
    pub(crate) fn flush(&self, worker: &mut Worker) {
        worker.take_counts(|index, count| {
            if let Some(Some(id)) = self.ids.get(index) {
                host::increment(*id, count);
            }
        });
    }
}
