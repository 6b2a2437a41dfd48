//! Nothing of an event or of a client's request reaches a call's cluster, method, path or headers.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{json, Map, Value};

use crate::fixtures::with;
use crate::host::{Host, Request};

/// Everything of a call but its body and its timeout.
type Structure = (String, Vec<(String, String)>);

fn configuration() -> Value {
    let webhooks = json!([
        {"url": "https://a.test/in?k=v", "cluster": "a", "headers": {"X-Api-Key": "k"}},
        {"url": "http://b.test:81/", "cluster": "b", "signing": {"secrets": ["whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"]}},
    ]);
    let options = json!({"enable_identify_events": true, "enable_pageview_events": true});
    with(json!({"webhooks": webhooks}), "options", options)
}

/// The calls that [`configuration`] names, and nothing else.
fn configured() -> [Structure; 2] {
    let agent = concat!("freshpaint-webhooks/", env!("CARGO_PKG_VERSION"));
    let structure = |cluster: &str, headers: &[(&str, &str)]| {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        (cluster.to_owned(), headers.iter().map(owned).collect())
    };
    [
        structure(
            "a",
            &[
                (":authority", "a.test"),
                (":method", "POST"),
                (":path", "/in?k=v"),
                (":scheme", "https"),
                ("content-type", "application/json"),
                ("user-agent", agent),
                ("x-api-key", "k"),
            ],
        ),
        structure(
            "b",
            &[
                (":authority", "b.test:81"),
                (":method", "POST"),
                (":path", "/"),
                (":scheme", "http"),
                ("content-type", "application/json"),
                ("user-agent", agent),
            ],
        ),
    ]
}

/// Whether a header is what a signature adds: a hash, a time or a code, and no text of anybody's.
fn is_signature((name, value): &(String, String)) -> bool {
    let is_base64 = |text: &str, length: usize, more: &[u8]| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || more.contains(&byte);
        text.len() == length && text.bytes().all(known)
    };
    match name.as_str() {
        "webhook-id" => value
            .strip_prefix("msg_")
            .is_some_and(|hash| is_base64(hash, 22, b"-_")),
        "webhook-timestamp" => value.parse::<u64>().is_ok(),
        "webhook-signature" => value
            .strip_prefix("v1,")
            .is_some_and(|code| is_base64(code, 44, b"+/=")),
        _ => false,
    }
}

/// Text that would be a header, a path or a request of its own, if it were ever put into one.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("\r\nx-evil: 1\r\n\r\nGET /admin HTTP/1.1".to_owned()),
        Just("a\nb\r\0c\u{2028}".to_owned()),
        Just(":path".to_owned()),
        Just("x-api-key".to_owned()),
        Just("http://169.254.169.254/latest?a=b#c".to_owned()),
        Just("../../admin?x=${CRM_KEY}".to_owned()),
        Just("${CRM_KEY}\",\"cluster\":\"evil".to_owned()),
        Just("\r\nx".repeat(22_000)),
        any::<String>(),
    ]
}

/// The same object with hostile text in place of each text.
fn fill(shape: &Value, texts: &mut impl Iterator<Item = String>) -> Value {
    match shape {
        Value::String(_) => texts.next().unwrap().into(),
        Value::Array(items) => items.iter().map(|item| fill(item, texts)).collect(),
        Value::Object(members) => {
            let filled = members.iter().map(|(key, value)| {
                // A key that the dialect does not know may have any name.
                let key = match key.as_str() {
                    "?" => texts.next().unwrap(),
                    known => known.to_owned(),
                };
                (key, fill(value, texts))
            });
            Value::Object(filled.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

/// Events of the dialects: a path, and a body whose texts are to be hostile.
fn shapes() -> Vec<(&'static str, Value)> {
    let context = json!({
        "page": {"url": "", "title": "", "path": "", "?": ""},
        "library": {"name": "", "version": "", "?": ""},
        "ip": "", "?": "",
    });
    let tracker = json!({
        "event": "", "?": "",
        "properties": {
            "token": "", "distinct_id": "", "$insert_id": "", "$device_id": "", "$user_id": "", "$lib": "",
            "$current_url": "", "$title": "", "$pathname": "", "?": "", ":authority": "", "list": ["", {"?": ""}],
        },
    });
    let segment = json!({
        "writeKey": "", "?": "",
        "batch": [
            {"type": "track", "event": "", "messageId": "", "anonymousId": "", "userId": "", "context": context,
             "properties": {"?": "", "content-type": ""}},
        ],
    });
    let identify = json!({
        "messageId": "", "anonymousId": "", "userId": "", "context": context, "traits": {"?": "", ":path": ""},
    });
    let group = json!({
        "messageId": "", "anonymousId": "", "groupId": "", "context": context, "traits": {"?": ""},
    });
    vec![
        ("/track", tracker),
        ("/v1/batch", segment),
        ("/v1/identify", identify),
        ("/v1/group", group),
    ]
}

#[test]
fn no_event_steers_a_call() {
    let configured = configured();
    let calls_seen = Cell::new(0);
    let strategy = (
        prop::sample::select(shapes()),
        prop::collection::vec(hostile(), 40),
        prop::collection::vec(any::<u8>(), 0..40),
    );
    let config = Config {
        cases: 60,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&strategy, |((path, shape), texts, value)| {
            let mut host = Host::with(&configuration());
            let body = fill(&shape, &mut texts.into_iter().cycle()).to_string();
            let mut path = path.as_bytes().to_vec();
            path.push(b'?');
            path.extend_from_slice(&value);
            let request = [
                "x-api-key",
                "host",
                "cookie",
                "x-envoy-original-path",
                "authorization",
                "origin",
            ]
            .into_iter()
            .fold(Request::new("POST", path), |request, name| {
                request.header(name, value.clone())
            });
            host.collect(&request.pieces(vec![body.into_bytes()]));
            for call in host.calls() {
                let mut headers: Vec<_> = call
                    .headers
                    .iter()
                    .map(|(name, value)| {
                        (name.clone(), String::from_utf8_lossy(value).into_owned())
                    })
                    .collect();
                headers.sort_unstable();
                if call.cluster == "b" {
                    let signature = headers.len() - 3;
                    let signature = headers.split_off(signature);
                    prop_assert!(signature.iter().all(is_signature), "{signature:?}");
                }
                let structure = (call.cluster.clone(), headers);
                prop_assert!(configured.contains(&structure), "{structure:?}");
                prop_assert!(serde_json::from_slice::<Value>(&call.body).is_ok());
                calls_seen.set(calls_seen.get() + 1);
            }
            Ok(())
        })
        .unwrap();
    assert!(calls_seen.get() > 20, "only {} calls", calls_seen.get());
}
