//! Whose an event is: user, device and group.

use crate::support::{member, track, Request};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn ids(payload: &str) -> (Option<&str>, Option<&str>) {
    (member(payload, "anonymousId"), member(payload, "userId"))
}

#[test]
fn the_user_is_known_once_the_id_is_not_the_device() {
    for (properties, wanted) in [
        (
            r#""distinct_id":"u","$device_id":"d""#,
            (Some("d"), Some("u")),
        ),
        (r#""distinct_id":"d","$device_id":"d""#, (Some("d"), None)),
        (
            r#""distinct_id":"\u0064","$device_id":"d""#,
            (Some("d"), None),
        ),
        (
            r#""distinct_id":"$device:d","$device_id":"d""#,
            (Some("d"), None),
        ),
        (
            r#""distinct_id":"d","$device_id":"d","$user_id":"u""#,
            (Some("d"), Some("u")),
        ),
        (r#""distinct_id":"u""#, (Some("u"), Some("u"))),
        (r#""distinct_id":13793"#, (Some("13793"), Some("13793"))),
        (r#""distinct_id":"","$device_id":null"#, (None, None)),
        ("", (None, None)),
    ] {
        assert_eq!(ids(&track(properties)), wanted, "{properties}");
    }
    let segment = |ids_sent: &str| {
        let body = format!(r#"{{"type":"track","event":"a",{ids_sent}"messageId":"1"}}"#);
        let payload = Request::post("/v1/t", body).payload();
        (
            member(&payload, "anonymousId").map(str::to_owned),
            member(&payload, "userId").map(str::to_owned),
        )
    };
    assert_eq!(
        segment(r#""userId":"","anonymousId":"d","#),
        (Some("d".into()), None)
    );
    assert_eq!(
        segment(r#""userId":null,"anonymousId":7,"#),
        (Some("7".into()), None)
    );
    assert_eq!(
        segment(r#""userId":"u","anonymousId":null,"#),
        (Some("u".into()), Some("u".into()))
    );
}

#[test]
fn a_group_of_posthogs_that_no_user_named_has_no_user() {
    let group = |distinct_id: &str| {
        let body = format!(
            r#"[{{"event":"$groupidentify","distinct_id":"{distinct_id}","properties":{{"$group_type":"company","$group_key":"Acme, Inc"}}}}]"#
        );
        let payload = Request::post("/e", body).payload();
        (
            member(&payload, "anonymousId").map(str::to_owned),
            member(&payload, "userId").map(str::to_owned),
        )
    };
    let stand_in = "$company_Acme, Inc";
    assert_eq!(group(stand_in), (Some(stand_in.into()), None));
    for user in [
        "u",
        "$company_Acme",
        "company_Acme, Inc",
        "$company_Acme, Inc.",
    ] {
        assert_eq!(
            group(user),
            (Some(user.into()), Some(user.into())),
            "{user}"
        );
    }
}

#[test]
fn the_device_of_an_identify_is_the_one_that_was_anonymous() {
    let sent = r#""distinct_id":"u","$anon_distinct_id":"d""#;
    let identify = |path: &str, body: String| {
        let payload = Request::post(path, body).payload();
        let (anonymous, user) = ids(&payload);
        (anonymous.map(str::to_owned), user.map(str::to_owned))
    };
    let both = (Some("d".to_owned()), Some("u".to_owned()));
    for (path, body) in [
        (
            "/track",
            format!(r#"{{"event":"$identify","properties":{{{sent}}}}}"#),
        ),
        (
            "/e",
            format!(r#"{{"event":"$identify","properties":{{{sent}}}}}"#),
        ),
        (
            "/react-native",
            format!(r#"{{"e":[{{"event_type":"$identify","event_properties":{{{sent}}}}}]}}"#),
        ),
    ] {
        assert_eq!(identify(path, body), both, "{path}");
    }
    let with_device =
        format!(r#"{{"event":"$identify","properties":{{{sent},"$device_id":"e"}}}}"#);
    assert_eq!(identify("/track", with_device).0.as_deref(), Some("e"));
    // Of other events it says what was before.
    let track = format!(r#"{{"event":"a","properties":{{{sent}}}}}"#);
    assert_eq!(identify("/track", track).0.as_deref(), Some("u"));
}

#[test]
fn traits_that_repeat_the_ids_are_left_out() {
    let traits = |traits: &str| {
        let body =
            format!(r#"{{"type":"identify","anonymousId":"d","userId":12,"traits":{traits}}}"#);
        let payload = Request::post("/v1/i", body).payload();
        payload.split_once(r#""traits":"#).unwrap().1.to_owned()
    };
    assert_eq!(
        traits(r#"{ "userId":"12", "a" : 1,"anonymousId":"\u0064","\u0075serId":12,"b":2}"#),
        r#"{"a":1,"b":2}}"#
    );
    let others = r#"{ "userId": "13", "anonymousId": {"d": 1}, "id": "12" }"#;
    assert_eq!(traits(others), format!("{others}}}"));
}
