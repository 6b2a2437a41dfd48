//! The setup of every test: an Envoy with the module, a receiver for each webhook, and the
//! route's own upstream.

use freshpaint_harness::receiver::status;
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Cluster, Config, Envoy, Plugin, Receiver, Recorded, Request, Response};
use serde_json::{json, Value};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Longer than anything takes that need not wait, also on a machine that does much else.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// A bed that is still being laid out.
pub(crate) struct Setup {
    /// Everything but the module's configuration.
    pub(crate) config: Config,
    /// The module's configuration.
    pub(crate) plugin: Value,
    hooks: Vec<(String, Receiver)>,
}

impl Setup {
    /// Webhooks with these names, each `http://<name>.test/in` by a cluster of its name, each
    /// answered by a receiver.
    ///
    /// Nothing is kept after a failure, so that what is counted is what the test has sent.
    pub(crate) fn new(names: &[&str]) -> Self {
        let hooks: Vec<_> = names
            .iter()
            .map(|&name| (name.to_owned(), Receiver::start().unwrap()))
            .collect();
        let clusters = hooks
            .iter()
            .map(|(name, receiver)| Cluster::new(name, receiver.address()))
            .collect();
        let webhooks: Vec<_> = names.iter().map(|name| webhook(name)).collect();
        Self {
            config: Config {
                clusters,
                ..Config::default()
            },
            plugin: json!({"webhooks": webhooks, "retry": {"window": "0s"}}),
            hooks,
        }
    }

    /// Sets `key` of the module's configuration.
    pub(crate) fn with(mut self, key: &str, value: Value) -> Self {
        self.plugin[key] = value;
        self
    }

    /// Sets `key` in the configuration of one webhook.
    pub(crate) fn with_webhook(mut self, index: usize, key: &str, value: Value) -> Self {
        self.plugin["webhooks"][index][key] = value;
        self
    }

    /// On this many workers.
    pub(crate) fn workers(mut self, workers: u32) -> Self {
        self.config.concurrency = workers;
        self
    }

    pub(crate) fn start(mut self) -> Bed {
        let upstream = Receiver::start().unwrap();
        upstream.set(status(200).body("from the upstream"));
        self.config.upstream = Some(upstream.address());
        if let Plugin::None = self.config.plugin {
            self.config.plugin = Plugin::Struct(self.plugin.clone());
        }
        let envoy = Envoy::start(&self.config).unwrap_or_else(|error| panic!("{error:#}"));
        let mut bed = Bed {
            envoy,
            upstream,
            config: self.config,
            hooks: self.hooks,
            at_start: BTreeMap::new(),
        };
        bed.at_start = bed.metrics();
        bed
    }
}

/// The least that a webhook's configuration says.
pub(crate) fn webhook(name: &str) -> Value {
    json!({"name": name, "url": format!("http://{name}.test/in"), "cluster": name})
}

/// A bed: an Envoy with the module, its webhooks, its upstream, and a client.
pub(crate) struct Bed {
    pub(crate) envoy: Envoy,
    pub(crate) upstream: Receiver,
    /// The configuration that Envoy was started with, to be changed for an update.
    pub(crate) config: Config,
    hooks: Vec<(String, Receiver)>,
    at_start: BTreeMap<String, u64>,
}

impl Bed {
    pub(crate) fn hook(&self, name: &str) -> &Receiver {
        let (_, receiver) = self.hooks.iter().find(|(own, _)| own == name).unwrap();
        receiver
    }

    pub(crate) fn send(&self, request: &Request) -> Response {
        request
            .send(self.envoy.address())
            .unwrap_or_else(|error| panic!("{error:#}\n{}", self.envoy.log()))
    }

    /// Sends a track event that nobody sent before; its `messageId` and the answer.
    pub(crate) fn track(&self) -> (String, Response) {
        let (id, request) = track();
        (id, self.send(&request))
    }

    /// The module's counters, less what they were when the test began.
    pub(crate) fn metrics(&self) -> BTreeMap<String, u64> {
        let mut metrics = self.envoy.metrics().unwrap();
        metrics.retain(|name, value| {
            *value -= self.at_start.get(name).copied().unwrap_or(0);
            *value > 0
        });
        metrics
    }

    /// Counts from here on.
    pub(crate) fn forget_metrics(&mut self) {
        self.at_start = self.envoy.metrics().unwrap();
    }

    /// Waits until the module has counted exactly this and nothing else.
    #[track_caller]
    pub(crate) fn assert_metrics(&self, expected: &[(&str, u64)]) {
        let expected: BTreeMap<_, _> = expected
            .iter()
            .map(|&(name, value)| (name.to_owned(), value))
            .collect();
        let reached = poll(SOON, || (self.metrics() == expected).then_some(()));
        if reached.is_none() {
            assert_eq!(self.metrics(), expected, "{}", self.envoy.log());
        }
    }

    /// The one request that a webhook got, once it got it.
    pub(crate) fn only(&self, name: &str) -> Recorded {
        let mut requests = self.hook(name).wait_for(1, SOON).unwrap();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests.remove(0)
    }
}

/// A track event that nobody sent before, and its `messageId`.
pub(crate) fn track() -> (String, Request) {
    let id = fresh_id();
    let body = json!({"event": "a", "properties": {
        "distinct_id": "d", "time": 1_672_262_210, "$insert_id": id,
    }});
    (id, Request::post("/track", body.to_string()))
}

/// An id that no event had before.
pub(crate) fn fresh_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("id-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The success answer of `/track`.
#[track_caller]
pub(crate) fn assert_accepted(answer: &Response) {
    assert_eq!((answer.status, answer.text().as_str()), (200, "1"));
}

/// The answer when no webhook accepted: retryable, and it says nothing of the webhooks.
#[track_caller]
pub(crate) fn assert_retry(answer: &Response) {
    assert_eq!(answer.status, 503, "{}", answer.text());
    let after: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&after), "retry-after: {after}");
    assert!(
        answer.text().contains("No webhook accepted"),
        "{}",
        answer.text()
    );
}
