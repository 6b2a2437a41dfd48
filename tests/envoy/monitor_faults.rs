//! The live page after a worker's VM has died.

use std::collections::BTreeMap;
use std::time::Duration;

use freshpaint_harness::envoy::{faulty_module, FAULT_HEADER};
use freshpaint_harness::wait::poll;
use freshpaint_harness::{H2Connection, Request};
use serde_json::{json, Value};

use crate::support::{track, Bed, Setup, SOON};

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

    /// The newest number of each worker whose deliveries the page shows; `None` when it has no
    /// answer. It asks on a connection of its own, as the shipped listener has it.
    fn shown(&self) -> Option<BTreeMap<u64, u64>> {
        let answer = Request::get("/api/v1/records")
            .send(self.0.envoy.monitor())
            .ok()?;
        let answer: Value = serde_json::from_str(&answer.text()).ok()?;
        let number = |record: &Value, key: &str| record[key].as_u64().unwrap();
        let records = answer["records"].as_array()?.iter();
        Some(
            records
                .map(|it| (number(it, "w"), number(it, "n")))
                .collect(),
        )
    }

    /// The worker that delivers what a client sends, as the page shows it within some seconds.
    fn worker_of(&self, client: &H2Connection) -> u64 {
        let delivers = poll(SOON, || {
            // A worker whose VM has just died refuses some. The first that it takes brings the
            // collector back.
            let _ = client.request(&track().1);
            let before = self.shown()?;
            let answer = client.request(&track().1).ok()?;
            (answer.status == 200).then_some(())?;
            poll(Duration::from_secs(2), || {
                let now = self.shown()?;
                let mut newer = now.into_iter();
                let newer = newer.find(|(worker, n)| before.get(worker) < Some(n));
                newer.map(|(worker, _)| worker)
            })
        });
        delivers.unwrap_or_else(|| panic!("{:?}\n{}", self.shown(), self.0.envoy.log()))
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
    let before = watched.shown().unwrap();
    for (_, client) in &clients {
        assert_eq!(client.request(&track().1).unwrap().status, 200);
    }
    let mut newer = 0;
    let both = poll(SOON, || {
        let now = watched.shown()?;
        newer = now
            .iter()
            .map(|(worker, n)| n - before.get(worker).copied().unwrap_or_default())
            .sum();
        (newer >= 2).then_some(())
    });
    assert!(
        both.is_some() && newer == 2,
        "{newer} {:?}",
        watched.shown()
    );
}
