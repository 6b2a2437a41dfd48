//! The source of an event, within which its message id is unique.

use crate::support::Request;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const SEGMENT: &str = r#"{"type":"track","event":"a"}"#;

fn source(request: &Request) -> String {
    request.event(1, |event| event.source().to_owned())
}

#[test]
fn every_way_to_name_it_is_read() {
    // Basic of `KEY:` and of `KEY:secret`.
    for value in ["Basic S0VZOg==", "basic  S0VZOnNlY3JldA", "Bearer KEY"] {
        let request = Request::post("/v1/t", SEGMENT).header("authorization", value);
        assert_eq!(source(&request), "KEY", "{value}");
    }
    let jitsu = Request::post("/api/s/track", SEGMENT).header("x-write-key", "KEY:SECRET");
    assert_eq!(source(&jitsu), "KEY");
    for (path, body) in [
        (
            "/beacon/v1/batch?writeKey=KEY",
            r#"[{"type":"track","event":"a"}]"#,
        ),
        ("/v1/t", r#"{"type":"track","event":"a","writeKey":"KEY"}"#),
        (
            "/v1/batch",
            r#"{"batch":[{"type":"track","event":"a","writeKey":"KEY"}]}"#,
        ),
        (
            "/v1/batch",
            r#"{"writeKey":"KEY","batch":[{"type":"track","event":"a"}]}"#,
        ),
        ("/batch", r#"{"api_key":"KEY","batch":[{"event":"a"}]}"#),
        ("/e", r#"[{"event":"a","properties":{"token":"KEY"}}]"#),
        (
            "/react-native",
            r#"{"client":"KEY","e":[{"event_type":"a"}]}"#,
        ),
        ("/track", r#"{"event":"a","properties":{"token":"KEY"}}"#),
        ("/engage", r#"[{"$token":"KEY","$set":{}}]"#),
    ] {
        assert_eq!(source(&Request::post(path, body)), "KEY", "{path} {body}");
    }
}

/// With OAuth, Segment's SDKs send a token that changes beside the write key that does not; others
/// send one to whatever stands in front.
#[test]
fn a_token_counts_where_nothing_else_names_the_source() {
    for (path, body) in [
        (
            "/v1/batch?writeKey=KEY",
            r#"{"batch":[{"type":"track","event":"a"}]}"#,
        ),
        (
            "/v1/batch",
            r#"{"batch":[{"type":"track","event":"a"}],"writeKey":"KEY"}"#,
        ),
        (
            "/v1/batch",
            r#"{"batch":[{"type":"track","event":"a","writeKey":"KEY"}]}"#,
        ),
        ("/batch", r#"{"api_key":"KEY","batch":[{"event":"a"}]}"#),
        ("/e", r#"[{"event":"a","properties":{"token":"KEY"}}]"#),
    ] {
        let request = Request::post(path, body).header("authorization", "Bearer eyJhbGciOi.J9.x");
        assert_eq!(source(&request), "KEY", "{path} {body}");
    }
    let request =
        Request::post("/v1/t?writeKey=KEY", SEGMENT).header("authorization", "Basic Og==");
    assert_eq!(source(&request), "KEY");
}

/// Mixpanel's `/import` takes the project's token as user name, or a secret beside the token of
/// each event.
#[test]
fn the_user_name_of_mixpanels_import_counts_where_an_event_has_no_token() {
    let import = |properties: &str, value: &str| {
        let body = format!(r#"[{{"event":"a","properties":{{{properties}}}}}]"#);
        source(&Request::post("/import?strict=1", body).header("authorization", value))
    };
    // Basic of `KEY:` and of `secret:`.
    assert_eq!(import("", "Basic S0VZOg=="), "KEY");
    assert_eq!(import(r#""token":"KEY""#, "Basic c2VjcmV0Og=="), "KEY");
    // A token may be one of whatever stands in front.
    assert_eq!(import("", "Bearer KEY"), "");
}

#[test]
fn a_field_without_a_name_takes_none_away() {
    for field in [
        r#""client":{"os":"x"}"#,
        r#""token":null"#,
        r#""api_key":"""#,
    ] {
        let body =
            format!(r#"{{"writeKey":"KEY",{field},"batch":[{{"type":"track","event":"a"}}]}}"#);
        assert_eq!(
            source(&Request::post("/v1/batch", body.clone())),
            "KEY",
            "{body}"
        );
    }
}

#[test]
fn a_credential_that_names_no_source_is_left_out() {
    for value in [
        "",
        "Basic",
        "Basic !!!",
        "Basic Og==",
        "Digest KEY",
        "Bearer ",
        "Bearer \u{e9}",
        "Bearer a\"b",
    ] {
        let request = Request::post("/v1/t", SEGMENT).header("authorization", value);
        assert_eq!(source(&request), "", "{value}");
    }
}

#[test]
fn what_is_too_long_is_no_name() {
    for (length, is_named) in [(1_024, true), (1_025, false)] {
        let key = "k".repeat(length);
        let of = |request: &Request| source(request) == key;
        let named = |member: &str| {
            let text = format!(r#"{{"type":"track","event":"a"{member}}}"#);
            of(&Request::post("/v1/t", text))
        };
        assert_eq!(named(&format!(r#","writeKey":"{key}""#)), is_named);
        let batch = format!(r#"{{"writeKey":"{key}","batch":[{SEGMENT}]}}"#);
        assert_eq!(of(&Request::post("/v1/batch", batch)), is_named);
        let query = format!("/v1/t?writeKey={key}");
        assert_eq!(of(&Request::post(&query, SEGMENT)), is_named);
        let token = format!("Bearer {key}");
        let bearer = Request::post("/v1/t", SEGMENT).header("authorization", token);
        assert_eq!(of(&bearer), is_named);
    }
}

#[test]
fn a_secret_is_nowhere_in_the_payload() {
    let payload = Request::post("/api/s/track", SEGMENT)
        .header("x-write-key", "KEY:SECRET")
        .payload();
    assert!(
        !payload.contains("KEY") && !payload.contains("SECRET"),
        "{payload}"
    );
}
