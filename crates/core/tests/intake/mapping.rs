//! Mapping rules that no capture shows: ids, names, types, routing.
use crate::support::{config_with, member, track, Outcome, Request, Said};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The outcome of each event.
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
fn names_that_begin_with_a_dollar_are_the_sdks_own() {
    for (name, wanted) in [
        ("$page", "page"),
        ("$pageview", "page"),
        ("$mp_web_page_view", "page"),
        ("mp_page_view", "page"),
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
    assert_eq!(said("/v1/batch", r#"[{"type":"Page"}]"#), ["page"]);
    assert_eq!(said("/v1/t", r#"{"type":"IDENTIFY"}"#), ["identify"]);
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
        r#"{"ALL":false,"webhooks":true}"#,
    ] {
        assert!(routed(wanted), "{wanted}");
    }
    for unwanted in [
        r#"{"All":false}"#,
        r#"{"all":false}"#,
        r#"{"Webhooks":false}"#,
        r#"{"webhooks":false}"#,
        r#"{"ALL":false}"#,
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
fn the_context_of_a_batch_holds_for_events_that_have_none() {
    let body = r#"{"context":{"page":{"url":"u","path":"p"},"library":{"name":"batch"},"traits":{"a":1}},"batch":[
            {"type":"track","event":"a","messageId":"1","timestamp":0},
            {"type":"track","event":"a","messageId":"2","timestamp":0,"context":{"page":{"title":"t"}}},
            {"type":"track","event":"a","messageId":"3","timestamp":0,"context":{"library":{"name":"own"}}},
            {"type":"identify","messageId":"4","timestamp":0,"context":[]}]}"#;
    let Outcome::Read(said, _) = Request::post("/v1/batch", body).run() else {
        panic!("refused")
    };
    let payload = |kind: &str, id: u8, context: &str, rest: &str| {
        format!(
            r#"{{{kind},"timestamp":"1970-01-01T00:00:00Z","messageId":"{id}","context":{{{context}}},"properties":{{}}{rest}}}"#
        )
    };
    let track = r#""event":"a","type":"track""#;
    let page = r#""page":{"url":"u","path":"p"}"#;
    let library = r#""library":{"name":"batch"}"#;
    assert_eq!(
        said,
        [
            payload(track, 1, &format!("{page},{library}"), ""),
            payload(
                track,
                2,
                &format!(r#""page":{{"title":"t"}},{library}"#),
                ""
            ),
            payload(
                track,
                3,
                &format!(r#"{page},"library":{{"name":"own"}}"#),
                ""
            ),
            payload(
                r#""type":"identify""#,
                4,
                &format!("{page},{library}"),
                r#","traits":{}"#
            ),
        ]
        .map(Said::Payload)
    );
}

#[test]
fn an_empty_list_is_an_empty_object_as_php_writes_it() {
    let plain = |event: &str| {
        let payload = Request::post("/v1/batch", format!(r#"{{"batch":[{event}]}}"#)).payload();
        payload
    };
    let written = r#"{"type":"group","groupId":"g","messageId":"1","timestamp":0,"context":X,"properties":X,"traits":X}"#;
    for list in ["[]", "[ ]", "[\n]"] {
        assert_eq!(
            plain(&written.replace('X', list)),
            plain(&written.replace('X', "{}"))
        );
    }
    for other in ["[0]", "[[]]", "[{}]"] {
        let body = format!(r#"{{"batch":[{}]}}"#, written.replace('X', other));
        let Outcome::Read(said, _) = Request::post("/v1/batch", body).run() else {
            panic!("refused")
        };
        assert!(matches!(said[..], [Said::Invalid(_)]), "{other}");
    }
    let update = r#"{"$token":"T","$distinct_id":"u","$set":[]}"#;
    assert!(Request::post("/engage", update)
        .payload()
        .ends_with(r#""traits":{}}"#));
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
