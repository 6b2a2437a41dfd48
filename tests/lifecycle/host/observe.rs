//! The effects of the module that can be seen from outside.

use std::collections::BTreeMap;

use proxy_wasm::types::{LogLevel, MetricType};

use super::state::with;
use super::vm::{Host, RootId, StreamId};
use super::Answer;

impl Host {
    /// The client's reply.
    pub(crate) fn answer(&self, stream: StreamId) -> Option<Answer> {
        with(|state| {
            let found = state.answers.iter().find(|(id, _)| *id == stream.0);
            found.map(|(_, answer)| answer.clone())
        })
    }

    /// The filter state of a stream, by name.
    pub(crate) fn filter_state(&self, stream: StreamId) -> Vec<(String, String)> {
        with(|state| {
            let own = state.filter_state.iter().filter(|(id, ..)| *id == stream.0);
            own.map(|(_, name, value)| (name.clone(), value.clone()))
                .collect()
        })
    }

    /// The status that the client got.
    pub(crate) fn status(&self, stream: StreamId) -> Option<u32> {
        self.answer(stream).map(|answer| answer.status)
    }

    /// Every counter that is not zero, without the product's prefix.
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        with(|state| {
            let kinds = state.metric_kinds.iter();
            let counters = state.metrics.iter().zip(kinds);
            counters
                .filter(|((_, value), kind)| {
                    *value > 0 && **kind as u32 == MetricType::Counter as u32
                })
                .map(|((name, value), _)| {
                    let name = name.strip_prefix("freshpaint_webhooks.").unwrap();
                    (name.to_owned(), *value)
                })
                .collect()
        })
    }

    /// One counter; of a gauge its value, of a histogram the number of its values.
    pub(crate) fn count(&self, name: &str) -> u64 {
        let is_it = |known: &str| known.strip_prefix("freshpaint_webhooks.") == Some(name);
        with(|state| {
            let mut all = state.metrics.iter();
            let found = all.find(|(known, _)| is_it(known));
            found.map_or(0, |(_, value)| *value)
        })
    }

    /// The log since the last time of asking.
    pub(crate) fn logs(&mut self) -> Vec<(LogLevel, String)> {
        with(|state| std::mem::take(&mut state.logs))
    }

    /// How often each host function was called since the last time of asking.
    pub(crate) fn host_calls(&mut self) -> BTreeMap<String, usize> {
        let mut counted = BTreeMap::new();
        for name in with(|state| std::mem::take(&mut state.host_calls)) {
            *counted.entry(name).or_default() += 1;
        }
        counted
    }

    /// The names of the queues that were registered.
    pub(crate) fn queues(&self) -> Vec<String> {
        with(|state| {
            state
                .queues
                .iter()
                .map(|queue| queue.name.clone())
                .collect()
        })
    }

    /// How often the root's timer was set or stopped.
    pub(crate) fn ticks_set(&self, root: RootId) -> usize {
        with(|state| state.roots[&root.0].ticks_set)
    }

    /// Is the root's timer running?
    pub(crate) fn is_ticking(&self, root: RootId) -> bool {
        with(|state| state.roots[&root.0].tick.is_some())
    }

    /// How often the root called `done()`.
    pub(crate) fn done_calls(&self, root: RootId) -> usize {
        with(|state| state.done_calls.get(&root.0).copied().unwrap_or(0))
    }
}
