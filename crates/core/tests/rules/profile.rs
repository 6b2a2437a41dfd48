//! `profile: hipaa`.

use crate::bed::Bed;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The payload that a webhook gets of an event under the profile, with this under `properties`.
fn payload(properties: &str, event: &str) -> String {
    let mut bed = Bed::new(&format!(
        r#"{{"profile": "hipaa", "allow_unsigned": ["a"], "collect": {{"id_key": "${{HASH_KEY}}"}},
            "options": {{"enable_identify_events": true, "enable_pageview_events": true}},
            "webhooks": [{{"name": "a", "url": "https://a.test/", "properties": {{{properties}}}}}]}}"#
    ));
    assert_eq!(bed.send(event), "a");
    bed.payload("a").to_owned()
}

const TRACK: &str = r#"{"type": "track", "event": "Signed Up", "messageId": "m", "timestamp": "2022-12-28T22:00:25Z",
    "anonymousId": "d", "userId": "hello@example.com",
    "context": {"ip": "192.0.2.1", "page": {"url": "https://u@a.test/diagnosis/x?q=1#f", "title": "T", "path": "/diagnosis/x"}, "library": {"name": "web"}},
    "properties": {"plan": "pro", "ssn": "s"}}"#;

const HEAD: &str =
    r#"{"event":"Signed Up","type":"track","timestamp":"2022-12-28T22:00:25Z","messageId":"m""#;

#[test]
fn nothing_goes_but_what_the_event_is() {
    for properties in ["", r#""mask": ["properties.*"], "deny": ["userId"]"#] {
        assert_eq!(
            payload(properties, TRACK),
            format!(r#"{HEAD},"context":{{}},"properties":{{}}}}"#)
        );
    }
    let identify = TRACK.replace(
        r#""track""#,
        r#""identify", "traits": {"email": "hello@example.com"}"#,
    );
    assert_eq!(
        payload("", &identify),
        r#"{"type":"identify","timestamp":"2022-12-28T22:00:25Z","messageId":"m","context":{},"properties":{},"traits":{}}"#
    );
    let group = TRACK.replace(r#""track""#, r#""group", "groupId": "g""#);
    assert_eq!(
        payload("", &group),
        r#"{"type":"group","timestamp":"2022-12-28T22:00:25Z","messageId":"m","context":{},"properties":{},"traits":{}}"#
    );
}

#[test]
fn properties_that_are_allowed_go_but_never_the_user_id() {
    assert_eq!(
        payload(
            r#""allow": ["properties.plan", "anonymousId", "userId"]"#,
            TRACK
        ),
        format!(r#"{HEAD},"anonymousId":"d","context":{{}},"properties":{{"plan":"pro"}}}}"#)
    );
}

#[test]
fn urls_of_pages_lose_query_and_fragment_and_unless_allowed_their_path() {
    let context = |properties: &str| {
        let payload = payload(properties, TRACK);
        let (_, rest) = payload.split_once(r#""context":"#).unwrap();
        rest.split_once(r#","properties""#).unwrap().0.to_owned()
    };
    assert_eq!(
        context(r#""allow": ["context.page.url"]"#),
        r#"{"page":{"url":"https://a.test/"}}"#
    );
    assert_eq!(
        context(r#""allow": ["context.*"], "deny": ["context.page.path"]"#),
        r#"{"page":{"url":"https://a.test/","title":"T"},"library":{"name": "web"}}"#
    );
    assert_eq!(
        context(r#""allow": ["context.page"]"#),
        r#"{"page":{"url":"https://a.test/diagnosis/x","title":"T","path":"/diagnosis/x"}}"#
    );
    let page = r#"{"type": "page", "messageId": "m", "timestamp": 0, "anonymousId": "d",
        "context": {"page": {"url": "https:\/\/a.test/x\u003fq=1", "path": "/x"}}, "properties": {"url": "https://b.test/\"y\"?q", "path": {"x": 1}}}"#;
    let payload = payload(r#""allow": ["properties.*"]"#, page);
    assert_eq!(
        payload.split_once(r#""properties":"#).unwrap().1,
        r#"{"url":"https://b.test/\"y\""}}"#
    );
}

#[test]
fn the_profile_honors_both_opt_outs() {
    let mut bed = Bed::new(
        r#"{"profile": "hipaa", "allow_unsigned": ["a"], "collect": {"id_key": "${HASH_KEY}"}, "webhooks": [{"name": "a", "url": "https://a.test/"}]}"#,
    );
    assert_eq!(bed.send_with(TRACK, &[("sec-gpc", b"1")]), "");
    assert_eq!(bed.send_with(TRACK, &[("dnt", b"1")]), "");
    assert_eq!(bed.send(TRACK), "a");
}
