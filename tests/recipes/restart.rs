//! Replacing an Envoy under load: nothing that was answered with success is lost, and what doubles
//! is what was under way.

use crate::bed::track;
use freshpaint_harness::envoy::Epochs;
use freshpaint_harness::process::Owned;
use freshpaint_harness::receiver::status;
use freshpaint_harness::shipped::{trust_store, Shipped};
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Answer, Receiver};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
const CLIENTS: usize = 4;

/// A port at which one Envoy takes the place of another, and its webhook.
struct Place {
    envoys: Epochs,
    crm: Receiver,
}

impl Place {
    fn new() -> Self {
        let crm = Receiver::start().unwrap();
        // So that events are under way at any time.
        crm.set(Answer {
            delay: Duration::from_millis(20),
            ..status(200)
        });
        let mut shipped = Shipped::load().unwrap();
        shipped.trust(&trust_store().unwrap()).unwrap();
        shipped.lead("crm", crm.address()).unwrap();
        let webhooks = &mut shipped.configuration().unwrap()["webhooks"];
        webhooks.as_array_mut().unwrap().truncate(1);
        let envoys = Epochs::of(shipped).unwrap();
        Self { envoys, crm }
    }

    fn start(&self, epoch: u32) -> Owned {
        let environment = BTreeMap::from([("CRM_KEY", "key")]);
        self.envoys.start(epoch, &environment).unwrap()
    }

    fn log(&self) -> String {
        self.envoys.log()
    }

    /// Waits until the webhook has had as many events more.
    fn wait_for_events(&self, more: usize) {
        let before = self.crm.count();
        poll(PATIENCE, || {
            (self.crm.count() > before + more).then_some(())
        })
        .unwrap_or_else(|| panic!("{}", self.log()));
    }

    /// Has clients send while `replace` takes the Envoy's place, and compares both ends.
    fn under_load<T>(&self, replace: impl FnOnce() -> T) -> T {
        let stop = AtomicBool::new(false);
        let (replaced, sent) = thread::scope(|scope| {
            let client = || client(self.envoys.address(), &stop);
            let clients = [(); CLIENTS].map(|()| scope.spawn(client));
            self.wait_for_events(100);
            let replaced = replace();
            self.wait_for_events(100);
            stop.store(true, Ordering::Relaxed);
            let sent: BTreeMap<String, Sent> = clients
                .into_iter()
                .flat_map(|client| client.join().unwrap())
                .collect();
            (replaced, sent)
        });
        let mut delivered: BTreeMap<String, usize> = BTreeMap::new();
        for request in self.crm.requests() {
            *delivered.entry(request.message_id()).or_default() += 1;
        }
        let accepted = sent.iter().filter(|(_, it)| it.accepted);
        let lost = accepted.filter(|(id, _)| !delivered.contains_key(*id));
        let lost: Vec<_> = lost.collect();
        assert!(lost.is_empty(), "of {} lost {lost:?}", sent.len());
        let twice: Vec<_> = delivered.iter().filter(|(_, times)| **times > 1).collect();
        for (id, times) in &twice {
            assert!(
                **times <= sent[*id].attempts,
                "{id}: {times} of {:?}",
                sent[*id]
            );
        }
        // The events that each client had under way, or had sent once before, when the memory was
        // lost.
        assert!(
            twice.len() <= 2 * CLIENTS,
            "{} of {}",
            twice.len(),
            sent.len()
        );
        replaced
    }
}

#[derive(Debug, Default)]
struct Sent {
    attempts: usize,
    accepted: bool,
}

/// Sends one event after the other, each until it is accepted, as SDKs do; and each tenth once
/// more, as when an answer was lost.
fn client(to: SocketAddr, stop: &AtomicBool) -> BTreeMap<String, Sent> {
    let mut sent = BTreeMap::new();
    while !stop.load(Ordering::Relaxed) {
        let request = track();
        let event: Value = serde_json::from_slice(&request.body).unwrap();
        let mut it = Sent::default();
        while !it.accepted && it.attempts < 2_000 {
            it.attempts += 1;
            // A connection that breaks was answered by nobody.
            it.accepted = request.send(to).is_ok_and(|answer| answer.status == 200);
            if !it.accepted {
                thread::sleep(Duration::from_millis(10));
            }
        }
        if sent.len() % 10 == 0 {
            it.attempts += 1;
            let _ = request.send(to);
        }
        let id = event["properties"]["$insert_id"].as_str().unwrap();
        sent.insert(id.to_owned(), it);
    }
    sent
}

#[test]
fn a_hot_restart_loses_nothing_that_was_answered_with_success() {
    let place = Place::new();
    let mut old = place.start(0);
    place.envoys.wait_until_serving(PATIENCE).unwrap();
    let _new = place.under_load(|| {
        let new = place.start(1);
        let gone = poll(PATIENCE, || old.0.try_wait().unwrap());
        assert!(gone.is_some(), "{}", place.log());
        new
    });
}

/// Without a drain: requests under way have no answer, and come again.
#[test]
fn an_envoy_that_is_stopped_under_load_loses_nothing_that_was_answered_with_success() {
    let place = Place::new();
    let mut old = place.start(0);
    place.envoys.wait_until_serving(PATIENCE).unwrap();
    let _new = place.under_load(|| {
        let stopped = Command::new("kill").arg(old.0.id().to_string()).status();
        assert!(stopped.unwrap().success());
        let gone = poll(PATIENCE, || old.0.try_wait().unwrap());
        assert!(
            gone.is_some_and(|status| status.success()),
            "{}",
            place.log()
        );
        place.start(0)
    });
}
