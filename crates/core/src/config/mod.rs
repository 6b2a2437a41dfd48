//! The plugin's configuration, checked: what the rest of the crate may rely on.

use std::time::Duration;

/// The whole configuration of one plugin instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// 1 to 32 webhooks, in the order of the configuration.
    pub webhooks: Vec<Webhook>,
    /// When the SDK gets its success answer.
    pub acknowledge: Acknowledge,
    /// Where collection requests are found.
    pub collect: Collect,
    /// Sizes and counts.
    pub limits: Limits,
    /// What becomes of events that every webhook failed.
    pub retry: Retry,
    /// How events are recognised when an SDK sends them again.
    pub dedupe: Dedupe,
}

/// One configured endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// `[a-z0-9_]{1,40}`, unique; in metrics and log lines.
    pub name: String,
    /// `http` or `https`.
    pub scheme: &'static str,
    /// Host and, unless it is the scheme's default, port.
    pub authority: String,
    /// Path and query as sent, never empty.
    pub path: String,
    /// The Envoy cluster that the calls go to.
    pub cluster: String,
    /// Configured headers, lower-case names, `${NAME}` already replaced; `content-type` and `user-agent` included.
    pub headers: Vec<(String, String)>,
    /// Over 0 and at most 5 s (seed, "Considerations").
    pub timeout: Duration,
    /// The contract's two options as they hold for this webhook.
    pub options: Options,
}

/// The contract's options (seed, "Configuration Options"); both are off by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Send identify events.
    pub enable_identify_events: bool,
    /// Send automatically collected pageview events.
    pub enable_pageview_events: bool,
}

/// When the SDK gets its success answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Acknowledge {
    /// As soon as every event has one acceptance; the other deliveries go on.
    #[default]
    FirstAcceptance,
    /// When every delivery has ended, 25 s at most.
    Settled,
}

/// Where collection requests are found, and from whom they are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collect {
    /// Empty, or begins with `/` and does not end with one.
    pub path_prefix: String,
    /// The destination's name in an event's `integrations`; `Webhooks` by default.
    pub integration_name: String,
}

impl Default for Collect {
    fn default() -> Self {
        Self {
            path_prefix: String::new(),
            integration_name: "Webhooks".into(),
        }
    }
}

/// Bounds; each is per worker unless it says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a collection request's body as received; over it 413. 1 MiB by default.
    pub max_body_bytes: usize,
    /// Bytes of a body after decoding (gzip, base64); over it 413. 5 MiB by default.
    pub max_decoded_bytes: usize,
    /// Events in one collection request; over it 413. 2,500 by default.
    pub max_events: usize,
    /// Calls in flight to one webhook. 256 by default, so that four workers stay within Envoy's default
    /// circuit breaker of 1,024 requests per cluster.
    pub max_in_flight_per_webhook: usize,
    /// Bytes of payloads waiting and in flight. 64 MiB by default.
    pub max_in_flight_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body_bytes: 1 << 20,
            max_decoded_bytes: 5 << 20,
            max_events: 2_500,
            max_in_flight_per_webhook: 256,
            max_in_flight_bytes: 64 << 20,
        }
    }
}

/// What becomes of events that every webhook failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How long an event is kept and tried again; zero switches it off. 15 min by default.
    pub window: Duration,
    /// Delay before the second attempt. 1 s by default.
    pub initial_backoff: Duration,
    /// Longest delay between attempts. 60 s by default.
    pub max_backoff: Duration,
    /// Bytes of payloads kept. 32 MiB by default.
    pub max_held_bytes: usize,
    /// Events kept. 20,000 by default.
    pub max_held_events: usize,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(15 * 60),
            initial_backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(60),
            max_held_bytes: 32 << 20,
            max_held_events: 20_000,
        }
    }
}

/// How events are recognised when an SDK sends them again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dedupe {
    /// How long an accepted event is remembered; zero switches it off. 15 min by default.
    pub window: Duration,
    /// Entries of the table that all workers of the process share. 65,536 by default.
    pub slots: u32,
}

impl Default for Dedupe {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(15 * 60),
            slots: 65_536,
        }
    }
}
