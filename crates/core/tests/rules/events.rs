//! `events`, `sample`, `sources`.

use crate::bed::{track, Bed};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const URLS: &str =
    r#"{"name": "a", "url": "http://a.test/"}, {"name": "b", "url": "http://b.test/"}"#;

/// Two webhooks, of which the first has these members.
fn first(members: &str) -> Bed {
    Bed::new(&format!(
        r#"{{"webhooks": [{{"name": "a", "url": "http://a.test/", {members}}}, {{"name": "b", "url": "http://b.test/"}}],
            "options": {{"enable_identify_events": true, "enable_pageview_events": true}}}}"#
    ))
}

#[test]
fn an_event_goes_where_it_passes_the_common_rules_and_the_webhooks_own() {
    let mut bed = Bed::new(
        r#"{"webhooks": [{"name": "a", "url": "http://a.test/", "events": {"allow": ["*Completed"], "deny": ["*Test*"]}},
            {"name": "b", "url": "http://b.test/"}],
            "events": {"allow": ["Order *"], "deny": ["* Internal *"]}}"#,
    );
    for (name, goes_to) in [
        ("Order Completed", "ab"),
        ("Order Test Completed", "b"),
        ("Order Internal Completed", ""),
        ("Order Viewed", "b"),
        ("Cart Completed", ""),
        ("order Completed", ""),
        ("Order \\u0043ompleted", "ab"),
    ] {
        assert_eq!(bed.send(&track(name, "")), goes_to, "{name}");
    }
    assert_eq!(bed.payload("a"), bed.payload("b"));
    assert_eq!(
        bed.counts(),
        [
            ("events.type.track.outcome.filtered", 3),
            ("suppressed.webhook.a.signal.filter", 5),
            ("suppressed.webhook.b.signal.filter", 3),
        ]
    );
}

#[test]
fn names_are_asked_of_track_events_alone_and_types_of_all() {
    let identify = r#"{"type": "identify", "userId": "u", "messageId": "m-i"}"#;
    let page = r#"{"type": "page", "anonymousId": "d", "name": "Order", "messageId": "m-p"}"#;
    let group = r#"{"type": "group", "anonymousId": "d", "groupId": "g", "messageId": "m-g"}"#;
    let mut bed = first(r#""events": {"allow": ["Order"], "deny": ["*"]}"#);
    for event in [identify, page, group] {
        assert_eq!(bed.send(event), "ab", "{event}");
    }
    assert_eq!(bed.send(&track("Order", "")), "b");
    let mut bed = first(r#""events": {"types": ["page", "group"]}"#);
    assert_eq!(
        [identify, page, group].map(|event| bed.send(event)),
        ["b", "ab", "ab"]
    );
}

#[test]
fn an_event_that_the_options_leave_out_is_not_counted_as_suppressed() {
    let mut bed = Bed::new(&format!(
        r#"{{"webhooks": [{URLS}], "events": {{"types": ["track"]}}}}"#
    ));
    assert_eq!(bed.send(r#"{"type": "identify", "userId": "u"}"#), "");
    assert_eq!(bed.counts(), [("events.type.identify.outcome.filtered", 1)]);
}

#[test]
fn each_source_has_its_webhooks_and_an_unknown_one_none() {
    let mut bed = Bed::new(
        r#"{"webhooks": [
            {"name": "a", "url": "http://a.test/", "sources": ["key-a"]},
            {"name": "b", "url": "http://b.test/", "sources": ["key-b", "key-ab", "k\"\u00e9"]}
        ], "sources": ["key-a", "key-b", "k\"\u00e9", "key-c"]}"#,
    );
    for (source, goes_to) in [
        (r#", "writeKey": "key-a""#, "a"),
        (r#", "writeKey": "key-b""#, "b"),
        (r#", "writeKey": "k\"\u00e9""#, "b"),
        (r#", "writeKey": "key-c""#, ""),
        (r#", "writeKey": "key-ab""#, ""),
        (r#", "writeKey": "key-""#, ""),
        (r#", "writeKey": "key-a ""#, ""),
        (r#", "writeKey": """#, ""),
        ("", ""),
    ] {
        assert_eq!(bed.send(&track("Order", source)), goes_to, "{source}");
        assert_eq!(bed.last_status(), if goes_to.is_empty() { 200 } else { 0 });
    }
    assert_eq!(
        bed.counts(),
        [
            ("events.type.track.outcome.filtered", 6),
            ("suppressed.webhook.a.signal.source", 8),
            ("suppressed.webhook.b.signal.source", 7),
        ]
    );
}

#[test]
fn a_sample_is_of_users_always_the_same_and_nested() {
    let config = r#"{"webhooks": [
        {"name": "a", "url": "http://a.test/", "sample": 0.1}, {"name": "b", "url": "http://b.test/"}
    ], "sample": 0.3}"#;
    let user =
        |id: usize| format!(r#"{{"type": "track", "event": "e", "anonymousId": "user-{id}"}}"#);
    let (mut bed, mut restarted) = (Bed::new(config), Bed::new(config));
    let mut goes_to = std::collections::BTreeMap::new();
    for id in 0..2_000 {
        let went = bed.send(&user(id));
        assert_eq!(restarted.send(&user(id)), went);
        assert_eq!(bed.send(&user(id).replace("\"e\"", "\"f\"")), went);
        *goes_to.entry(went).or_insert(0) += 1;
    }
    let near = |found: usize, wanted: usize| found.abs_diff(wanted) < 50;
    assert_eq!(goes_to.len(), 3, "{goes_to:?}");
    assert!(
        near(goes_to["ab"], 200) && near(goes_to["b"], 400),
        "{goes_to:?}"
    );
}
