//! Events that are taken for one that was sent before, and events that are not.

use crate::bed::Bed;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const CONFIG: &str = r#"{"options": {"enable_identify_events": true, "enable_pageview_events": true},
    "webhooks": [{"name": "a", "url": "https://a.test/"}]}"#;

/// How many events of each request, in this order, go to the webhook.
fn delivered(config: &str, requests: &[(&str, &str)]) -> Vec<usize> {
    let mut bed = Bed::new(config).remembering();
    requests
        .iter()
        .map(|(path, body)| bed.send_to(path, body, &[]).len())
        .collect()
}

fn mixpanel(event: &str, properties: &str) -> (&'static str, String) {
    let body = format!(r#"{{"event":"{event}","properties":{{"token":"T",{properties}}}}}"#);
    ("/track", body)
}

#[test]
fn the_same_message_id_on_another_event_is_another_event() {
    let order = r#""$insert_id":"order-7","distinct_id":"u","$device_id":"d""#;
    let requests = [
        mixpanel("Order Placed", order),
        mixpanel("Order Shipped", order),
        mixpanel("$page", order),
        mixpanel("Order Placed", &order.replace("\"u\"", "\"v\"")),
        mixpanel("Order Placed", &order.replace("\"d\"", "\"e\"")),
        mixpanel("Order Placed", &order.replace("7", "8")),
        mixpanel("Order Placed", order),
    ];
    let requests = requests
        .each_ref()
        .map(|(path, body)| (*path, body.as_str()));
    assert_eq!(delivered(CONFIG, &requests), [1, 1, 1, 1, 1, 1, 0]);
}

#[test]
fn equal_events_of_one_request_are_different_events() {
    let event = r#"{"event":"a","properties":{"time":1672262210,"distinct_id":"u"}}"#;
    let two = format!("[{event},{event}]");
    let three = format!("[{event},{event},{event}]");
    let requests = [
        ("/track", &*two),
        ("/track", &*two),
        ("/track", &*three),
        ("/track", event),
    ];
    assert_eq!(delivered(CONFIG, &requests), [2, 0, 1, 0]);
}

#[test]
fn identify_and_group_without_id_and_time_are_their_content() {
    let profile = r#"{"$token":"T","$distinct_id":"u","$set":{"plan":"pro"}}"#;
    let other = profile.replace("pro", "free");
    let group = r#"{"$token":"T","$group_key":"company","$group_id":"g","$set":{"plan":"pro"}}"#;
    let track = r#"{"event":"a","properties":{"distinct_id":"u"}}"#;
    let requests = [
        ("/engage", profile),
        ("/engage", profile),
        ("/engage", &*other),
        ("/groups", group),
        ("/groups", group),
        // Two events that look alike are two events where nothing tells them apart.
        ("/track", track),
        ("/track", track),
    ];
    assert_eq!(delivered(CONFIG, &requests), [1, 0, 1, 1, 0, 1, 1]);
}

#[test]
fn a_state_that_comes_back_after_another_one_is_delivered_again() {
    let plan =
        |plan: &str| format!(r#"{{"$token":"T","$distinct_id":"u","$set":{{"plan":"{plan}"}}}}"#);
    let (pro, free) = (plan("pro"), plan("free"));
    let other_user = free.replace("\"u\"", "\"v\"");
    let other_trait = pro.replace("plan", "tier");
    let both = format!("[{pro},{free}]");
    let group = |plan: &str| {
        format!(r#"{{"$token":"T","$group_key":"c","$group_id":"g","$set":{{"plan":"{plan}"}}}}"#)
    };
    let (group_pro, group_free) = (group("pro"), group("free"));
    let requests = [
        ("/engage", &*pro),
        ("/engage", &other_user),
        ("/engage", &other_trait),
        ("/groups", &group_free),
        // Nothing of these is another state of the first.
        ("/engage", &pro),
        ("/engage", &free),
        ("/engage", &free),
        ("/engage", &pro),
        ("/engage", &pro),
        ("/groups", &group_pro),
        ("/groups", &group_free),
        ("/groups", &group_free),
        ("/engage", &both),
        ("/engage", &pro),
        ("/engage", &other_user),
    ];
    let counts = delivered(CONFIG, &requests);
    assert_eq!(counts, [1, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 0, 1, 1, 0]);
}

/// The id that a webhook sees of an event whose SDK gave it none.
fn computed(config: &str, properties: &str) -> String {
    let mut bed = Bed::new(config);
    let (path, body) = mixpanel("a", properties);
    assert_eq!(bed.send_to(path, &body, &[]), "a");
    let payload = bed.payload("a");
    let (_, rest) = payload.split_once(r#""messageId":""#).unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

#[test]
fn a_computed_id_depends_on_the_key() {
    let event = r#""time":1672262210,"distinct_id":"ada@example.com""#;
    let keyed = CONFIG.replacen('{', r#"{"collect": {"id_key": "${HASH_KEY}"}, "#, 1);
    let other = CONFIG.replacen('{', r#"{"collect": {"id_key": "${OTHER_KEY}"}, "#, 1);
    let ids = [CONFIG, &keyed, &other].map(|config| computed(config, event));
    assert_eq!(ids[0], "wkvWkPGSwtAujWayfMniPA==", "SHA-256, as ever");
    assert!(ids.iter().all(|id| id.len() == 24));
    assert!(
        ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2],
        "{ids:?}"
    );
    assert_eq!(ids[1], computed(&keyed, event));
    assert_ne!(ids[1], computed(&keyed, &event.replace("ada", "eve")));
    let sent = format!(r#"{event},"$insert_id":"mine""#);
    assert_eq!(computed(&keyed, &sent), "mine");
}
