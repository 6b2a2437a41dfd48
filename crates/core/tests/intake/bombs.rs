//! Bodies that are small and become much.
use crate::support::{config, gzip, Outcome, Request};
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine as _;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// An event with this many elements in its properties, and the object and the list around them.
fn event(elements: usize) -> Vec<u8> {
    let list = vec!["0"; elements].join(",");
    format!(r#"{{"event":"a","properties":{{"$insert_id":"1","a":[{list}]}}}}"#).into_bytes()
}

#[track_caller]
fn assert_too_large(request: &Request, sentence: &str) {
    let Outcome::Refused(reply) = request.run() else {
        panic!("not refused")
    };
    assert_eq!(
        (reply.status, String::from_utf8_lossy(&reply.body).as_ref()),
        (413, sentence)
    );
}

#[test]
fn a_body_that_unpacks_to_too_many_times_its_size_is_refused() {
    let small = event(30_000);
    assert!(small.len() < 64 << 10 && small.len() > 100 * gzip(&small).len());
    // Small bodies may be as alike as they like; here it is the values that are too many.
    assert_too_large(
        &Request::post("/track", gzip(&small)),
        "The event has more than 10000 values.",
    );
    let bomb = gzip(&event(1_000_000));
    let sentence = "The decoded body is larger than 100 times the body; send it less compressed.";
    assert_too_large(&Request::post("/track", bomb.clone()), sentence);
    let query = format!("/track?data={}", URL_SAFE_NO_PAD.encode(&bomb));
    assert_too_large(&Request::post(&query, "").method("GET"), sentence);
}

#[test]
fn a_body_that_was_compressed_again_and_again_is_refused() {
    let sentence = "The body was compressed more than once; compress it once.";
    let bomb = gzip(&gzip(&event(1_000_000)));
    assert!(bomb.len() < 1_000);
    assert_too_large(&Request::post("/track", bomb.clone()), sentence);
    let query = format!("/track?data={}", URL_SAFE_NO_PAD.encode(&bomb));
    assert_too_large(&Request::post(&query, "").method("GET"), sentence);

    let thrice = gzip(&gzip(&gzip(&event(1))));
    assert_too_large(&Request::post("/track", thrice), sentence);
}

#[test]
fn what_was_compressed_in_very_many_blocks_is_refused() {
    // Four empty blocks with fixed codes (RFC 1951, 3.2.6) take five bytes.
    let mut blocks = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec();
    blocks.extend([0x02, 0x08, 0x20, 0x80, 0x00].repeat(200_000));
    blocks.extend(b"\x03\0\0\0\0\0\0\0\0\0");
    assert_too_large(
        &Request::post("/track", blocks),
        "The body was compressed in too many small blocks; compress it as a whole.",
    );
}

#[test]
fn an_event_has_no_more_values_than_may_be() {
    // The event, its name, its properties, its id and the list.
    let most = 10_000 - 4;
    let taken = Request::post("/track", event(most)).run();
    assert!(matches!(taken, Outcome::Read(..)), "{taken:?}");
    assert_too_large(
        &Request::post("/track", event(most + 1)),
        "The event has more than 10000 values.",
    );
    let batch = |elements| {
        let second = String::from_utf8(event(elements)).unwrap();
        format!(r#"{{"batch":[{{"event":"a"}},{second}]}}"#)
    };
    assert!(matches!(
        Request::post("/v1/batch", batch(most)).run(),
        Outcome::Read(..)
    ));
    let answer = Request::post("/v1/batch", batch(most + 1)).run();
    let Outcome::Refused(reply) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(reply.status, 413);
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    assert!(
        text.contains("The event at batch[1] has more than 10000 values."),
        "{text}"
    );
}

#[test]
fn a_value_is_a_member_or_an_element_at_any_depth() {
    let mut config = config();
    for (properties, values) in [
        ("{}", 0),
        ("{ }", 0),
        (r#"{"a":[]}"#, 1),
        (r#"{"a":[ [ ], {} , "x,y{[" ]}"#, 4),
        (r#"{"a":{"b":{"c":null}}}"#, 3),
        (r#"{"a\",\"":[1,[2,3],4]}"#, 6),
    ] {
        // Long enough to be looked at.
        let name = "a".repeat(1_000);
        let body = format!(
            r#"{{"event":"{name}","properties":{properties},"a":[{}]}}"#,
            vec!["0"; 100].join(",")
        );
        let all = 3 + 100 + values;
        for (most, is_taken) in [(all, true), (all - 1, false)] {
            config.limits.max_values = most;
            let outcome = Request::post("/track", body.as_str()).run_with(&config);
            let taken = matches!(outcome, Outcome::Read(..));
            assert_eq!(taken, is_taken, "{properties}: {outcome:?}");
        }
    }
}

/// A field beside the events concerns all of them. To read it for each of them would take minutes.
#[cfg(not(target_arch = "wasm32"))]
#[test]
fn what_stands_beside_the_events_is_read_once() {
    let members = vec![r#""k":0"#; 200_000].join(",");
    let time = "1".repeat(1 << 20);
    let events = vec![r#"{"type":"track","event":"a","userId":"u"}"#; 2_500].join(",");
    for beside in [
        format!(r#""integrations":{{{members}}}"#),
        format!(r#""context":{{"consent":{{"categoryPreferences":{{{members}}}}}}}"#),
        format!(r#""sentAt":"{time}""#),
    ] {
        let body = format!(r#"{{{beside},"batch":[{events}]}}"#);
        let began = std::time::Instant::now();
        let Outcome::Read(said, _) = Request::post("/v1/batch", body).run() else {
            panic!("refused")
        };
        assert_eq!(said.len(), 2_500);
        let took = began.elapsed().as_secs();
        assert!(took < 20, "{took} s");
    }
}

/// SDKs repeat an id among the traits. To decode it for each of them would take minutes.
#[cfg(not(target_arch = "wasm32"))]
#[test]
fn a_long_id_is_decoded_once_for_all_traits() {
    let id = format!("\\u0061{}", "x".repeat(800_000));
    let traits = vec![r#""userId":1"#; 9_000].join(",");
    let body = format!(
        r#"{{"type":"group","groupId":"g","userId":"{id}","anonymousId":"{id}","traits":{{{traits}}}}}"#
    );
    let began = std::time::Instant::now();
    let payload = Request::post("/v1/group", body).payload();
    assert!(payload.ends_with(&format!(r#""traits":{{{traits}}}}}"#)));
    let took = began.elapsed().as_secs();
    assert!(took < 10, "{took} s");
}
