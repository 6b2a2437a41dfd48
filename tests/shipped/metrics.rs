//! The shipped `stats_tags` give Prometheus the labels that dashboards and alerts need.

use crate::{payload, start, track};
use freshpaint_harness::prometheus::has_sample;
use freshpaint_harness::receiver::status;
use freshpaint_harness::shipped::{trust_store, Shipped};
use freshpaint_harness::wait::poll;
use freshpaint_harness::Receiver;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_partial_success_is_counted_with_webhook_outcome_and_type() {
    let (crm, warehouse) = (Receiver::start().unwrap(), Receiver::start().unwrap());
    warehouse.set(status(500));
    let mut shipped = Shipped::load().unwrap();
    shipped.trust(&trust_store().unwrap()).unwrap();
    shipped.lead("crm", crm.address()).unwrap();
    shipped.lead("warehouse", warehouse.address()).unwrap();
    let envoy = start(shipped);

    let answer = track(&envoy, "Signed Up");
    assert_eq!((answer.status, answer.text().as_str()), (200, "1"));
    for receiver in [&crm, &warehouse] {
        let [request] = receiver.wait_for(1, PATIENCE).unwrap().try_into().unwrap();
        assert_eq!(request.json(), payload("Signed Up"));
    }

    let wanted = [
        r#"freshpaint_webhooks_requests{outcome="accepted"} 1"#,
        r#"freshpaint_webhooks_events{type="track",outcome="accepted"} 1"#,
        r#"freshpaint_webhooks_deliveries{webhook="crm",outcome="delivered"} 1"#,
        r#"freshpaint_webhooks_deliveries{webhook="warehouse",outcome="rejected"} 1"#,
    ];
    let mut missing = Vec::new();
    poll(PATIENCE, || {
        let text = envoy.ask_admin("/stats/prometheus?usedonly").ok()?;
        missing = wanted
            .iter()
            .filter(|line| !has_sample(&text, line))
            .collect();
        missing.is_empty().then_some(())
    });
    assert_eq!(
        missing,
        [&""; 0],
        "{}",
        envoy
            .ask_admin("/stats/prometheus?filter=freshpaint")
            .unwrap()
    );
}
