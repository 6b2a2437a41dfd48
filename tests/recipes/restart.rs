//! A hot restart under load: nothing that was answered with success is lost.

use crate::bed::track;
use freshpaint_harness::envoy::{binary, module, READY_PATH};
use freshpaint_harness::process::{spawn, Owned};
use freshpaint_harness::shipped::{trust_store, Shipped};
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Port, Receiver, Request};
use serde_json::{json, Value};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// The arguments of the page, with shorter times.
fn start(folder: &Path, base_id: u32, epoch: u32) -> Owned {
    let log = File::create(folder.join(format!("envoy-{epoch}.log"))).unwrap();
    let mut command = Command::new(binary().unwrap());
    command
        .arg("--config-path")
        .arg(folder.join("envoy.json"))
        .args(["--base-id", &base_id.to_string()])
        .args(["--restart-epoch", &epoch.to_string()])
        .args(["--drain-time-s", "2", "--parent-shutdown-time-s", "4"])
        .args(["--concurrency", "1", "--component-log-level", "misc:error"])
        .env("CRM_KEY", "key")
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    Owned(spawn(command).unwrap())
}

fn log(folder: &Path, epoch: u32) -> String {
    fs::read_to_string(folder.join(format!("envoy-{epoch}.log"))).unwrap_or_default()
}

#[test]
fn a_hot_restart_loses_nothing_that_was_answered_with_success() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (crm, collect, admin) = (
        Receiver::start().unwrap(),
        Port::reserve().unwrap(),
        Port::reserve().unwrap(),
    );
    let mut shipped = Shipped::load().unwrap();
    shipped.trust(&trust_store().unwrap()).unwrap();
    shipped.lead("crm", crm.address()).unwrap();
    let webhooks = &mut shipped.configuration().unwrap()["webhooks"];
    webhooks.as_array_mut().unwrap().truncate(1);
    shipped.listen_on(collect.address()).unwrap();
    shipped.admin_on(admin.address());
    shipped.load_module(&module().unwrap()).unwrap();
    let ready = json!({"match": {"path": READY_PATH}, "direct_response": {"status": 200}});
    shipped.routes("collect").unwrap().insert(0, ready);
    fs::write(folder.join("envoy.json"), shipped.bootstrap().to_string()).unwrap();

    // A base id belongs to a machine; a port that is ours makes one that is ours.
    let base_id = u32::from(admin.address().port());
    let mut old = start(folder, base_id, 0);
    let serves = || {
        let answer = Request::get(READY_PATH).send(collect.address()).ok()?;
        (answer.status == 200).then_some(())
    };
    poll(PATIENCE, serves).unwrap_or_else(|| panic!("{}", log(folder, 0)));

    let stop = AtomicBool::new(false);
    let (accepted, _new) = thread::scope(|scope| {
        let client = scope.spawn(|| {
            let mut accepted = BTreeSet::new();
            while !stop.load(Ordering::Relaxed) {
                let request = track();
                let event: Value = serde_json::from_slice(&request.body).unwrap();
                // A connection that breaks was answered by nobody.
                if request
                    .send(collect.address())
                    .is_ok_and(|it| it.status == 200)
                {
                    let id = event["properties"]["$insert_id"].as_str().unwrap();
                    accepted.insert(id.to_owned());
                }
                thread::sleep(Duration::from_millis(5));
            }
            accepted
        });
        let new = start(folder, base_id, 1);
        let gone = poll(PATIENCE, || old.0.try_wait().unwrap());
        // The new one alone.
        let before = crm.count();
        let goes_on = poll(PATIENCE, || (crm.count() > before + 50).then_some(()));
        stop.store(true, Ordering::Relaxed);
        let accepted = client.join().unwrap();
        assert!(gone.is_some(), "{}\n{}", log(folder, 0), log(folder, 1));
        assert!(goes_on.is_some(), "{}", log(folder, 1));
        (accepted, new)
    });
    let delivered: BTreeSet<_> = crm.requests().iter().map(|it| it.message_id()).collect();
    let lost: Vec<_> = accepted.difference(&delivered).collect();
    assert!(
        accepted.len() > 100 && lost.is_empty(),
        "{} accepted, lost {lost:?}",
        accepted.len()
    );
}
