//! Requests of `PostHog`'s SDKs that no capture shows. Each request is written after an SDK's
//! source.
use crate::support::{member, Request, NOW};
use freshpaint_core::clock::UnixMillis;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The payload of one event in a batch of `PostHog`'s.
fn posthog(event: &str) -> String {
    Request::post("/batch", format!(r#"{{"api_key":"T","batch":[{event}]}}"#)).payload()
}

/// `setPersonProperties` and `setPersonPropertiesOnce` of the SDKs for browsers and apps, `set` and
/// `setOnce` of the one for Java.
#[test]
fn values_that_posthog_sets_once_are_traits_where_it_sets_nothing_else() {
    let traits = |event: &str, properties: &str| {
        let event = format!(
            r#"{{"event":"{event}","uuid":"1","distinct_id":"u","properties":{{{properties}}}}}"#
        );
        let payload = posthog(&event);
        assert_eq!(member(&payload, "type"), Some("identify"));
        payload.split_once(r#""traits":"#).unwrap().1.to_owned()
    };
    let once = r#""$set_once":{"source":"ad","$initial_referrer":"$direct"}"#;
    assert_eq!(
        traits("$identify", &format!(r#""$set":{{"plan":"pro"}},{once}"#)),
        r#"{"plan":"pro"}}"#
    );
    for nothing in ["", r#""$set":{},"#] {
        assert_eq!(
            traits("$set", &format!("{nothing}{once}")),
            r#"{"source":"ad","$initial_referrer":"$direct"}}"#
        );
    }
    assert_eq!(
        traits("$set_once", r#""$set_once":{"source":"ad"}"#),
        r#"{"source":"ad"}}"#
    );
    // Beside the properties posthog-js has those of a campaign, of which most are null.
    let identify = r#"{"event":"$identify","uuid":"1","$set":{"plan":"pro"},"$set_once":{"utm_source":null,"gclid":"g"},"properties":{"distinct_id":"u"}}"#;
    assert!(posthog(identify).ends_with(r#""traits":{"plan":"pro"}}"#));
}

#[test]
fn posthogs_sdk_for_java_names_itself_beside_the_properties() {
    let event = r#"{"event":"a","uuid":"1","distinct_id":"u","$lib":"posthog-java"}"#;
    assert!(posthog(event).contains(r#""library":{"name":"posthog-java"}"#));
}

/// posthog-js up to 1.4xx sends how long ago an event was in place of when, and `$time` is when it
/// was captured, also where the customer gives another time.
#[test]
fn an_event_may_say_how_long_ago_it_was() {
    let seconds = NOW.0 / 1_000;
    let timestamp = |event: &str, received: i64| {
        let payload = Request::post("/e", format!(r#"[{{"event":"a","uuid":"1",{event}}}]"#))
            .at(UnixMillis(received))
            .payload();
        member(&payload, "timestamp").unwrap().to_owned()
    };
    let captured = format!(r#""properties":{{"$time":{seconds}}}"#);
    let after = |ago: i64| format!(r#""offset":{ago},{captured}"#);
    // The clock is right, and a little time went by on the way.
    assert_eq!(
        timestamp(&after(3_000), NOW.0 + 3_400),
        "2026-01-02T03:04:05Z"
    );
    // The customer gave a time of the day before.
    assert_eq!(timestamp(&after(86_400_000), NOW.0), "2026-01-01T03:04:05Z");
    // An hour went by, or the clock is an hour slow.
    assert_eq!(
        timestamp(&after(3_000), NOW.0 + 3_600_000),
        "2026-01-02T03:04:05Z"
    );
    // The browser was asleep before it sent.
    assert_eq!(
        timestamp(&after(3_600_000), NOW.0 + 3_601_000),
        "2026-01-02T03:04:05Z"
    );
    assert_eq!(
        timestamp(r#""offset":60000,"properties":{}"#, NOW.0),
        "2026-01-02T03:03:05Z"
    );
    // A time of its own comes first.
    let own = r#""offset":60000,"timestamp":"2026-01-01T00:00:00Z","properties":{}"#;
    assert_eq!(timestamp(own, NOW.0), "2026-01-01T00:00:00Z");
    for nonsense in ["-9e300", "9e300", "null", r#""3000""#, "{}", "[]"] {
        let event = format!(r#""offset":{nonsense},{captured}"#);
        assert_eq!(
            timestamp(&event, NOW.0),
            "2026-01-02T03:04:05Z",
            "{nonsense}"
        );
    }
}
