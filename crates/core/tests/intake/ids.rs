//! The ids of an event: user, device and group.

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

/// A user whom the SDKs of PostHog do not know has an id that they made up. Apps send no device
/// beside it, and in a browser it is not the device's any more after `reset()`.
#[test]
fn a_user_that_posthog_has_not_identified_is_none() {
    let sent = |event: &str, more: &str| {
        let body = format!(r#"[{{"event":"{event}","properties":{{"distinct_id":"x",{more}}}}}]"#);
        let payload = Request::post("/batch", body).payload();
        let (anonymous, user) = ids(&payload);
        (anonymous.map(str::to_owned), user.map(str::to_owned))
    };
    let some = |id: &str| Some(id.to_owned());
    for event in ["a", "$pageview", "$set"] {
        let anonymous = r#""$is_identified":false"#;
        assert_eq!(sent(event, anonymous), (some("x"), None), "{event}");
        let after_reset = r#""$device_id":"d","$is_identified":false"#;
        assert_eq!(sent(event, after_reset), (some("d"), None), "{event}");
        let known = r#""$device_id":"d","$is_identified":true"#;
        assert_eq!(sent(event, known), (some("d"), some("x")), "{event}");
    }
    let identify = r#""$anon_distinct_id":"d","$is_identified":false"#;
    assert_eq!(sent("$identify", identify), (some("d"), some("x")));
}

#[test]
fn the_id_of_everybody_without_cookies_is_nobodys() {
    let body = r#"{"event":"a","properties":{"distinct_id":"$posthog_cookieless","$device_id":null,"$cookieless_mode":true}}"#;
    let payload = Request::post("/e", body).payload();
    assert_eq!(ids(&payload), (None, None));
}

/// Mixpanel's HTTP API needs no `distinct_id` for it ("Create Identity").
#[test]
fn the_ids_of_mixpanels_own_identify_event_are_read() {
    let body = r#"data={"event":"$identify","properties":{"$identified_id":"u","$anon_id":"d","token":"T"}}"#;
    let payload = Request::post("/track", body).payload();
    assert_eq!(ids(&payload), (Some("d"), Some("u")));
    let payload = track(r#""$identified_id":"u","$anon_id":"d""#);
    assert_eq!(ids(&payload), (None, None));
}

/// `user && user.id` is `false` where nobody is logged in.
#[test]
fn false_is_no_id() {
    for (path, body) in [
        (
            "/v1/t",
            r#"{"event":"a","messageId":false,"userId":false,"anonymousId":"d"}"#,
        ),
        (
            "/track",
            r#"{"event":"a","properties":{"$user_id":false,"$device_id":"d","distinct_id":"d"}}"#,
        ),
        (
            "/e",
            r#"{"event":"a","distinct_id":false,"properties":{"$device_id":"d"}}"#,
        ),
    ] {
        let payload = Request::post(path, body).payload();
        assert_eq!(ids(&payload), (Some("d"), None), "{path}");
    }
}

/// Without id and time, an event of a group is known by what it says.
#[test]
fn groups_of_two_types_are_two_groups() {
    let message_id = |path: &str, key: &str, group: &str| {
        let body = if path == "/groups" {
            format!(
                r#"{{"$token":"T","$group_key":"{key}","$group_id":"{group}","$set":{{"plan":"pro"}}}}"#
            )
        } else {
            format!(
                r#"{{"event":"$groupidentify","properties":{{"$group_type":"{key}","$group_key":"{group}","$group_set":{{"plan":"pro"}}}}}}"#
            )
        };
        Request::post(path, body).event(1, |event| event.message_id().to_owned())
    };
    for path in ["/groups", "/capture"] {
        let company = message_id(path, "company", "1");
        assert_eq!(company, message_id(path, "company", "1"), "{path}");
        assert_ne!(company, message_id(path, "team", "1"), "{path}");
        assert_ne!(company, message_id(path, "company", "2"), "{path}");
    }
}
