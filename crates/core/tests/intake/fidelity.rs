//! The customer's values come out byte for byte, whatever a JSON library would make of them.
use crate::support::{boundless, Request};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Keys, each with its value, as they must survive.
const HOSTILE: &[(&str, &str)] = &[
    (r#""huge""#, "1e400"),
    (r#""minus zero""#, "-0"),
    (r#""exact""#, "12345678901234567890.12345678901234567890"),
    (r#""long""#, "-98765432109876543210"),
    (r#""exponent""#, "1E+02"),
    (r#""twice""#, "1"),
    (r#""twice""#, "2"),
    (r#""""#, r#""empty key""#),
    (r#""\u0065scaped \"key\"""#, r#""\u00e9\/\b""#),
    (r#""lone \ud800 key""#, r#""\udc00""#),
    (r#""nul""#, r#""\u0000""#),
    (r#""raw""#, "\"\u{7f}é\u{10ffff}\u{2028}\""),
    (
        r#""nested""#,
        r#"{ "$kept" : [ 1 , { "token" : null } ] , "time":{}}"#,
    ),
    (r#""b""#, "true"),
    (r#""a""#, "null"),
];

fn members() -> String {
    let members: Vec<_> = HOSTILE
        .iter()
        .map(|(key, value)| format!("{key}:{value}"))
        .collect();
    members.join(",")
}

fn properties(payload: &str) -> &str {
    payload.split_once(r#""properties":"#).unwrap().1
}

#[test]
fn properties_survive_in_every_dialect() {
    let custom = members();
    let bodies = [
        (
            "/track",
            format!(
                r#"{{"event":"a","properties":{{"$os":"x",{custom},"token":"T","tim\u0065":1}}}}"#
            ),
        ),
        (
            "/v1/t",
            format!(r#"{{"event":"a","properties":{{{custom}}}}}"#),
        ),
        (
            "/api/s/track",
            format!(r#"{{"event":"a","properties":{{{custom}}}}}"#),
        ),
        (
            "/android",
            format!(
                r#"{{"batch":[{{"type":"track","event":"a","properties":{{{custom},"$session_id":"s"}}}}]}}"#
            ),
        ),
        (
            "/react-native",
            format!(
                r#"{{"e":[{{"event_type":"a","event_properties":{{"source_version":1,"custom_props":{{{custom}}}}}}}]}}"#
            ),
        ),
        (
            "/e",
            format!(r#"{{"event":"a","properties":{{"distinct_id":"u",{custom}}}}}"#),
        ),
    ];
    for (path, body) in bodies {
        let payload = Request::post(path, body).payload_with(&boundless());
        assert_eq!(properties(&payload), format!("{{{custom}}}}}"), "{path}");
    }
}

#[test]
fn traits_come_out_byte_for_byte() {
    let custom = members();
    for (path, body) in [
        ("/v1/i", format!(r#"{{"traits":{{{custom}}}}}"#)),
        (
            "/v1/i",
            format!(r#"{{"context":{{"traits":{{{custom}}}}}}}"#),
        ),
        (
            "/track",
            format!(r#"{{"event":"$identify","properties":{{"$user_props":{{{custom}}}}}}}"#),
        ),
        ("/engage", format!(r#"{{"$set":{{{custom}}}}}"#)),
        (
            "/e",
            format!(r#"{{"event":"$identify","$set":{{{custom}}}}}"#),
        ),
    ] {
        let payload = Request::post(path, body).payload();
        assert_eq!(
            payload.split_once(r#""traits":"#).unwrap().1,
            format!("{{{custom}}}}}"),
            "{path}"
        );
    }
}

#[test]
fn names_ids_and_page_data_survive_as_they_were_written() {
    let body = r#"{"type":"track","event":"\ud800 \u0061","messageId":"\udfff","userId":-0.50,"anonymousId":"\u0000",
        "context":{"page":{"url":"\u002f","title":"\ud83d\ude00","path":7},"library":{ "name" : "x", "v":1e999}}}"#;
    assert_eq!(
        Request::post("/v1/t", body).payload(),
        concat!(
            r#"{"event":"\ud800 \u0061","type":"track","timestamp":"2026-01-02T03:04:05Z","messageId":"\udfff","#,
            r#""anonymousId":"\u0000","userId":"-0.50","context":{"page":{"url":"\u002f","title":"\ud83d\ude00"},"#,
            r#""library":{ "name" : "x", "v":1e999}},"properties":{}}"#
        )
    );
}

#[test]
fn depth_is_no_matter() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let custom = format!(r#""deep":{deep}"#);
    for (path, body) in [
        (
            "/track",
            format!(r#"{{"event":"a","properties":{{{custom}}},"x":{deep}}}"#),
        ),
        (
            "/v1/t",
            format!(r#"{{"event":"a","properties":{{{custom}}},"context":{{"x":{deep}}}}}"#),
        ),
    ] {
        let payload = Request::post(path, body).payload_with(&boundless());
        assert_eq!(properties(&payload), format!("{{{custom}}}}}"), "{path}");
    }
}

#[test]
fn a_megabyte_of_id_and_a_million_keys_are_only_long() {
    let id = "x".repeat(1 << 20);
    let payload =
        Request::post("/v1/t", format!(r#"{{"event":"a","messageId":"{id}"}}"#)).payload();
    assert!(payload.contains(&format!(r#""messageId":"{id}""#)));

    let keys = r#""k":1,"#.repeat(700_000) + r#""k":1"#;
    let body = format!(r#"{{"event":"a","properties":{{{keys}}}}}"#);
    assert_eq!(
        properties(&Request::post("/track", body).payload_with(&boundless())),
        format!("{{{keys}}}}}")
    );
}
