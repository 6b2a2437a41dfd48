//! Envoy goes while events come.

use crate::bed::{no_vm_failed, Bed};
use crate::good_client::{event, id};
use crate::http1::at_rate;
use crate::ledger::Ledger;
use crate::table::{Case, Measures};
use crate::Plan;
use freshpaint_harness::receiver::status;
use freshpaint_harness::wait::poll;
use freshpaint_harness::Request;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

const RATE: u64 = 100;
/// How long a webhook takes, so that some are in flight at any time.
const TAKES: Duration = Duration::from_millis(300);

pub(crate) const TERMINATED: Case = Case {
    name: "SIGTERM under load",
    in_short: true,
    run: |plan| leave(plan, false),
};

pub(crate) const DRAINED: Case = Case {
    name: "drained, then SIGTERM, under load",
    in_short: true,
    run: |plan| leave(plan, true),
};

fn leave(plan: &Plan, drains: bool) -> Measures {
    let bed = Bed::configured(1, |plugin| {
        plugin["webhooks"].as_array_mut().unwrap().truncate(1);
    });
    let ledger = Arc::new(Ledger::default());
    let own = Arc::clone(&ledger);
    bed.crm.decide(move |request, _| {
        own.receive(&request.body);
        status(200).after(TAKES)
    });
    let time = plan.lasts(8);
    let count = (RATE * time.as_secs()) as usize;
    let mut ids = Vec::new();
    let outcomes = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(time / 2);
            if drains {
                drain(&bed);
            }
            let pid = bed.envoy.pid().to_string();
            assert!(Command::new("kill").arg(pid).status().unwrap().success());
        });
        at_rate(bed.address(), count, time, Duration::from_secs(10), |n| {
            let request = event();
            ids.push((n, id(&request)));
            request.to_bytes()
        })
    });
    let mut measures = Measures::default();
    let lost = outcomes.iter().filter(|one| one.status == Some(200));
    let lost = lost.filter(|one| !ledger.has(&ids[one.index].1)).count();
    measures.none("acknowledged and at no webhook", lost);
    // Once connected, a client that hears nothing has a request that died.
    let reset = outcomes.iter().filter(|one| one.status.is_none());
    let died = reset.filter(|one| ledger.has(&ids[one.index].1)).count();
    if drains {
        measures.none("delivered and not answered", died);
    }
    measures.none("doubled", ledger.doubled());
    no_vm_failed(&bed.envoy, &mut measures);
    measures
}

/// As docs/operations.md says.
fn drain(bed: &Bed) {
    let admin = |target: &str| {
        let answer = Request::new("POST", target).send(bed.envoy.admin());
        assert_eq!(answer.unwrap().status, 200, "{target}");
    };
    admin("/healthcheck/fail");
    admin("/drain_listeners?graceful&skip_exit");
    admin("/drain_listeners?inboundonly");
    admin("/drain_listeners");
    let is_idle = poll(Duration::from_secs(30), || {
        let active = bed.envoy.stat("http.collect.downstream_rq_active").ok()?;
        (active == 0).then_some(())
    });
    assert!(is_idle.is_some(), "requests are still in flight after 30 s");
}
