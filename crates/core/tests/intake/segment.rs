//! Requests of the SDKs of Segment's family that no capture shows. Each request is written after an
//! SDK's source.
use crate::support::{member, Request};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The payload of one event in a batch of Segment's.
fn segment(event: &str) -> String {
    Request::post("/v1/batch", format!(r#"{{"batch":[{event}]}}"#)).payload()
}

#[test]
fn two_pages_that_differ_by_their_name_have_two_computed_ids() {
    let id = |name: &str| {
        let page =
            format!(r#"{{"type":"page","userId":"u","timestamp":1,{name}"properties":{{}}}}"#);
        member(&segment(&page), "messageId").unwrap().to_owned()
    };
    let named = id(r#""name":"x","#);
    let categorised = id(r#""category":"x","#);
    assert_ne!(named, categorised);
    assert_ne!(named, id(""));
    assert_ne!(named, id(r#""name":"y","#));
    assert_eq!(named, id(r#""name":"x","#));
}

/// Older SDKs of Segment's family.
#[test]
fn a_library_may_be_its_name_alone() {
    let event =
        r#"{"type":"track","event":"a","messageId":"1","context":{"library":"analytics-clj"}}"#;
    assert!(segment(event).contains(r#""library":{"name":"analytics-clj"}"#));
}

/// Segment's SDKs for Kotlin, Swift and C# write `sentAt` when they close a batch, and a device
/// without network sends the batch hours later.
#[test]
fn a_batch_that_was_closed_long_ago_has_the_times_of_its_events() {
    let timestamp = |library: &str, happened: &str, sent: &str, more: &str| {
        let body = format!(
            r#"{{"batch":[{{"type":"track","event":"a","messageId":"1","timestamp":"{happened}","context":{{"library":{{"name":"{library}"}}}}{more}}}],"sentAt":"{sent}","writeKey":"k"}}"#
        );
        let payload = Request::post("/v1/b", body).payload();
        member(&payload, "timestamp").unwrap().to_owned()
    };
    let (closed, happened) = ("2026-01-01T20:00:00Z", "2026-01-01T19:59:30Z");
    for library in ["analytics-kotlin", "analytics-swift", "Analytics-CSharp"] {
        assert_eq!(timestamp(library, happened, closed, ""), happened);
    }
    // The clock of this one is slow.
    let other = "analytics-react-native";
    assert_eq!(
        timestamp(other, happened, closed, ""),
        "2026-01-02T03:03:35Z"
    );
    // This one is an hour ahead, whoever says so.
    assert_eq!(
        timestamp(
            "analytics-swift",
            "2026-01-02T04:03:35Z",
            "2026-01-02T04:04:05Z",
            ""
        ),
        "2026-01-02T03:03:35Z"
    );
    // RudderStack's for Swift says in each event when it is sent.
    let sent = r#","sentAt":"2026-01-02T03:04:05Z""#;
    assert_eq!(timestamp("rudder-swift", happened, closed, sent), happened);
}
