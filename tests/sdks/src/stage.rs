//! The stage that an SDK is pointed at: an Envoy with the module, two webhooks behind it, and the
//! vendor's own service beside them.

use anyhow::Result;
use freshpaint_harness::receiver::status;
use freshpaint_harness::{Answer, Cluster, Config, Envoy, Plugin, Receiver, Recorded, Reply};
use serde_json::{json, Value};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The webhooks' names.
pub const WEBHOOKS: [&str; 2] = ["crm", "cdp"];

/// One payload as a webhook got it.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The webhook.
    pub webhook: &'static str,
    /// Whether the webhook answered with success.
    pub accepted: bool,
    /// The body.
    pub payload: Value,
}

impl Delivery {
    /// The payload's `messageId`.
    pub fn message_id(&self) -> &str {
        self.payload["messageId"].as_str().unwrap_or_default()
    }
}

/// A running Envoy and everything around it.
pub struct Stage {
    envoy: Envoy,
    webhooks: Vec<Receiver>,
    down: Arc<AtomicBool>,
    seen: Arc<Mutex<Vec<Delivery>>>,
    _vendor: Receiver,
}

impl Stage {
    /// Starts everything; every webhook is up.
    pub fn start() -> Result<Self> {
        let down = Arc::new(AtomicBool::new(false));
        let seen = Arc::<Mutex<Vec<Delivery>>>::default();
        let webhooks = WEBHOOKS
            .into_iter()
            .map(|name| {
                let receiver = Receiver::start()?;
                let (down, seen) = (Arc::clone(&down), Arc::clone(&seen));
                receiver.decide(move |request, _| {
                    let accepted = !down.load(Ordering::SeqCst);
                    seen.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(Delivery {
                            webhook: name,
                            accepted,
                            payload: request.json(),
                        });
                    status(if accepted { 200 } else { 503 })
                });
                Ok(receiver)
            })
            .collect::<Result<Vec<_>>>()?;
        let vendor = Receiver::start()?;
        vendor.decide(|request, _| vendors_answer(request));
        let clusters = WEBHOOKS.iter().zip(&webhooks);
        let envoy = Envoy::start(&Config {
            // More than one worker, as in production: an SDK may come back to another one.
            concurrency: 2,
            plugin: Plugin::Struct(json!({
                "webhooks": WEBHOOKS.map(|name| json!({
                    "name": name, "cluster": name, "url": format!("http://{name}.test/in"),
                })),
                "options": {"enable_identify_events": true, "enable_pageview_events": true},
            })),
            clusters: clusters
                .map(|(name, receiver)| Cluster::new(name, receiver.address()))
                .collect(),
            upstream: Some(vendor.address()),
            ..Config::default()
        })?;
        Ok(Self {
            envoy,
            webhooks,
            down,
            seen,
            _vendor: vendor,
        })
    }

    /// Where the SDK is to send.
    pub fn address(&self) -> SocketAddr {
        self.envoy.address()
    }

    /// From now on every webhook answers 503, or 200 again.
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// From now on every webhook refuses connections.
    pub fn close(&self) {
        self.webhooks.iter().for_each(Receiver::close);
    }

    /// Every webhook takes connections again.
    pub fn open(&self) -> Result<()> {
        self.webhooks
            .iter()
            .try_for_each(|webhook| webhook.open().map(drop))
    }

    /// Everything that the webhooks got so far.
    pub fn seen(&self) -> Vec<Delivery> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The sum of the module's counters whose name begins and ends so.
    pub fn counted(&self, begin: &str, end: &str) -> u64 {
        let metrics = self.envoy.metrics().unwrap_or_default();
        let wanted = metrics
            .iter()
            .filter(|(name, _)| name.starts_with(begin) && name.ends_with(end));
        wanted.map(|(_, count)| count).sum()
    }

    /// The end of Envoy's log.
    pub fn log(&self) -> String {
        self.envoy.log()
    }
}

/// How vendors' services answer requests that carry no events: settings, source configuration,
/// feature flags.
///
/// These pass through the module untouched, so the vendor grants CORS itself.
fn vendors_answer(request: &Recorded) -> Reply {
    let origin = request.header("origin").unwrap_or("*");
    let asked = request
        .header("access-control-request-headers")
        .unwrap_or("*");
    let path = request.target.split('?').next().unwrap_or_default();
    let body = match path {
        path if path.starts_with("/v1/projects/") => {
            json!({"integrations": {"Segment.io": {"apiKey": "WRITE_KEY"}}})
        }
        path if path.trim_end_matches('/').ends_with("/sourceConfig") => json!({"source": {
            "id": "source", "name": "page", "writeKey": "WRITE_KEY", "enabled": true, "workspaceId": "workspace",
            "config": {"statsCollection": {"errors": {"enabled": false}, "metrics": {"enabled": false}}},
            "connections": [], "destinations": [], "dataplanes": {},
        }}),
        // PostHog's configuration and flags.
        _ => json!({"supportedCompression": ["gzip", "gzip-js"]}),
    };
    let answer: Answer = status(200)
        .header("content-type", "application/json")
        .header("access-control-allow-origin", origin)
        .header("access-control-allow-credentials", "true")
        .header("access-control-allow-headers", asked)
        .body(body.to_string());
    answer.into()
}
