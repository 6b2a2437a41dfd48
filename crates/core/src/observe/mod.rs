//! Counters and log lines: everything that an operator sees of the rules.

pub mod counters;
mod log_lines;

use crate::config::Webhook;

use self::counters::Counters;
pub use self::log_lines::{LogLine, LogLines};

/// Counts and log lines that the shell has not taken yet.
#[derive(Debug)]
pub struct Observe {
    /// Counts since the shell last took them.
    pub counters: Counters,
    /// Log lines since the shell last took them.
    pub log_lines: LogLines,
}

impl Observe {
    /// Nothing to tell yet, for a configuration with these webhooks.
    #[must_use]
    pub fn new(webhooks: &[Webhook]) -> Self {
        Self {
            counters: Counters::new(webhooks),
            log_lines: LogLines::new(webhooks),
        }
    }
}
