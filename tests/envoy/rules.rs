//! Rules in a real Envoy: headers reach them, what they keep back is counted, and each webhook gets
//! its own.

use crate::support::{assert_accepted, Setup};
use freshpaint_harness::Request;
use serde_json::json;

#[test]
fn an_opted_out_request_goes_where_that_is_not_asked_and_each_gets_what_it_may() {
    let bed = Setup::new(&["ads", "crm"])
        .with_webhook(0, "honor", json!(["gpc"]))
        .with_webhook(1, "properties", json!({"deny": ["properties.email"]}))
        .workers(2)
        .start();
    let track = |id: &str| {
        let body = json!({"event": "a", "properties": {
            "distinct_id": "d", "time": 1, "$insert_id": id, "email": "hello@example.com", "n": 1,
        }});
        Request::post("/track", body.to_string())
    };
    assert_accepted(&bed.send(&track("out").header("Sec-GPC", "1")));
    assert_eq!(bed.only("crm").json()["properties"], json!({"n": 1}));
    assert_eq!(bed.hook("ads").count(), 0);

    assert_accepted(&bed.send(&track("in").header("Sec-GPC", "0")));
    let whole = json!({"email": "hello@example.com", "n": 1});
    assert_eq!(bed.only("ads").json()["properties"], whole);
    bed.assert_metrics(&[
        ("requests.outcome.accepted", 2),
        ("events.type.track.outcome.accepted", 2),
        ("deliveries.webhook.ads.outcome.delivered", 1),
        ("attempts.webhook.ads.outcome.delivered.status_class.2xx", 1),
        ("deliveries.webhook.crm.outcome.delivered", 2),
        ("attempts.webhook.crm.outcome.delivered.status_class.2xx", 2),
        ("suppressed.webhook.ads.signal.gpc", 1),
    ]);
}

#[test]
fn the_clients_address_is_sent_on_only_if_asked_for_and_is_envoys() {
    for (asked, expected) in [
        (false, json!({"page": null})),
        (true, json!({"page": null, "ip": "127.0.0.1"})),
    ] {
        let mut setup = Setup::new(&["crm"]).with("context", json!({"ip": asked}));
        setup.config.use_remote_address = true;
        let bed = setup.start();
        let event = json!({"type": "track", "event": "a", "anonymousId": "d", "context": {"ip": "192.0.2.1"}});
        let request = Request::post("/v1/track", event.to_string())
            .header("X-Forwarded-For", "192.0.2.2")
            .header("X-Real-IP", "192.0.2.3");
        assert_eq!(bed.send(&request).status, 200);
        assert_eq!(bed.only("crm").json()["context"], expected);
    }
}
