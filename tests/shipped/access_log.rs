//! The access log that `envoy.yaml` has in a comment.

use crate::{start, track};
use freshpaint_harness::receiver::status;
use freshpaint_harness::shipped::{repository, trust_store, yaml, Shipped};
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Receiver, Request};
use serde_json::{json, Value};
use std::fs;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// The comment from `access_log:` on, as YAML.
fn commented() -> Value {
    let text = fs::read_to_string(repository().join("envoy/envoy.yaml")).unwrap();
    let lines = text
        .lines()
        .skip_while(|line| line.trim() != "# access_log:")
        .map_while(|line| line.trim().strip_prefix("# "))
        // Another comment follows.
        .take_while(|line| line.ends_with(':') || line.starts_with(['-', ' ']));
    yaml(&lines.collect::<Vec<_>>().join("\n")).unwrap()
}

#[test]
fn it_shows_the_verdict_and_the_events_of_each_request() {
    let webhooks = [Receiver::start().unwrap(), Receiver::start().unwrap()];
    let mut shipped = Shipped::load().unwrap();
    shipped.trust(&trust_store().unwrap()).unwrap();
    for (name, receiver) in ["crm", "warehouse"].into_iter().zip(&webhooks) {
        shipped.lead(name, receiver.address()).unwrap();
    }
    shipped.configuration().unwrap()["observe"] = json!({"access_log": true});
    shipped.manager("collect").unwrap()["access_log"] = commented()["access_log"].clone();
    let envoy = start(shipped);
    assert_eq!(track(&envoy, "Signed Up").status, 200);
    for receiver in &webhooks {
        receiver.set(status(500));
    }
    let failing = Request::post(
        "/track",
        r#"{"event":"b","properties":{"distinct_id":"d"}}"#,
    );
    assert_eq!(failing.send(envoy.address()).unwrap().status, 503);
    let invalid = Request::post("/track", "{}");
    assert_eq!(invalid.send(envoy.address()).unwrap().status, 400);
    let unknown = Request::post("/another", "{}");
    assert_eq!(unknown.send(envoy.address()).unwrap().status, 404);

    // A request and its line may be written in another order.
    let wanted = [
        json!([
            200,
            "verdict=accepted events=1 accepted=1 failed=0 filtered=0 invalid=0 refused=0"
        ]),
        json!([400, "verdict=refused"]),
        json!([404, null]),
        json!([
            503,
            "verdict=retry events=1 accepted=0 failed=1 filtered=0 invalid=0 refused=0"
        ]),
    ];
    let mut found = Vec::new();
    poll(PATIENCE, || {
        let log = envoy.log();
        let lines = log
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            // The harness asks whether Envoy is there.
            .filter(|line| line["method"] == "POST");
        found = lines
            .map(|line| json!([line["status"], line["events"]]))
            .collect();
        found.sort_by_key(|line| line[0].as_u64());
        (found == wanted).then_some(())
    });
    assert_eq!(found, wanted, "{}", envoy.log());
}
