//! The metrics as Prometheus scrapes them.

use crate::support::{assert_accepted, assert_retry, Setup};
use freshpaint_harness::receiver::status;
use freshpaint_harness::Request;
use serde_json::json;

#[test]
fn counters_have_their_tags() {
    let bed = Setup::new(&["crm", "warehouse_2"])
        .with("acknowledge", json!("settled"))
        .workers(2)
        .start();
    for _ in 0..3 {
        assert_accepted(&bed.track().1);
    }
    bed.hook("crm").set(status(500));
    bed.hook("warehouse_2").set(status(500));
    assert_retry(&bed.track().1);
    bed.send(&Request::post(
        "/track",
        r#"{"event":"$identify","properties":{"distinct_id":"d"}}"#,
    ));
    bed.send(&Request::post("/track", "{}"));
    bed.assert_metrics(&[
        ("requests.outcome.accepted", 4),
        ("requests.outcome.retry", 1),
        ("requests.outcome.refused", 1),
        ("events.type.track.outcome.accepted", 3),
        ("events.type.track.outcome.failed", 1),
        ("events.type.identify.outcome.filtered", 1),
        ("events.type.other.outcome.invalid", 1),
        ("deliveries.webhook.crm.outcome.delivered", 3),
        ("attempts.webhook.crm.outcome.delivered.status_class.2xx", 3),
        ("attempts.webhook.crm.outcome.rejected.status_class.5xx", 1),
        ("deliveries.webhook.crm.outcome.rejected", 1),
        ("deliveries.webhook.warehouse_2.outcome.delivered", 3),
        (
            "attempts.webhook.warehouse_2.outcome.delivered.status_class.2xx",
            3,
        ),
        (
            "attempts.webhook.warehouse_2.outcome.rejected.status_class.5xx",
            1,
        ),
        ("deliveries.webhook.warehouse_2.outcome.rejected", 1),
    ]);

    let text = bed.envoy.ask_admin("/stats/prometheus").unwrap();
    let mut lines: Vec<_> = text
        .lines()
        .filter(|line| {
            line.trim_start_matches("# TYPE ")
                .starts_with("freshpaint_")
        })
        .filter(|line| !line.ends_with(" 0"))
        .filter(|line| !line.contains("requests") || !line.contains("passed"))
        .collect();
    lines.sort_unstable();
    let expected = [
        "# TYPE freshpaint_webhooks_answers counter",
        "# TYPE freshpaint_webhooks_attempts counter",
        "# TYPE freshpaint_webhooks_deliveries counter",
        "# TYPE freshpaint_webhooks_events counter",
        "# TYPE freshpaint_webhooks_held counter",
        "# TYPE freshpaint_webhooks_requests counter",
        r#"freshpaint_webhooks_attempts{webhook="crm",outcome="delivered",status_class="2xx"} 3"#,
        r#"freshpaint_webhooks_attempts{webhook="crm",outcome="rejected",status_class="5xx"} 1"#,
        r#"freshpaint_webhooks_attempts{webhook="warehouse_2",outcome="delivered",status_class="2xx"} 3"#,
        r#"freshpaint_webhooks_attempts{webhook="warehouse_2",outcome="rejected",status_class="5xx"} 1"#,
        r#"freshpaint_webhooks_deliveries{webhook="crm",outcome="delivered"} 3"#,
        r#"freshpaint_webhooks_deliveries{webhook="crm",outcome="rejected"} 1"#,
        r#"freshpaint_webhooks_deliveries{webhook="warehouse_2",outcome="delivered"} 3"#,
        r#"freshpaint_webhooks_deliveries{webhook="warehouse_2",outcome="rejected"} 1"#,
        r#"freshpaint_webhooks_events{type="identify",outcome="filtered"} 1"#,
        r#"freshpaint_webhooks_events{type="other",outcome="invalid"} 1"#,
        r#"freshpaint_webhooks_events{type="track",outcome="accepted"} 3"#,
        r#"freshpaint_webhooks_events{type="track",outcome="failed"} 1"#,
        r#"freshpaint_webhooks_requests{outcome="accepted"} 4"#,
        r#"freshpaint_webhooks_requests{outcome="refused"} 1"#,
        r#"freshpaint_webhooks_requests{outcome="retry"} 1"#,
    ];
    assert_eq!(lines, expected);
    assert!(
        !text.contains("wasmcustom_freshpaint"),
        "a counter without its tags"
    );
}
