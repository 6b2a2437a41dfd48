//! For any bytes: no panic, one index per event, payloads of the contract's shape, and nothing of
//! the customer's lost.

use crate::arbitrary::{event, json, object, string};
use crate::support::{Outcome, Request, Said};
use base64::engine::general_purpose::STANDARD;
use base64::Engine as _;
use freshpaint_core::clock::UnixMillis;
use freshpaint_core::config::Timestamps;
use freshpaint_core::json::Value;
use freshpaint_core::time;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::value::RawValue;

const PATHS: [&str; 17] = [
    "/track",
    "/track?verbose=1",
    "/engage",
    "/groups",
    "/import/",
    "/react-native/",
    "/android",
    "/v1/batch",
    "/v1/b",
    "/v1/t",
    "/v1/i",
    "/v1/g",
    "/v1/page",
    "/beacon/v1/batch?writeKey=K",
    "/api/s/screen",
    "/e/",
    "/batch",
];

fn path() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&PATHS[..])
}

/// The members of an object, keys unquoted.
fn members(object: &str) -> Vec<(String, String)> {
    let object = Value::of_checked(object).object().expect("an object");
    let mut members = Vec::new();
    object.members(|key, value| members.push((key.escaped().to_owned(), value.get().to_owned())));
    members
}

fn value_of<'m>(members: &'m [(String, String)], key: &str) -> Option<&'m str> {
    members
        .iter()
        .find(|(name, _)| name == key)
        .map(|(_, value)| value.as_str())
}

/// The contract's shape, keys in its order, each of its type.
fn assert_contract(payload: &str) {
    serde_json::from_str::<&RawValue>(payload).expect("JSON");
    let all = members(payload);
    let order = [
        "event",
        "type",
        "timestamp",
        "messageId",
        "anonymousId",
        "userId",
        "context",
        "groupId",
        "properties",
        "traits",
    ];
    let places: Vec<_> = all
        .iter()
        .map(|(key, _)| {
            order
                .iter()
                .position(|known| known == key)
                .expect("a key of the contract")
        })
        .collect();
    assert!(places.is_sorted_by(|one, next| one < next), "{payload}");
    let kind = value_of(&all, "type").unwrap();
    assert!(
        ["\"track\"", "\"page\"", "\"identify\"", "\"group\""].contains(&kind),
        "{payload}"
    );
    assert_eq!(
        value_of(&all, "event").is_some(),
        kind == "\"track\"",
        "{payload}"
    );
    assert_eq!(
        value_of(&all, "groupId").is_some(),
        kind == "\"group\"",
        "{payload}"
    );
    let has_traits = kind == "\"identify\"" || kind == "\"group\"";
    assert_eq!(value_of(&all, "traits").is_some(), has_traits, "{payload}");
    for key in ["event", "messageId", "anonymousId", "userId", "groupId"] {
        if let Some(value) = value_of(&all, key) {
            assert!(value.starts_with('"') && value.len() > 2, "{payload}");
        }
    }
    let timestamp = value_of(&all, "timestamp").unwrap();
    assert_eq!(
        timestamp.len(),
        "\"2022-12-28T21:16:50Z\"".len(),
        "{payload}"
    );
    for key in ["context", "properties", "traits"] {
        if let Some(value) = value_of(&all, key) {
            members(value);
        }
    }
    let context = members(value_of(&all, "context").unwrap());
    let keys: Vec<_> = context.iter().map(|(key, _)| key.as_str()).collect();
    assert!(keys == ["page"] || keys == ["page", "library"], "{payload}");
    assert!(
        kind != "\"page\"" || value_of(&context, "page") == Some("null"),
        "{payload}"
    );
}

