//! An Envoy with the module, its webhooks, and a client that keeps sending.

use freshpaint_harness::receiver::status;
use freshpaint_harness::{Cluster, Config, Connection, Envoy, Plugin, Receiver, Reply, Request};
use serde_json::{json, Value};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

/// How long a webhook may take for an attempt.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(1);

/// Two webhooks, and one for dead letters where the configuration names it.
pub(crate) struct Bed {
    pub(crate) envoy: Envoy,
    pub(crate) config: Config,
    pub(crate) crm: Receiver,
    pub(crate) warehouse: Receiver,
    pub(crate) dead: Receiver,
    sent: AtomicU32,
}

/// The module's configuration before a scene changes it: pauses are short.
fn plugin() -> Value {
    json!({
        "webhooks": [webhook("crm"), webhook("warehouse")],
        "retry": {"initial_backoff": "0.1s", "max_backoff": "1s"},
    })
}

/// A webhook whose rule lets everything through but one event: what it suppresses is counted.
pub(crate) fn webhook(name: &str) -> Value {
    json!({
        "name": name, "url": format!("http://{name}.test/in"), "cluster": name,
        "timeout": format!("{}s", TIMEOUT.as_secs()), "events": {"deny": ["denied"]},
    })
}

impl Bed {
    pub(crate) fn start(change: impl FnOnce(&mut Config, &mut Value)) -> Self {
        let [crm, warehouse, dead] = [(); 3].map(|()| Receiver::start().unwrap());
        for receiver in [&crm, &warehouse, &dead] {
            receiver.stop_recording();
        }
        let mut config = Config {
            concurrency: 2,
            clusters: vec![
                Cluster::new("crm", crm.address()),
                Cluster::new("warehouse", warehouse.address()),
                Cluster::new("dead", dead.address()),
            ],
            file_lds: true,
            ..Config::default()
        };
        let mut plugin = plugin();
        change(&mut config, &mut plugin);
        config.plugin = Plugin::Struct(plugin);
        Self {
            envoy: Envoy::start(&config).unwrap_or_else(|error| panic!("{error:#}")),
            config,
            crm,
            warehouse,
            dead,
            sent: AtomicU32::new(0),
        }
    }

    /// Both webhooks answer like this.
    pub(crate) fn both(&self, reply: impl Fn() -> Reply) {
        self.crm.set(reply());
        self.warehouse.set(reply());
    }

    /// Both webhooks refuse the event `poison` with this status and accept every other.
    pub(crate) fn refuse_poison(&self, code: u16) {
        for receiver in [&self.crm, &self.warehouse] {
            receiver.decide(move |request, _| {
                let is_poison = request.body.starts_with(br#"{"event":"poison""#);
                status(if is_poison { code } else { 200 })
            });
        }
    }

    /// Everything is as it was before the fault.
    pub(crate) fn mend(&self) {
        for receiver in [&self.crm, &self.warehouse, &self.dead] {
            receiver.close();
            receiver.set(status(200));
            receiver.open().unwrap();
        }
        self.envoy.update(&self.config).unwrap();
    }

    /// Sends an event that nobody has sent before. The answer is none when it takes longer than any
    /// webhook may.
    pub(crate) fn send(&self, event: &str) -> Option<u16> {
        let id = self.sent.fetch_add(1, Ordering::Relaxed).to_string();
        self.request(&track(event, &id))
    }

    pub(crate) fn request(&self, request: &Request) -> Option<u16> {
        let mut connection = Connection::open(self.envoy.address()).ok()?;
        connection.send(&request.to_bytes()).ok()?;
        let answer = connection.response_within(TIMEOUT * 3).ok()?;
        Some(answer.status)
    }

    /// Some ten events a second until it is told to end.
    pub(crate) fn keep_sending(&self, goes_on: &AtomicBool) {
        while goes_on.load(Ordering::Relaxed) {
            self.send("a");
            // The pace of the client, and nothing that is waited for.
            thread::sleep(Duration::from_millis(100));
        }
    }
}

/// An event as the HTTP API has it.
pub(crate) fn track(event: &str, id: &str) -> Request {
    let properties = json!({"distinct_id": "d", "$insert_id": id});
    let body = json!({"event": event, "properties": properties});
    Request::post("/track", body.to_string())
}
