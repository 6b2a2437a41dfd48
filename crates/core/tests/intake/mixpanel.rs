//! Requests of Mixpanel's SDKs that no capture shows. Each request is written after an SDK's
//! source.
use crate::support::{member, Outcome, Request, Said};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The payloads of a request of Mixpanel's, or why there is none.
fn mixpanel(path: &str, events: &str) -> Vec<Said> {
    match Request::post(path, format!("data={events}")).run() {
        Outcome::Read(said, _) => said,
        other => panic!("{other:?}"),
    }
}

/// `autocapture.trackScreenView` of the SDKs for Android, iOS and Flutter.
#[test]
fn a_screen_of_mixpanels_is_one() {
    let events = r#"[{"event":"$mp_page_view","properties":{"token":"T","distinct_id":"$device:d","$device_id":"d","time":1767323045000,"current_page_title":"Main","$mp_autocapture":true},"$mp_metadata":{"$mp_event_id":"5f"}}]"#;
    assert_eq!(
        mixpanel("/track", events),
        [Said::Payload(
            r#"{"event":"screen_view","type":"track","timestamp":"2026-01-02T03:04:05Z","messageId":"5f","anonymousId":"d","context":{"page":null},"properties":{"current_page_title":"Main"}}"#
                .into()
        )]
    );
}

/// The SDKs for apps and Unity send no `$insert_id`, and older ones count the time in seconds: two
/// taps in one second, sent one by one, were one event.
#[test]
fn the_id_that_mixpanels_apps_give_an_event_is_its_id() {
    let tap = |id: &str| {
        let event = format!(
            r#"[{{"event":"Tap","properties":{{"token":"T","distinct_id":"u","time":1767323045}},"$mp_metadata":{{"$mp_event_id":"{id}","$mp_session_seq_id":1}}}}]"#
        );
        let said = mixpanel("/track", &event);
        let [Said::Payload(payload)] = &said[..] else {
            panic!("{said:?}")
        };
        member(payload, "messageId").unwrap().to_owned()
    };
    assert_eq!([tap("a1"), tap("a2")], ["a1", "a2"]);
    let update = r#"[{"$token":"T","$time":1767323045000,"$distinct_id":"u","$set":{"n":1},"$mp_metadata":{"$mp_event_id":"b1"}}]"#;
    let said = mixpanel("/engage", update);
    assert!(
        matches!(&said[..], [Said::Payload(payload)] if member(payload, "messageId") == Some("b1")),
        "{said:?}"
    );
    let own =
        r#"{"event":"a","properties":{"$insert_id":"own"},"$mp_metadata":{"$mp_event_id":"c1"}}"#;
    let payload = Request::post("/track", own).payload();
    assert_eq!(member(&payload, "messageId"), Some("own"));
}

#[test]
fn a_merge_of_mixpanels_is_an_operation() {
    let update = r#"[{"$token":"T","$distinct_id":"u","$merge":{"a":{"b":1}}}]"#;
    assert_eq!(
        mixpanel("/engage", update),
        [Said::Filtered("identify ProfileOperation".into())]
    );
}
