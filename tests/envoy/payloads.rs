//! The contract's four examples (seed, "Events"), from what the web SDK would have sent, as a
//! webhook gets them.

use crate::support::{assert_accepted, Setup};
use freshpaint_harness::Request;
use serde_json::json;

const DEVICE: &str = "1855a980cb1529-066ed15036156b-18525635-13c680-1855a980cb2178a";

/// The properties that freshpaint.js adds to every event.
fn web(event: &str, properties: &str) -> Request {
    let body = format!(
        r#"{{"event":"{event}","properties":{{"$os":"Linux","$browser":"Chrome","$current_url":"https://example.com/",
        "$pathname":"/","token":"ENV-ID","distinct_id":"{DEVICE}","$device_id":"{DEVICE}",{properties}}}}}"#
    );
    Request::post("/track", body)
}

/// An example of the contract without the whitespace between its tokens.
fn compact(example: &str) -> String {
    let lines: String = example.lines().map(str::trim).collect();
    lines.replace("\": ", "\":")
}

fn every_event() -> Setup {
    let options = json!({"enable_identify_events": true, "enable_pageview_events": true});
    Setup::new(&["crm", "warehouse"]).with("options", options)
}

#[test]
fn the_four_examples_reach_every_webhook_byte_for_byte() {
    let bed = every_event().start();
    let examples = [
        (
            web(
                "a",
                r#""$title":"Home Page","$insert_id":"iI5pcrFfZHTuAfEu1DZ6Mg==","time":1672262210.999,"customProp":42"#,
            ),
            include_str!("../../crates/core/tests/payload/track.json"),
        ),
        (
            web(
                "$identify",
                r#""$title":"Home Page","$insert_id":"Zi1TKug6D8lLqNUD1v0i1w==","time":1672264825.5,
                "$user_id":"hello@example.com","$user_props":{"phone":"+15558675309"}"#,
            ),
            include_str!("../../crates/core/tests/payload/identify.json"),
        ),
        (
            web(
                "$pageview",
                r#""$title":"Example Domain","$insert_id":"icgQY4taV/WsZPiE9/0ZaA==","time":1672264290"#,
            ),
            include_str!("../../crates/core/tests/payload/page.json"),
        ),
        (
            web(
                "$group",
                r#""$title":"Home Page","$insert_id":"7Kx9d7JNjo3Tbi9IcFITYw==","time":1672264583000,
                "$group_id":"Acme, Inc","$group_props":{"companyId":"1234"}"#,
            ),
            include_str!("../../crates/core/tests/payload/group.json"),
        ),
    ];
    for (request, example) in examples {
        assert_accepted(&bed.send(&request));
        for name in ["crm", "warehouse"] {
            let seen = bed.only(name);
            assert_eq!(
                (seen.method.as_str(), seen.target.as_str()),
                ("POST", "/in")
            );
            assert_eq!(String::from_utf8(seen.body).unwrap(), compact(example));
            bed.hook(name).take();
        }
    }
    assert_eq!(bed.upstream.count(), 0);
}

#[test]
fn properties_come_through_as_they_were_written() {
    let bed = every_event().start();
    let odd = r#"{"z":1e400,"a":-0,"n":12345678901234567890,"f":1.10,"s":"\u0041\/é","d":1,"d":2,"o":{"y":[ ],"x":null}}"#;
    let request = web(
        "odd",
        &format!(r#""$insert_id":"odd","time":1672262210,"custom":{odd}"#),
    );
    assert_accepted(&bed.send(&request));
    let body = String::from_utf8(bed.only("crm").body).unwrap();
    assert!(
        body.ends_with(&format!(r#""properties":{{"custom":{odd}}}}}"#)),
        "{body}"
    );
}

#[test]
fn a_webhook_sees_these_headers_and_no_others() {
    let bed = every_event()
        .with_webhook(0, "url", json!("http://crm.test:8443/in/a%20b?k=v&k="))
        .with_webhook(0, "headers", json!({"X-Api-Key": "k3y", "x-empty": ""}))
        .with_webhook(
            1,
            "headers",
            json!({"content-type": "text/json", "user-agent": "mine"}),
        )
        .start();
    let request = web("a", r#""$insert_id":"h1","time":1672262210"#)
        .header("x-client", "secret")
        .header("cookie", "a=b")
        .header("x-forwarded-for", "1.2.3.4")
        .header("x-request-id", "r")
        .header(
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        );
    assert_accepted(&bed.send(&request));
    let user_agent = format!("freshpaint-webhooks/{}", env!("CARGO_PKG_VERSION"));
    let seen = bed.only("crm");
    assert_eq!(seen.target, "/in/a%20b?k=v&k=");
    let length = seen.body.len().to_string();
    let expected = [
        ("host", "crm.test:8443"),
        ("content-type", "application/json"),
        ("user-agent", &user_agent),
        ("x-api-key", "k3y"),
        ("x-empty", ""),
        ("content-length", &length),
    ];
    assert_eq!(headers(&seen.headers), expected);
    let seen = bed.only("warehouse");
    let expected = [
        ("host", "warehouse.test"),
        ("content-type", "text/json"),
        ("user-agent", "mine"),
        ("content-length", &length),
    ];
    assert_eq!(headers(&seen.headers), expected);
}

fn headers(all: &[(String, Vec<u8>)]) -> Vec<(&str, &str)> {
    all.iter()
        .map(|(name, value)| (name.as_str(), std::str::from_utf8(value).unwrap()))
        .collect()
}
