//! When an event happened, and the message id that may follow from it.
use crate::support::{member, track, Outcome, Request, Said, NOW};
use freshpaint_core::clock::UnixMillis;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn times_come_as_seconds_milliseconds_or_rfc_3339() {
    for (time, wanted) in [
        ("1672262210", "2022-12-28T21:16:50Z"),
        ("1672262210.999", "2022-12-28T21:16:50Z"),
        ("1672262210123", "2022-12-28T21:16:50Z"),
        ("\"1672262210\"", "2022-12-28T21:16:50Z"),
        ("1.67226221e9", "2022-12-28T21:16:50Z"),
        ("0", "1970-01-01T00:00:00Z"),
        ("\"2022-12-28T21:16:50Z\"", "2022-12-28T21:16:50Z"),
        ("\"2022-12-28T21:16:50.123456789Z\"", "2022-12-28T21:16:50Z"),
        ("\"2022-12-28T23:16:50.999+02:00\"", "2022-12-28T21:16:50Z"),
        ("\"2022-12-28 21:16:50\"", "2022-12-28T21:16:50Z"),
        ("\"2022-12-28T21:16:50\"", "2022-12-28T21:16:50Z"),
        ("\"2022-12-28\"", "2022-12-28T00:00:00Z"),
        ("\"9999-12-31T23:59:59Z\"", "9999-12-31T23:59:59Z"),
    ] {
        assert_eq!(
            member(&track(&format!("\"time\":{time}")), "timestamp"),
            Some(wanted),
            "{time}"
        );
    }
}

#[test]
fn a_timestamp_that_is_no_time_is_the_time_of_arrival() {
    for time in [
        "null",
        "\"\"",
        "\"soon\"",
        "{}",
        "[1]",
        "true",
        "-1",
        "1e400",
        "-1e400",
        "1e15",
        "\"NaN\"",
        "\"inf\"",
        "\"0001-01-01T00:00:00Z\"",
        "\"1969-12-31T23:59:59Z\"",
        "\"+010000-01-01T00:00:00Z\"",
        "\"9999-12-31T23:59:59-01:00\"",
        "\"2022-13-01T00:00:00Z\"",
    ] {
        assert_eq!(
            member(&track(&format!("\"time\":{time}")), "timestamp"),
            Some("2026-01-02T03:04:05Z"),
            "{time}"
        );
    }
}

/// A Segment event whose client's clock says `original` when it happens and `sent` when it is sent;
/// received at `NOW`.
fn skewed(original: &str, sent: &str) -> String {
    let body = format!(
        r#"{{"batch":[{{"type":"track","event":"a","messageId":"1","timestamp":"{original}"}}],"sentAt":"{sent}"}}"#
    );
    member(&Request::post("/v1/batch", body).payload(), "timestamp")
        .unwrap()
        .to_owned()
}

#[test]
fn a_wrong_clock_is_corrected_by_when_the_request_was_sent() {
    // An hour ahead, 10 s before sending.
    assert_eq!(
        skewed("2026-01-02T04:03:55.678Z", "2026-01-02T04:04:05.678Z"),
        "2026-01-02T03:03:55Z"
    );
    // A phone that has lost its clock.
    assert_eq!(
        skewed("1970-01-01T00:00:00.000Z", "1970-01-01T00:01:00.000Z"),
        "2026-01-02T03:03:05Z"
    );
    // Right, but for the way through the network.
    assert_eq!(
        skewed("2026-01-02T03:04:01.100Z", "2026-01-02T03:04:02.000Z"),
        "2026-01-02T03:04:01Z"
    );
    // Sent before it happened: not later than now.
    assert_eq!(
        skewed("2026-01-02T05:00:00Z", "2026-01-02T04:00:00Z"),
        "2026-01-02T03:04:05Z"
    );
    assert_eq!(
        skewed("2026-01-02T04:00:00Z", "yesterday"),
        "2026-01-02T04:00:00Z"
    );
}

#[test]
fn a_re_send_keeps_the_corrected_time() {
    let body = |sent: &str| {
        format!(
            r#"{{"type":"track","event":"a","timestamp":"2026-01-02T04:00:00.000Z","sentAt":"{sent}"}}"#
        )
    };
    let first = Request::post("/v1/t", body("2026-01-02T04:04:05.678Z")).payload();
    let second = Request::post("/v1/t", body("2026-01-02T04:05:05.678Z"))
        .at(UnixMillis(NOW.0 + 60_000))
        .payload();
    assert_eq!(first, second);
    assert_eq!(member(&first, "timestamp"), Some("2026-01-02T03:00:00Z"));
}