fn assert_sound(outcome: Outcome) {
    let (said, answer) = match outcome {
        Outcome::Passed => panic!("passed"),
        Outcome::Answered(answer, _) | Outcome::Refused(answer) => (Vec::new(), answer),
        Outcome::Read(said, answer) => {
            assert_eq!(answer.status, 200);
            (said, answer)
        }
    };
    assert!([200, 400, 413].contains(&answer.status));
    for (name, value) in &answer.headers {
        assert!(
            value.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
            "{name}: {value}"
        );
    }
    for said in said {
        if let Said::Payload(payload) = said {
            assert_contract(&payload);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_get_an_answer(path in path(), body in vec(any::<u8>(), 0..200), gzip in any::<bool>()) {
        let body = if gzip { [b"\x1f\x8b\x08\x00", &body[..]].concat() } else { body };
        assert_sound(Request::post(path, body).run());
    }

    #[test]
    fn any_request_line_and_headers_get_an_answer(
        method in "(GET|POST|OPTIONS|[A-Z]{0,8})",
        query in vec(any::<u8>(), 0..60),
        origin in vec(any::<u8>(), 0..20),
        authorization in "(Basic |Bearer |)[ -~]{0,20}",
        body in vec(any::<u8>(), 0..20),
    ) {
        let mut request = Request::post("/track?data=", body)
            .method(&method)
            .header("origin", origin)
            .header("authorization", authorization);
        request.path.extend(query);
        if let Outcome::Answered(answer, _) | Outcome::Refused(answer) | Outcome::Read(_, answer) = request.run() {
            for (name, value) in answer.headers {
                prop_assert!(value.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{}: {}", name, value);
            }
        }
    }

    #[test]
    fn any_json_gets_an_answer_or_a_payload(path in path(), body in json()) {
        assert_sound(Request::post(path, body).run());
    }

    #[test]
    fn anything_like_an_event_gets_an_answer_or_a_payload(path in path(), events in vec(event(), 1..4)) {
        assert_sound(Request::post(path, events[0].as_str()).run());
        assert_sound(Request::post(path, format!("[{}]", events.join(","))).run());
        let enveloped = format!(r#"{{"sentAt":1,"batch":[{0}],"e":[{0}]}}"#, events.join(","));
        assert_sound(Request::post(path, enveloped).run());
    }

    #[test]
    fn any_properties_survive(sent in vec((string(), json()), 0..12)) {
        let sent: Vec<_> = sent
            .into_iter()
            .map(|(key, value)| (key.replacen('"', "\"p", 1), value))
            .collect();
        let properties = object(&sent);
        for (path, body) in [
            ("/v1/t", format!(r#"{{"event":"a","properties":{properties}}}"#)),
            ("/track", format!(r#"{{"event":"a","properties":{properties}}}"#)),
            ("/e", format!(r#"{{"event":"a","properties":{properties}}}"#)),
            ("/android", format!(r#"{{"type":"track","event":"a","properties":{properties}}}"#)),
            (
                "/react-native",
                format!(r#"{{"e":[{{"event_type":"a","event_properties":{{"custom_props":{properties}}}}}]}}"#),
            ),
        ] {
            let payload = Request::post(path, body).payload();
            let received = members(&payload);
            prop_assert_eq!(value_of(&received, "properties").unwrap(), &properties, "{}", path);
        }
    }

    #[test]
    fn a_batch_says_the_same_as_its_events_one_by_one(events in vec(event(), 1..6)) {
        let one_by_one: Vec<_> = events
            .iter()
            .map(|event| match Request::post("/v1/batch", format!("[{event}]")).run() {
                Outcome::Read(mut said, _) => said.remove(0),
                other => panic!("{other:?}"),
            })
            .map(comparable)
            .collect();
        let Outcome::Read(said, _) = Request::post("/v1/batch", format!("[{}]", events.join(","))).run() else {
            panic!("refused")
        };
        prop_assert_eq!(said.into_iter().map(comparable).collect::<Vec<_>>(), one_by_one);
    }

    #[test]
    fn an_encoding_changes_nothing(event in event(), path in path()) {
        let batch = format!("[{event}]");
        let plain = Request::post(path, batch.as_str()).run();
        for encoded in [
            STANDARD.encode(&batch),
            format!("data={}", STANDARD.encode(&batch)),
            STANDARD.encode(STANDARD.encode(&batch)),
        ] {
            prop_assert_eq!(&plain, &Request::post(path, encoded).run());
        }
    }

    #[test]
    fn events_on_a_line_each_are_a_list(events in vec(event(), 2..5), path in path()) {
        let list = Request::post(path, format!("[{}]", events.join(","))).run();
        prop_assert_eq!(&list, &Request::post(path, events.join("\n")).run());
    }

    #[test]
    fn any_bytes_in_a_string_are_read_as_text(bytes in vec(any::<u8>(), 0..40)) {
        let ends_or_escapes = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
        let bytes: Vec<u8> = bytes.into_iter().filter(|byte| !ends_or_escapes(byte)).collect();
        let body = [br#"{"event":"a","properties":{"p":""#, &bytes[..], br#""}}"#].concat();
        let payload = Request::post("/track", body).payload();
        let text = String::from_utf8_lossy(&bytes);
        let wanted = format!(r#""properties":{{"p":"{text}"}}}}"#);
        prop_assert!(payload.ends_with(&wanted), "{}", payload);
    }

    #[test]
    fn times_are_read_as_jiff_reads_them(
        seconds in 0_i64..253_402_200_000,
        nanos in 0_u32..1_000_000_000,
        digits in 0..=9_usize,
        offset in -1439_i64..=1439,
    ) {
        let timestamp = jiff::Timestamp::from_second(seconds).unwrap();
        let offset_of = |minutes: i64| {
            let sign = if minutes < 0 { '-' } else { '+' };
            format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
        };
        let local = jiff::tz::Offset::UTC.to_datetime(
            jiff::Timestamp::from_second(seconds + offset * 60).unwrap_or(timestamp),
        );
        let fraction = match digits {
            0 => String::new(),
            digits => format!(".{}", &format!("{nanos:09}")[..digits]),
        };
        let text = format!(
            "\"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{fraction}{}\"",
            local.year(), local.month(), local.day(), local.hour(), local.minute(), local.second(), offset_of(offset),
        );
        let wanted: jiff::Timestamp = text.trim_matches('"').parse().unwrap();
        let wanted = Some(UnixMillis(wanted.as_millisecond())).filter(|time| time.0 >= 0);
        prop_assert_eq!(time::parse(Value::of_checked(&text)), wanted, "{}", text);

        let mut out = Vec::new();
        time::render(UnixMillis(seconds * 1_000), Timestamps::Seconds, &mut out);
        prop_assert_eq!(String::from_utf8(out).unwrap(), format!("\"{timestamp}\""));
    }
}

/// Without what is random, and without the place in the request.
fn comparable(said: Said) -> Said {
    match said {
        Said::Payload(payload) => Said::Payload(
            members(&payload)
                .into_iter()
                .filter(|(key, value)| key != "messageId" || !value.ends_with("==\""))
                .map(|(key, value)| format!("{key}:{value}\n"))
                .collect(),
        ),
        Said::Invalid(reason) => Said::Invalid(reason.split_once(']').unwrap().1.to_owned()),
        filtered @ Said::Filtered(_) => filtered,
    }
}
