//! The contract's four examples (seed, "Events"), byte for byte but for whitespace, from what
//! freshpaint.js would have sent.
use crate::support::Request;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const SURROUNDINGS: &str = r#""$os":"Linux","$browser":"Chrome","$browser_version":108,"$host":"example.com","$lib":"web",
    "$current_url":"https://example.com/","$pathname":"/","$initial_referrer":"$direct","token":"ENV-ID",
    "distinct_id":"1855a980cb1529-066ed15036156b-18525635-13c680-1855a980cb2178a",
    "$device_id":"1855a980cb1529-066ed15036156b-18525635-13c680-1855a980cb2178a""#;

fn web(event: &str, properties: &str) -> String {
    let body = format!(r#"{{"event":"{event}","properties":{{{SURROUNDINGS},{properties}}}}}"#);
    Request::post("/track", body).payload()
}

fn compact(example: &str) -> String {
    example
        .lines()
        .map(str::trim)
        .collect::<String>()
        .replace("\": ", "\":")
}

#[test]
fn track() {
    let payload = web(
        "a",
        r#""$title":"Home Page","$insert_id":"iI5pcrFfZHTuAfEu1DZ6Mg==","time":1672262210.999,"customProp":42"#,
    );
    assert_eq!(payload, compact(include_str!("../payload/track.json")));
}

#[test]
fn identify() {
    let payload = web(
        "$identify",
        r#""$title":"Home Page","$insert_id":"Zi1TKug6D8lLqNUD1v0i1w==","time":1672264825.5,
           "$user_id":"hello@example.com","$user_props":{"phone":"+15558675309"}"#,
    );
    assert_eq!(payload, compact(include_str!("../payload/identify.json")));
}

#[test]
fn page() {
    let payload = web(
        "$pageview",
        r#""$title":"Example Domain","$insert_id":"icgQY4taV/WsZPiE9/0ZaA==","time":1672264290"#,
    );
    assert_eq!(payload, compact(include_str!("../payload/page.json")));
}

#[test]
fn group() {
    let payload = web(
        "$group",
        r#""$title":"Home Page","$insert_id":"7Kx9d7JNjo3Tbi9IcFITYw==","time":1672264583000,
           "$group_id":"Acme, Inc","$group_props":{"companyId":"1234"}"#,
    );
    assert_eq!(payload, compact(include_str!("../payload/group.json")));
}