/// The message id, and whether it is the same when the event comes again.
fn message_id(path: &str, body: &str, seed: u64) -> (String, bool) {
    Request::post(path, body).event(seed, |event| {
        (event.message_id().to_owned(), event.stable_id())
    })
}

#[test]
fn an_event_without_an_id_gets_one_that_follows_from_it() {
    let event = |name: &str, time: u32, more: &str| {
        let body = format!(
            r#"{{"event":"{name}","properties":{{"time":{time},"distinct_id":"u","token":"T"{more}}}}}"#
        );
        let (id, stable) = message_id("/track", &body, u64::from(time));
        assert!(stable);
        id
    };
    let first = event("a", 1, "");
    assert_eq!(first, event("a", 1, ""));
    for other in [
        event("b", 1, ""),
        event("a", 2, ""),
        event("a", 1, ",\"p\":1"),
    ] {
        assert_ne!(first, other);
    }
    // Pinned: a new release must not deliver again what an older one delivered.
    assert_eq!(first, "jMFu+rn7xFvXlemg7bxL9A==");
}

/// A time that cannot be read tells two events apart as little as none, and so does that of a clock
/// that stands at 0.
#[test]
fn an_event_with_neither_id_nor_time_gets_a_random_one() {
    for time in [
        "null",
        "\"\"",
        "\"yesterday\"",
        "-1",
        "1e400",
        "0",
        "-0.0",
        "\"1970-01-01T00:00:00Z\"",
        "[]",
        "false",
    ] {
        for (path, body) in [
            (
                "/track",
                format!(r#"{{"event":"a","properties":{{"time":{time}}}}}"#),
            ),
            (
                "/v1/page",
                format!(r#"{{"timestamp":{time},"userId":"u"}}"#),
            ),
        ] {
            let (first, stable) = message_id(path, &body, 1);
            assert!(!stable, "{body}");
            assert_ne!(first, message_id(path, &body, 2).0);
            assert_eq!(first.len(), 24);
            assert!(first.ends_with("=="));
        }
    }
}

#[test]
fn timestamps_have_milliseconds_where_the_configuration_wants_them() {
    let text = r#"{"webhooks": [{"url": "https://example.com/in"}], "timestamps": "milliseconds"}"#;
    let config = freshpaint_config::parse(text.as_bytes(), &|_| None).unwrap();
    for (time, wanted) in [
        ("1672262210", "2022-12-28T21:16:50.000Z"),
        // No binary fraction is exactly this, and some lie just below.
        ("1672262210.123", "2022-12-28T21:16:50.123Z"),
        ("1672262210.9996", "2022-12-28T21:16:50.999Z"),
        ("1672262210007.9", "2022-12-28T21:16:50.007Z"),
        ("\"2022-12-28T21:16:50Z\"", "2022-12-28T21:16:50.000Z"),
        (
            "\"2022-12-28T23:16:50.0459+02:00\"",
            "2022-12-28T21:16:50.045Z",
        ),
        ("\"9999-12-31T23:59:59.999Z\"", "9999-12-31T23:59:59.999Z"),
        ("null", "2026-01-02T03:04:05.678Z"),
    ] {
        let body = format!(r#"{{"event":"a","properties":{{"time":{time}}}}}"#);
        let Outcome::Read(said, _) = Request::post("/track", body).run_with(&config) else {
            panic!("refused")
        };
        let [Said::Payload(payload)] = &said[..] else {
            panic!("{said:?}")
        };
        assert_eq!(member(payload, "timestamp"), Some(wanted), "{time}");
    }
}

#[test]
fn an_id_that_the_sdk_sent_is_kept_escapes_and_all() {
    let body = r#"{"type":"track","event":"a","messageId":"\u00e9\"\\"}"#;
    assert_eq!(message_id("/v1/t", body, 1), (r#"\u00e9\"\\"#.into(), true));
    let body = r#"{"type":"track","event":"a","messageId":12}"#;
    assert_eq!(message_id("/v1/t", body, 1), ("12".into(), true));
}

/// Older SDKs of PostHog for Python, PHP and Ruby have no `uuid`.
#[test]
fn the_message_id_of_a_posthog_event_may_have_segments_name() {
    let id = |ids: &str| {
        let body = format!(r#"[{{"event":"a",{ids}"messageId":"m","properties":{{"p":1}}}}]"#);
        message_id("/batch", &body, 1)
    };
    assert_eq!(id(""), ("m".into(), true));
    assert_eq!(id(r#""uuid":"u","#), ("u".into(), true));
}
