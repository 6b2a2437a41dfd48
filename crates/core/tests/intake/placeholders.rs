//! Ids that say nothing, as a broken SDK sends with every event.

use crate::support::{member, Request};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const PLACEHOLDERS: [&str; 13] = [
    r#""undefined""#,
    r#""null""#,
    r#""NULL""#,
    r#""None""#,
    r#""NaN""#,
    r#""nil""#,
    r#""<nil>""#,
    r#""(null)""#,
    r#""<null>""#,
    r#""[object Object]""#,
    r#""0""#,
    "0",
    r#""00000000-0000-0000-0000-000000000000""#,
];

/// The `messageId` of an event with this id and name, in a dialect.
fn message_id(path: &str, id: &str, name: &str) -> String {
    let body = match path {
        "/track" => format!(
            r#"{{"event":"{name}","properties":{{"distinct_id":"d","time":1672262210,"$insert_id":{id}}}}}"#
        ),
        "/react-native" => format!(
            r#"{{"e":[{{"event_type":"{name}","timestamp":1672262210000,"uuid":{id},"user_id":"u"}}]}}"#
        ),
        "/e" => format!(
            r#"{{"event":"{name}","uuid":{id},"timestamp":"2022-12-28T21:16:50Z","distinct_id":"u","properties":{{}}}}"#
        ),
        _ => format!(
            r#"{{"type":"track","event":"{name}","messageId":{id},"timestamp":"2022-12-28T21:16:50Z","userId":"u"}}"#
        ),
    };
    let payload = Request::post(path, body).payload();
    member(&payload, "messageId").unwrap().to_owned()
}

#[test]
fn an_id_that_stands_for_none_is_none() {
    for path in ["/track", "/react-native", "/e", "/v1/track"] {
        for id in PLACEHOLDERS {
            let [first, again, other] = ["a", "a", "b"].map(|name| message_id(path, id, name));
            assert_eq!(first.len(), 24, "{path} {id} {first}");
            assert_eq!(first, again, "{path} {id}");
            assert_ne!(first, other, "{path} {id}");
        }
    }
}

#[test]
fn any_other_id_is_the_sdks() {
    for id in [
        "1",
        "00",
        "undefined-1",
        "nullable",
        "Zero",
        "00000000-0000-0000-0000-000000000001",
    ] {
        assert_eq!(message_id("/v1/track", &format!("\"{id}\""), "a"), id);
    }
}
