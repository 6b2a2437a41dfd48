//! Mapping rules that no capture shows: ids, names, types, routing.
use crate::support::{config_with, member, track, Outcome, Request, Said};
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

/// What became of each event.
fn said(path: &str, body: &str) -> Vec<String> {
    match Request::post(path, body).run() {
        Outcome::Read(said, _) => said
            .into_iter()
            .map(|said| match said {
                Said::Payload(payload) => {
                    let name = member(&payload, "event").unwrap_or_default();
                    format!("{} {name}", member(&payload, "type").unwrap())
                        .trim_end()
                        .to_owned()
                }
                Said::Filtered(reason) | Said::Invalid(reason) => reason,
            })
            .collect(),
        other => panic!("{other:?}"),
    }
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
fn names_that_begin_with_a_dollar_are_the_sdks_own() {
    for (name, wanted) in [
        ("$page", "page"),
        ("$pageview", "page"),
        ("$mp_web_page_view", "page"),
        ("$screen", "track screen_view"),
        ("$identify", "identify"),
        ("$create_alias", "other Alias"),
        ("$web_event", "other Autocapture"),
        ("$touch", "other Autocapture"),
        ("\\u0024touch", "other Autocapture"),
        ("Page Viewed", "track Page Viewed"),
        ("page", "track page"),
        ("pageview", "track pageview"),
    ] {
        let body = format!(r#"{{"event":"{name}","properties":{{}}}}"#);
        assert_eq!(said("/track", &body), [wanted], "{name}");
    }
    let autotrack =
        |kind: &str| format!(r#"{{"event":"$web_event","properties":{{"$event_type":"{kind}"}}}}"#);
    assert_eq!(said("/track", &autotrack("pageview")), ["page"]);
    assert_eq!(said("/track", &autotrack("submit")), ["other Autocapture"]);
    for (name, wanted) in [
        ("$set", "identify"),
        ("$autocapture", "other Autocapture"),
        ("$pageleave", "other Autocapture"),
        ("$screen", "track screen_view"),
    ] {
        let body = format!(r#"[{{"event":"{name}","properties":{{}}}}]"#);
        assert_eq!(said("/e", &body), [wanted], "{name}");
    }
    assert_eq!(
        said("/react-native", r#"{"e":[{"event_type":"screen_view"}]}"#),
        ["track screen_view"]
    );
}

#[test]
fn the_type_in_the_body_comes_before_the_one_in_the_path() {
    assert_eq!(said("/v1/t", r#"{"type":"page"}"#), ["page"]);
    assert_eq!(said("/v1/p", r#"{"type":null}"#), ["page"]);
    assert_eq!(said("/v1/page", "{}"), ["page"]);
    assert_eq!(
        said("/api/s/s2s/screen", r#"{"name":"Main"}"#),
        ["track screen_view"]
    );
    assert_eq!(said("/v1/alias", r#"{"previousId":"a"}"#), ["other Alias"]);
}

#[test]
fn an_operation_on_a_profile_says_nothing_about_traits() {
    for update in [
        r#"{"$add":{"n":1}}"#,
        r#"{"$unset":["n"]}"#,
        r#"{"$delete":""}"#,
    ] {
        assert_eq!(
            said("/engage", update),
            ["identify ProfileOperation"],
            "{update}"
        );
    }
    assert_eq!(said("/engage", r#"{"$set_once":{"n":1}}"#), ["identify"]);
}

#[test]
fn the_customers_routing_is_honoured() {
    let routed = |integrations: &str| {
        let segment = format!(r#"{{"type":"track","event":"a","integrations":{integrations}}}"#);
        let web = format!(
            r#"{{"event":"a","properties":{{"$options":{{"integrations":{integrations}}}}}}}"#
        );
        let native = format!(
            r#"{{"e":[{{"event_type":"$identify","event_properties":{{"$options":{{"integrations":{integrations}}}}}}}]}}"#
        );
        let segment = said("/v1/t", &segment) == ["track a"];
        assert_eq!(said("/track", &web) == ["track a"], segment);
        assert_eq!(said("/react-native", &native) == ["identify"], segment);
        segment
    };
    for wanted in [
        "{}",
        "null",
        "1",
        r#"{"All":true}"#,
        r#"{"Segment.io":true}"#,
        r#"{"Other":false}"#,
        r#"{"All":false,"Webhooks":true}"#,
        r#"{"Webhooks":{"x":1},"All":false}"#,
    ] {
        assert!(routed(wanted), "{wanted}");
    }
    for unwanted in [
        r#"{"All":false}"#,
        r#"{"all":false}"#,
        r#"{"Webhooks":false}"#,
        r#"{"All":true,"Webhooks":false}"#,
        r#"{"All":false,"Other":true}"#,
    ] {
        assert!(!routed(unwanted), "{unwanted}");
    }
}

#[test]
fn the_routing_of_a_batch_holds_for_its_events_unless_they_say_otherwise() {
    let routed = |batch: &str, event: &str| {
        let event = format!(r#"{{"type":"track","event":"a","integrations":{event}}}"#);
        let body = format!(r#"{{"integrations":{batch},"batch":[{event}]}}"#);
        said("/v1/batch", &body) == ["track a"]
    };
    assert!(routed("null", "null"));
    assert!(!routed(r#"{"All":false}"#, "null"));
    assert!(!routed(r#"{"Webhooks":false}"#, r#"{"All":true}"#));
    assert!(!routed(r#"{"All":false}"#, r#"{"Other":true}"#));
    assert!(routed(r#"{"All":false}"#, r#"{"Webhooks":true}"#));
    assert!(!routed(r#"{"Webhooks":true}"#, r#"{"Webhooks":false}"#));
}

#[test]
fn the_destination_can_have_another_name() {
    let config = config_with(r#"{"integration_name": "My Hooks"}"#);
    let body = r#"{"type":"track","event":"a","integrations":{"All":false,"My Hooks":true}}"#;
    let Outcome::Read(said, _) = Request::post("/v1/t", body).run_with(&config) else {
        panic!("refused")
    };
    assert!(matches!(said[..], [Said::Payload(_)]));
}

#[test]
fn freshpaint_js_is_known_by_what_only_a_browser_sends() {
    for properties in [
        r#""$lib":"web""#,
        r#""$title":"t""#,
        r#""$browser":"Chrome""#,
    ] {
        assert!(
            track(properties).contains(r#""library":{"name":"freshpaint.js"}"#),
            "{properties}"
        );
    }
    assert!(!track(r#""$current_url":"https://example.com/""#).contains("library"));
}

#[test]
fn page_data_fill_what_the_properties_of_a_pageview_lack() {
    let page = r#""context":{"page":{"path":"/p","title":"T","url":"https://e/p"}}"#;
    let properties = |sent: &str| {
        let body = format!(r#"{{"type":"page","messageId":"1",{page}{sent}}}"#);
        let payload = Request::post("/v1/p", body).payload();
        payload.split_once(r#""properties":"#).unwrap().1.to_owned()
    };
    assert_eq!(
        properties(""),
        r#"{"url":"https://e/p","title":"T","path":"/p"}}"#
    );
    assert_eq!(
        properties(r#","properties":{ "x" : 1, "title":"Mine" }"#),
        r#"{"url":"https://e/p","path":"/p","x":1,"title":"Mine"}}"#
    );
}
