//! The contract's two options (seed, "Configuration Options"), for all webhooks and for one.

use crate::support::{assert_accepted, fresh_id, Bed, Setup};
use freshpaint_harness::Request;
use serde_json::{json, Value};

fn send(bed: &Bed, event: &str) {
    let body = json!({"event": event, "properties": {
        "distinct_id": "u", "$device_id": "d", "time": 1_672_262_210, "$insert_id": fresh_id(),
    }});
    assert_accepted(&bed.send(&Request::post("/track", body.to_string())));
}

/// Sends one event of each kind; the `type` of each that the webhook got.
fn types(setup: Setup, name: &str) -> Vec<Value> {
    let bed = setup.start();
    // The last one always goes, so when it is there nothing else is still to come.
    for event in ["$identify", "$pageview", "$page", "$web_event", "last"] {
        send(&bed, event);
    }
    let seen = bed
        .hook(name)
        .wait_until(crate::support::SOON, |all| {
            all.iter().any(|one| one.json()["event"] == "last")
        })
        .unwrap();
    let mut types: Vec<Value> = seen.iter().map(|one| one.json()["type"].clone()).collect();
    types.sort_by_key(ToString::to_string);
    types
}

#[test]
fn identify_and_automatic_pageviews_are_off_unless_enabled() {
    assert_eq!(types(Setup::new(&["crm"]), "crm"), ["track"]);
    let on = |key: &str| Setup::new(&["crm"]).with("options", json!({key: true}));
    assert_eq!(
        types(on("enable_identify_events"), "crm"),
        ["identify", "track"]
    );
    assert_eq!(
        types(on("enable_pageview_events"), "crm"),
        ["page", "page", "track"]
    );
}

#[test]
fn a_webhook_overrides_the_options_of_all() {
    let setup = || {
        Setup::new(&["crm", "warehouse"])
            .with("options", json!({"enable_identify_events": true}))
            .with_webhook(
                1,
                "options",
                json!({"enable_identify_events": false, "enable_pageview_events": true}),
            )
    };
    assert_eq!(types(setup(), "crm"), ["identify", "track"]);
    assert_eq!(types(setup(), "warehouse"), ["page", "page", "track"]);
}

#[test]
fn an_event_that_no_webhook_wants_is_a_success_without_a_call() {
    let bed = Setup::new(&["crm"]).start();
    send(&bed, "$identify");
    send(&bed, "$pageview");
    bed.assert_metrics(&[
        ("requests.outcome.accepted", 2),
        ("events.type.identify.outcome.filtered", 1),
        ("events.type.page.outcome.filtered", 1),
    ]);
    assert_eq!((bed.hook("crm").count(), bed.upstream.count()), (0, 0));
}

#[test]
fn a_pageview_that_the_customer_named_always_goes() {
    let bed = Setup::new(&["crm"]).start();
    send(&bed, "Viewed Pricing Page");
    let payload = bed.only("crm").json();
    assert_eq!(
        (&payload["type"], &payload["event"]),
        (&json!("track"), &json!("Viewed Pricing Page"))
    );
}
