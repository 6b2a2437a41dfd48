//! How `envoy.yaml` answers requests that are not collection requests.

use crate::{start, track};
use freshpaint_harness::shipped::{trust_store, Shipped};
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Receiver, Request};
use std::time::Duration;

/// Longer than Envoy takes to notice that its health check is to fail.
const PATIENCE: Duration = Duration::from_secs(30);

fn shipped(webhook: &Receiver) -> Shipped {
    let mut shipped = Shipped::load().unwrap();
    shipped.trust(&trust_store().unwrap()).unwrap();
    for cluster in ["crm", "warehouse"] {
        shipped.lead(cluster, webhook.address()).unwrap();
    }
    shipped
}

#[test]
fn a_path_that_is_nobodys_gets_404_and_delivers_nothing() {
    let webhook = Receiver::start().unwrap();
    let envoy = start(shipped(&webhook));
    let status = |request: Request| request.send(envoy.address()).unwrap().status;
    let event = r#"{"event":"Signed Up","properties":{"distinct_id":"d"}}"#;
    assert_eq!(status(Request::post("/trak", event)), 404);
    assert_eq!(status(Request::get("/")), 404);
    assert_eq!(webhook.count(), 0);
    assert_eq!(track(&envoy, "Signed Up").status, 200);
}

#[test]
fn an_application_gets_what_is_no_collection_request() {
    let (webhook, app) = (Receiver::start().unwrap(), Receiver::start().unwrap());
    let mut shipped = shipped(&webhook);
    shipped.add_application(app.address()).unwrap();
    let envoy = start(shipped);
    let answer = Request::get("/settings?v=1").send(envoy.address()).unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(app.requests()[0].target, "/settings?v=1");
    assert_eq!(track(&envoy, "Signed Up").status, 200);
    assert_eq!(app.count(), 1);
}

#[test]
fn a_load_balancer_is_told_when_to_stop_sending() {
    let webhook = Receiver::start().unwrap();
    let envoy = start(shipped(&webhook));
    let status = || {
        let answer = Request::get("/healthz").send(envoy.address());
        answer.unwrap().status
    };
    assert_eq!(status(), 200);
    let failing = Request::post("/healthcheck/fail", "").send(envoy.admin());
    assert_eq!(failing.unwrap().status, 200);
    poll(PATIENCE, || (status() == 503).then_some(())).unwrap();
    // Events are still taken: clients that have a connection go on until the balancer moves them.
    assert_eq!(track(&envoy, "Signed Up").status, 200);
}
