//! An Envoy with the module, its webhooks, and clients that keep sending.

use freshpaint_harness::receiver::status;
use freshpaint_harness::{Cluster, Config, Envoy, Plugin, Receiver, Request};
use serde_json::json;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::Arc;
use std::thread::{self, Scope};
use std::time::Duration;

/// Two webhooks, and one for dead letters. Little is kept, so that its bound is reached.
pub(crate) struct Bed {
    pub(crate) envoy: Envoy,
    pub(crate) crm: Receiver,
    pub(crate) warehouse: Receiver,
    _dead: Receiver,
    sent: AtomicU32,
}

/// Sending goes on for as long as this lives.
pub(crate) struct Sending(Arc<AtomicBool>);

impl Drop for Sending {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl Bed {
    pub(crate) fn start() -> Self {
        let [crm, warehouse, dead] = [(); 3].map(|()| Receiver::start().unwrap());
        let webhook = |name: &str| json!({"name": name, "url": format!("http://{name}.test/in"), "cluster": name});
        // A rule that lets everything through: what it suppresses is counted all the same.
        let mut ruled = webhook("warehouse");
        ruled["events"] = json!({"deny": ["another"]});
        let config = Config {
            concurrency: 2,
            clusters: vec![
                Cluster::new("crm", crm.address()),
                Cluster::new("warehouse", warehouse.address()),
                Cluster::new("dead", dead.address()),
            ],
            plugin: Plugin::Struct(json!({
                "webhooks": [webhook("crm"), ruled, webhook("dead")],
                "dead_letter": "dead",
                "retry": {"max_held_events": 10, "max_backoff": "2s"},
            })),
            file_lds: true,
            ..Config::default()
        };
        for receiver in [&crm, &warehouse, &dead] {
            receiver.set(status(200));
        }
        Self {
            envoy: Envoy::start(&config).unwrap_or_else(|error| panic!("{error:#}")),
            crm,
            warehouse,
            _dead: dead,
            sent: AtomicU32::new(0),
        }
    }

    /// Sends some twenty events a second, each on a connection of its own.
    pub(crate) fn keep_sending<'s>(&'s self, scope: &'s Scope<'s, '_>) -> Sending {
        let goes_on = Arc::new(AtomicBool::new(true));
        let sending = Sending(Arc::clone(&goes_on));
        scope.spawn(move || {
            while goes_on.load(Ordering::Relaxed) {
                let number = self.sent.fetch_add(1, Ordering::Relaxed);
                let event = json!({"event": "a", "properties": {
                    "distinct_id": "d", "$insert_id": number.to_string(),
                }});
                let request = Request::post("/track", event.to_string());
                request.send(self.envoy.address()).unwrap();
                // The pace of the clients, and nothing that is waited for.
                thread::sleep(Duration::from_millis(50));
            }
        });
        sending
    }
}
