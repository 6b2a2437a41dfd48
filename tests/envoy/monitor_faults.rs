//! The live page after a worker's VM has died.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use freshpaint_harness::envoy::{faulty_module, FAULT_HEADER};
use freshpaint_harness::wait::poll;
use freshpaint_harness::{H2Connection, Request};
use serde_json::{json, Value};

use crate::support::{track, Bed, Setup, SOON};

/// An event whose name no other has, by which its records are known, and the name.
fn named() -> (String, Request) {
    let (name, mut request) = track();
    let body = String::from_utf8(request.body).unwrap();
    let body = body.replace(r#""event":"a""#, &format!(r#""event":"{name}""#));
    request.body = body.into_bytes();
    (name, request)
}

/// Two workers, and a page that is open.
struct Watched(Bed);

impl Watched {
    fn start() -> Self {
        let mut setup = Setup::new(&["crm"]).workers(2);
        let monitor = json!({"of": "freshpaint_webhooks", "hosts": ["collect.test"]});
        setup.config.monitor = Some(monitor);
        setup.config.module = Some(faulty_module().into());
        Self(setup.start())
    }

    /// Everything that the page shows; `None` when it has no answer. It asks on a connection of its
    /// own, as the shipped listener has it.
    fn records(&self) -> Option<Vec<Value>> {
        let answer = Request::get("/api/v1/records")
            .send(self.0.envoy.monitor())
            .ok()?;
        let answer: Value = serde_json::from_str(&answer.text()).ok()?;
        Some(answer["records"].as_array()?.clone())
    }

    /// The records of the event with this name.
    fn records_of(&self, name: &str) -> Option<Vec<Value>> {
        let mut records = self.records()?;
        records.retain(|it| it["event"] == name);
        Some(records)
    }

    /// The worker that delivers what a client sends, as the page shows it within some seconds.
    fn worker_of(&self, client: &H2Connection) -> u64 {
        let delivers = poll(SOON, || {
            // A worker whose VM has just died refuses some. The first that it takes brings the
            // collector back.
            let _ = client.request(&track().1);
            let _ = self.records()?;
            let (name, request) = named();
            let answer = client.request(&request).ok()?;
            (answer.status == 200).then_some(())?;
            poll(Duration::from_secs(5), || {
                self.records_of(&name)?.first()?["w"].as_u64()
            })
        });
        delivers.unwrap_or_else(|| panic!("{:?}\n{}", self.records(), self.0.envoy.log()))
    }

    /// A client of each worker.
    fn clients(&self) -> [(u64, H2Connection); 2] {
        let mut clients = BTreeMap::new();
        while clients.len() < 2 {
            let client = H2Connection::open(self.0.envoy.address()).unwrap();
            clients.insert(self.worker_of(&client), client);
        }
        let clients: Vec<_> = clients.into_iter().collect();
        clients.try_into().ok().unwrap()
    }
}

#[test]
fn deliveries_of_a_worker_whose_vm_died_are_shown_as_before() {
    let watched = Watched::start();
    let clients = watched.clients();
    for (before, client) in &clients {
        let fatal = track().1.header(FAULT_HEADER, "stream");
        assert_eq!(client.request(&fatal).unwrap().status, 503);
        assert!(watched.worker_of(client) > *before, "it is a new one");
    }
    // Each of them is shown, and once.
    let mut workers = BTreeSet::new();
    for (_, client) in &clients {
        let (name, request) = named();
        assert_eq!(client.request(&request).unwrap().status, 200);
        let shown = poll(SOON, || {
            watched.records_of(&name).filter(|it| !it.is_empty())
        });
        let shown = shown.unwrap_or_else(|| panic!("{:?}", watched.records()));
        assert_eq!(shown.len(), 1, "{shown:?}");
        workers.insert(shown[0]["w"].as_u64());
    }
    assert_eq!(workers.len(), 2, "{workers:?}");
}
