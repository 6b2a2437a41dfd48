//! The plugin's configuration, checked: what the rest of the crate may rely on. `freshpaint-config`
//! reads it.

mod batch;
mod batch_format;
mod collect;
mod diagnostic;
pub mod field;
mod front;
mod limits;
mod monitor;
mod object;
mod observe;
mod origin;
pub mod types;

use std::rc::Rc;
use std::time::Duration;

pub use batch::Batch;
pub use batch_format::BatchFormat;
pub use collect::Collect;
pub use diagnostic::Diagnostic;
pub use front::Front;
pub use limits::{Dedupe, Limits, Retry};
pub use monitor::{Monitor, PluginConfig};
pub use observe::Observe;
pub use origin::AllowedOrigin;

use crate::consent::OptOut;
use crate::event::Kind;
use crate::routing::Rules;
use crate::secret::Secret;
use crate::signing::Signing;

/// The whole configuration of one plugin instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// 1 to 32 webhooks, in the order of the configuration.
    pub webhooks: Vec<Webhook>,
    /// The signals that some webhook honors: those that requests are asked for.
    pub honored: OptOut,
    /// Whether payloads carry the client's address, as `context.ip`.
    pub context_ip: bool,
    /// Whether `profile: hipaa` holds. Its rules for payloads are in the rules of each webhook.
    pub hipaa: bool,
    /// The place in `webhooks` of the one that gets what would be dropped, and nothing else.
    pub dead_letter: Option<usize>,
    /// When the SDK gets its success answer.
    pub acknowledge: Acknowledge,
    /// How exact the timestamps of payloads are.
    pub timestamps: Timestamps,
    /// Where collection requests are found.
    pub collect: Collect,
    /// Sizes and counts.
    pub limits: Limits,
    /// The fate of events that every webhook failed.
    pub retry: Retry,
    /// How events are recognised when an SDK sends them again.
    pub dedupe: Dedupe,
    /// The records for people to look at.
    pub observe: Observe,
    /// Settings that are allowed and probably not meant; to be logged once.
    pub warnings: Vec<Diagnostic>,
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
    pub path: Secret,
    /// The Envoy cluster that the calls go to.
    pub cluster: String,
    /// Configured headers, lower-case names, `${NAME}` already replaced; `content-type` and
    /// `user-agent` included.
    pub headers: Vec<(String, Secret)>,
    /// Over 0 and at most 5 s (seed, "Considerations").
    pub timeout: Duration,
    /// Its promise when another webhook has accepted the event and this one has not.
    pub guarantee: Guarantee,
    /// How it gets several events in one call; `None` gives each event a call.
    pub batch: Option<Batch>,
    /// How its calls are signed; `None` leaves them unsigned.
    pub signing: Option<Signing>,
    /// The contract's two options as they hold for this webhook.
    pub options: Options,
    /// Its rules beyond the options; `None` takes all events.
    pub rules: Option<Rc<Rules>>,
}

/// The contract's options (seed, "Configuration Options"); both are off by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Send identify events.
    pub enable_identify_events: bool,
    /// Send automatically collected pageview events.
    pub enable_pageview_events: bool,
}

impl Options {
    /// Whether they let an event of this kind through; `automatic` as in [`crate::event::Event`].
    #[must_use]
    pub fn take(self, kind: Kind, automatic: bool) -> bool {
        match kind {
            Kind::Identify => self.enable_identify_events,
            Kind::Page => self.enable_pageview_events || !automatic,
            Kind::Track | Kind::Group => true,
        }
    }
}

/// The promise for which an event is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Guarantee {
    /// Until one webhook has accepted it, as the contract says.
    #[default]
    AtLeastOne,
    /// Until this webhook has accepted it, or refused it for good.
    Each,
}

/// How exact the timestamps of payloads are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timestamps {
    /// `2022-12-28T22:00:25Z`, as the contract's examples are.
    #[default]
    Seconds,
    /// `2022-12-28T22:00:25.123Z`.
    Milliseconds,
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
