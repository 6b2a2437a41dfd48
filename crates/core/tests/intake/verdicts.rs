//! Events that are wrong, alone and among others, and sizes.
use std::time::Duration;

use crate::support::{config, Outcome, Request, Said};
use freshpaint_core::delivery::Verdict;
use freshpaint_core::intake::{judge, Collection, Head, Judgement, Report};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn refusal(path: &str, body: &str) -> (u16, String) {
    Request::post(path, body).refusal_with(&config())
}

/// The outcome of each event, payloads left out; and the answer.
fn read(path: &str, body: &str) -> (Vec<String>, u16, String) {
    match Request::post(path, body).run() {
        Outcome::Read(said, answer) => {
            let said = said.into_iter().map(|said| match said {
                Said::Payload(_) => "payload".into(),
                Said::Filtered(reason) | Said::Invalid(reason) => reason,
            });
            (
                said.collect(),
                answer.status,
                String::from_utf8(answer.body.into_owned()).unwrap(),
            )
        }
        other => panic!("{path} {body}: {other:?}"),
    }
}

#[test]
fn a_request_that_is_one_wrong_event_is_refused() {
    for (path, body, reason) in [
        ("/track", "{}", "event is missing"),
        ("/track", r#"{"event":null}"#, "event is missing"),
        ("/track", r#"{"event":1}"#, "event is not a string"),
        ("/track", r#"{"event":""}"#, "event is empty"),
        (
            "/track",
            r#"{"event":"a","properties":[0]}"#,
            "properties is not an object",
        ),
        (
            "/track",
            r#"{"event":"a","properties":{"distinct_id":{}}}"#,
            "properties.distinct_id is neither a string nor a number",
        ),
        (
            "/track",
            r#"{"event":"$group","properties":{}}"#,
            "properties.$group_id is missing",
        ),
        ("/engage", r#"{"$distinct_id":"a"}"#, "$set is missing"),
        ("/groups", r#"{"$set":{}}"#, "$group_id is missing"),
        ("/v1/batch", r#"{"event":"a"}"#, "type is missing"),
        (
            "/v1/t",
            r#"{"type":"tracks"}"#,
            "type is none of track, page, identify, group, screen, alias",
        ),
        ("/v1/t", "{}", "event is missing"),
        ("/v1/g", "{}", "groupId is missing"),
        ("/v1/i", r#"{"traits":"a"}"#, "traits is not an object"),
        (
            "/v1/i",
            r#"{"context":{"traits":1}}"#,
            "context.traits is not an object",
        ),
        (
            "/v1/i",
            r#"{"messageId":true}"#,
            "messageId is neither a string nor a number",
        ),
        (
            "/api/s/page",
            r#"{"context":1}"#,
            "context is not an object",
        ),
        (
            "/e",
            r#"{"event":"$groupidentify"}"#,
            "properties.$group_key is missing",
        ),
        ("/react-native", "{}", "event_type is missing"),
    ] {
        assert_eq!(
            refusal(path, body),
            (400, format!("The body is not an event: {reason}.")),
            "{path} {body}"
        );
    }
}

#[test]
fn a_list_key_that_holds_no_list_is_refused() {
    for (path, body, at) in [
        ("/v1/batch", r#"{"batch":1}"#, "line 1 column 10"),
        ("/v1/batch", r#"{"batch": {}}"#, "line 1 column 11"),
        (
            "/v1/batch",
            "{\n \"sentAt\": 1,\n \"batch\": null}",
            "line 3 column 11",
        ),
    ] {
        assert_eq!(
            refusal(path, body),
            (
                400,
                format!("The body is not an event: batch is not an array at {at}.")
            )
        );
    }
}

#[test]
fn a_wrong_event_does_not_hurt_its_neighbours() {
    let good = r#"{"type":"track","event":"a","messageId":"1"}"#;
    let body = format!(
        r#"{{"sentAt":7,"batch":[{good},{{"type":"nonsense"}},1e400,"\ud800",null,[[]],{{"type":"alias"}},{{"type":"group"}},{good}]}}"#
    );
    let (said, status, answer) = read("/v1/batch", &body);
    assert_eq!(
        said,
        [
            "payload",
            "batch[1].type is none of track, page, identify, group, screen, alias",
            "batch[2] is not an object",
            "batch[3] is not an object",
            "batch[4] is not an object",
            "batch[5] is not an object",
            "other Alias",
            "batch[7].groupId is missing",
            "payload",
        ]
    );
    assert_eq!(status, 200);
    assert_eq!(
        answer,
        r#"{"success":true,"invalid":[{"index":1,"error":"batch[1].type is none of track, page, identify, group, screen, alias"},{"index":2,"error":"batch[2] is not an object"},{"index":3,"error":"batch[3] is not an object"},{"index":4,"error":"batch[4] is not an object"},{"index":5,"error":"batch[5] is not an object"},{"index":7,"error":"batch[7].groupId is missing"}]}"#
    );
}

#[test]
fn each_dialect_says_so_as_far_as_its_answer_has_room() {
    for (path, body, answer) in [
        ("/track", "[1]", "1"),
        (
            "/track?verbose=1",
            "[1]",
            r#"{"status":1,"error":"[0] is not an object"}"#,
        ),
        ("/react-native", r#"{"e":[1]}"#, "success"),
        (
            "/android",
            r#"{"batch":[1]}"#,
            r#"{"success":true,"invalid":[{"index":0,"error":"batch[0] is not an object"}]}"#,
        ),
        ("/beacon/v1/batch", r#"{"batch":[1]}"#, "OK"),
        (
            "/api/s/track",
            "[1]",
            r#"{"ok":true,"invalid":[{"index":0,"error":"[0] is not an object"}]}"#,
        ),
        (
            "/batch",
            r#"{"batch":[1]}"#,
            r#"{"status":1,"invalid":[{"index":0,"error":"batch[0] is not an object"}]}"#,
        ),
    ] {
        let (_, status, said) = read(path, body);
        assert_eq!((status, said.as_str()), (200, answer), "{path}");
    }
}

#[test]
fn an_answer_names_sixteen_wrong_events_and_no_more() {
    let body = format!("[{}]", vec!["1"; 100].join(","));
    let (said, _, answer) = read("/e", &body);
    assert_eq!(said.len(), 100);
    assert_eq!(answer.matches("\"index\"").count(), 16);
}

#[test]
fn no_events_are_a_success() {
    for (path, body) in [
        ("/track", "[]"),
        ("/v1/batch", r#"{"batch":[]}"#),
        ("/react-native", r#"{"e":[]}"#),
    ] {
        let (said, status, _) = read(path, body);
        assert_eq!((said.len(), status), (0, 200), "{path}");
    }
}

#[test]
fn the_last_of_several_members_counts() {
    let body = r#"{"batch":[1,2,3],"batch":[{"type":"page","type":"track","event":1,"event":"a","messageId":"x"}]}"#;
    let (said, ..) = read("/v1/batch", body);
    assert_eq!(said, ["payload"]);
}

#[test]
fn too_many_events_are_refused_before_any_is_taken() {
    let limit = config().limits.max_events;
    let batch = |events: usize| format!(r#"{{"batch":[{}]}}"#, vec!["{}"; events].join(","));
    let (said, ..) = read("/v1/batch", &batch(limit));
    assert_eq!(said.len(), limit);
    assert_eq!(
        refusal("/v1/batch", &batch(limit + 1)),
        (
            413,
            format!(
                r#"{{"success":false,"code":"413","message":"The request has more than {limit} events."}}"#
            )
        )
    );
}

#[test]
fn sizes_are_refused_in_the_words_of_the_dialect() {
    let sentence = "The body is larger than 1048576 bytes.";
    for (path, body) in [
        ("/track", sentence.to_owned()),
        (
            "/track?verbose=1",
            format!(r#"{{"status":0,"error":"{sentence}"}}"#),
        ),
        ("/react-native", sentence.to_owned()),
        (
            "/android",
            format!(r#"{{"success":false,"code":"413","message":"{sentence}"}}"#),
        ),
        (
            "/v1/b",
            format!(r#"{{"success":false,"code":"413","message":"{sentence}"}}"#),
        ),
        ("/beacon/v1/batch", sentence.to_owned()),
        (
            "/api/s/track",
            format!(r#"{{"ok":false,"error":"{sentence}"}}"#),
        ),
        ("/e", format!(r#"{{"status":0,"detail":"{sentence}"}}"#)),
    ] {
        let answer = collection(path).too_large();
        assert_eq!((answer.status, text(&answer.body)), (413, body), "{path}");
    }
}

#[test]
fn a_request_that_has_to_come_again_is_told_so_and_when() {
    let mut report = Report::default();
    report.events = 3;
    let after = Duration::from_millis(1);
    let said = |path: &str, verdict| {
        let answer = collection(path).answer(&verdict, &report);
        assert_eq!(answer.status, 503);
        assert!(answer.headers.contains(&("retry-after", "1".into())));
        text(&answer.body)
    };
    let retry = |held| Verdict::Retry {
        after,
        held,
        failed: 2,
    };
    assert_eq!(
        said("/track", retry(false)),
        "No webhook accepted 2 of 3 events. Send the request again."
    );
    assert_eq!(
        said("/react-native", retry(true)),
        "No webhook accepted 2 of 3 events. They are kept and tried again."
    );
    assert_eq!(
        said("/v1/t", Verdict::Overloaded { after }),
        r#"{"success":false,"code":"503","message":"Too many deliveries are in flight; nothing was taken. Send the request again."}"#
    );
}

fn collection(path: &str) -> Collection {
    let config = config();
    let request = Request::post(path, "");
    let head = Head {
        method: b"POST",
        path: path.as_bytes(),
        headers: &request,
        end_of_stream: false,
    };
    match judge(&head, &config) {
        Judgement::Collect(collection) => collection,
        other => panic!("{other:?}"),
    }
}

fn text(body: &[u8]) -> String {
    String::from_utf8(body.to_vec()).unwrap()
}
