//! The kinds of plugins, and the one that serves the live page of a collector.

use super::{Config, Front};

/// The configuration of a plugin that serves the live page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Monitor {
    /// The `name` of the filter that is shown. It runs in the same VM.
    pub of: String,
    /// Names under which the page may be asked for, beside addresses and `localhost`.
    pub hosts: Vec<String>,
}

/// The kind of a plugin.
#[derive(Clone, Debug, PartialEq)]
pub enum PluginConfig {
    /// It takes events in.
    Collector(Box<Config>),
    /// It shows what becomes of them.
    Monitor(Monitor),
    /// It chooses the collector of each request.
    Front(Front),
}
