//! The user's id and the query of the page, in every field where an SDK can put them, reach no
//! webhook that has a rule against them.

use crate::bed::Bed;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const ID: &str = "canary-id@example.com";
const QUERY: &str = "canary-query";

/// Path and body; `ID` and `QUERY` stand for the canaries.
const REQUESTS: &[(&str, &str)] = &[
    // Segment, RudderStack: servers that send no anonymousId.
    (
        "/v1/batch",
        r#"{"writeKey":"W","sentAt":"2022-12-28T22:00:26Z","context":{"page":{"url":"https://a.test/p?QUERY"}},"batch":[
            {"type":"track","event":"Signed Up","messageId":"1","userId":"ID","previousId":"ID","rl_user_id":"ID","CONTEXT",
                "properties":{"plan":"pro","userId":"ID","user_id":"ID","distinct_id":"ID"}},
            {"type":"page","name":"ID","messageId":"2","userId":"ID","CONTEXT","properties":{"PAGE"}},
            {"type":"page","messageId":"3","userId":"ID","anonymousId":"ID","context":{"page":null},"properties":{"PAGE"}},
            {"type":"screen","name":"ID","messageId":"4","userId":"ID","CONTEXT","properties":{"userId":"ID"}},
            {"type":"identify","messageId":"5","userId":"ID","CONTEXT","traits":{"TRAITS"}},
            {"type":"identify","messageId":"6","userId":"\u0063anary-id@example.com","anonymousId":"ID","CONTEXT"},
            {"type":"group","messageId":"7","userId":"ID","groupId":"g","CONTEXT","traits":{"TRAITS"}},
            {"type":"alias","messageId":"8","userId":"ID","previousId":"ID"}]}"#,
    ),
    (
        "/beacon/v1/batch?writeKey=W",
        r#"{"batch":[{"type":"page","messageId":"1","userId":"ID","originalTimestamp":"2022-12-28T22:00:25Z","CONTEXT","properties":{"PAGE"}}]}"#,
    ),
    (
        "/api/s/page",
        r#"{"messageId":"1","userId":"ID","timestamp":"2022-12-28T22:00:25Z","CONTEXT","properties":{"PAGE"}}"#,
    ),
    (
        "/api/s/identify",
        r#"{"messageId":"1","userId":"ID","timestamp":"2022-12-28T22:00:25Z","CONTEXT","traits":{"TRAITS"}}"#,
    ),
    (
        "/android",
        r#"{"batch":[
            {"type":"track","event":"a","messageId":"1","userId":"ID","CONTEXT","properties":{"$user_id":"ID","$session_id":"ID"}},
            {"type":"screen","event":"screen_view","messageId":"2","userId":"ID","CONTEXT","properties":{"firebase_screen":"Home"}},
            {"type":"identify","messageId":"3","userId":"ID","anonymousId":"d","CONTEXT","traits":{"TRAITS"}},
            {"type":"group","messageId":"4","userId":"ID","groupId":"g","CONTEXT","traits":{"TRAITS"}}]}"#,
    ),
    (
        "/react-native",
        r#"{"client":"E","e":[
            {"event_type":"a","user_id":"ID","uuid":"1","user_properties":{"email":"ID"},"event_properties":{"distinct_id":"ID","custom_props":{"$user_id":"ID","user_id":"ID"}}},
            {"event_type":"$identify","user_id":"ID","uuid":"2","event_properties":{"distinct_id":"ID","$user_props":{"TRAITS"}}},
            {"event_type":"$group","user_id":"ID","uuid":"3","event_properties":{"$group_id":"g","$prev_group_id":"ID","$group_props":{"TRAITS"}}}]}"#,
    ),
    (
        "/track",
        r#"[{"event":"a","properties":{"$insert_id":"1","distinct_id":"ID","$user_id":"ID","$anon_distinct_id":"ID","DOLLAR","user_id":"ID"}},
            {"event":"$identify","properties":{"$insert_id":"2","distinct_id":"ID","DOLLAR","$user_props":{"TRAITS"}}},
            {"event":"$group","properties":{"$insert_id":"3","distinct_id":"ID","DOLLAR","$group_id":"g","$group_props":{"TRAITS"}}},
            {"event":"$page","properties":{"$insert_id":"4","distinct_id":"ID","DOLLAR"}},
            {"event":"$mp_web_page_view","properties":{"$insert_id":"5","distinct_id":"other@example.com","$user_id":"ID","DOLLAR",
                "current_url_search":"?QUERY","current_domain":"a.test","current_page_title":"T"}},
            {"event":"b","properties":{"distinct_id":"ID","time":1672262425}}]"#,
    ),
    (
        "/engage",
        r#"[{"$token":"T","$distinct_id":"ID","$user_id":"ID","$set":{"TRAITS"}},{"$token":"T","$distinct_id":"ID","$set_once":{"TRAITS"}}]"#,
    ),
    (
        "/groups",
        r#"{"$token":"T","$distinct_id":"ID","$group_key":"company","$group_id":"g","$set":{"TRAITS"}}"#,
    ),
    (
        "/e",
        r#"{"api_key":"K","batch":[
            {"event":"a","uuid":"1","distinct_id":"ID","$set":{"TRAITS"},"properties":{"distinct_id":"ID","$user_id":"ID","DOLLAR"}},
            {"event":"$pageview","uuid":"2","properties":{"distinct_id":"ID","title":"T","DOLLAR"}},
            {"event":"$identify","uuid":"3","properties":{"distinct_id":"ID","DOLLAR","$set":{"TRAITS"},"$set_once":{"TRAITS"}}},
            {"event":"$set","uuid":"4","$set_once":{"TRAITS"},"properties":{"distinct_id":"ID","DOLLAR"}},
            {"event":"$groupidentify","uuid":"5","properties":{"distinct_id":"ID","$group_type":"company","$group_key":"g","$group_set":{"TRAITS"},"DOLLAR"}}]}"#,
    ),
];

fn filled(body: &str) -> String {
    body.replace(
        r#""CONTEXT""#,
        r#""context":{"ip":"192.0.2.1","userAgent":"x","library":{"name":"l"},"externalIds":[{"id":"ID"}],
            "page":{"url":"https://a.test/p?QUERY","path":"/p?QUERY","title":"T","referrer":"https://r.test/?QUERY","search":"?QUERY","tab_url":"https://a.test/p?QUERY"},
            "traits":{"TRAITS"}}"#,
    )
    .replace(
        r#""TRAITS""#,
        r#""plan":"pro","userId":"ID","anonymousId":"ID","id":"ID","email":"ID","username":"ID","$email":"ID","$user_id":"ID","distinct_id":"ID",
            "$current_url":"https://a.test/p?QUERY","$initial_current_url":"https://a.test/p?QUERY","$initial_referrer":"https://r.test/?QUERY",
            "$initial_pathname":"/p?QUERY""#,
    )
    .replace(
        r#""PAGE""#,
        r#""url":"https://a.test/p?QUERY","path":"/p?QUERY","title":"T","search":"?QUERY","referrer":"https://r.test/?QUERY",
            "tab_url":"https://a.test/p?QUERY","initial_referrer":"https://r.test/?QUERY","userId":"ID","plan":"pro""#,
    )
    .replace(
        r#""DOLLAR""#,
        r#""$current_url":"https://a.test/p?QUERY","$pathname":"/p","$title":"T","$user_id":"ID","$referrer":"https://r.test/?QUERY",
            "$session_entry_url":"https://a.test/p?QUERY","$set":{"email":"ID"},"$initial_person_info":{"u":"https://a.test/p?QUERY"},
            "$user_props_":"ID","plan":"pro""#,
    )
    .replace("ID", ID)
    .replace("QUERY", QUERY)
}

/// Sends everything under this configuration, and gives the payloads and headers.
fn everything(rules: &str) -> String {
    let mut bed = Bed::new(&format!(
        r#"{{{rules}, "collect": {{"id_key": "${{HASH_KEY}}"}},
            "options": {{"enable_identify_events": true, "enable_pageview_events": true}},
            "webhooks": [{{"name": "a", "url": "https://a.test/",
                "signing": {{"scheme": "x_signature_sha1", "secrets": ["${{HASH_KEY}}"]}}}}]}}"#
    ));
    let mut found = String::new();
    let mut events = 0;
    for (path, body) in REQUESTS {
        bed.send_to(path, &filled(body), &[]);
        for payload in bed.payloads() {
            events += 1;
            found.push_str(payload);
            found.push('\n');
        }
    }
    assert_eq!(events, 31, "some event was not delivered:\n{found}");
    found + bed.headers()
}

fn assert_absent(found: &str, canary: &str, rules: &str) {
    let leaks: Vec<_> = found.lines().filter(|line| line.contains(canary)).collect();
    assert!(leaks.is_empty(), "{rules}:\n{}", leaks.join("\n"));
}

#[test]
fn the_canaries_are_seen_where_nothing_forbids_it() {
    let found = everything(r#""acknowledge": "settled""#);
    assert!(found.matches(ID).count() > 60 && found.matches(QUERY).count() > 30);
}

#[test]
fn a_rule_on_the_users_id_holds_wherever_it_stands() {
    for rule in ["deny", "hash", "mask"] {
        let key = if rule == "hash" {
            r#", "hash_key": "${HASH_KEY}""#
        } else {
            ""
        };
        let rules = format!(r#""properties": {{"{rule}": ["userId"]{key}}}"#);
        let found = everything(&rules);
        assert_absent(&found, ID, &rules);
        assert!(
            found.contains(r#""plan":"pro""#),
            "{rule} takes no more than that"
        );
    }
}

#[test]
fn a_rule_on_the_page_holds_for_pageviews_too() {
    let urls = r#""properties": {"deny": ["context.page.url", "context.page.path", "context.page.referrer"]}"#;
    let found = everything(urls);
    assert_absent(&found, QUERY, urls);
    assert!(found.contains(r#""title":"T""#), "{found}");
    for rules in [
        r#""properties": {"deny": ["context.page.*"]}"#,
        r#""properties": {"mask": ["context.page"]}"#,
        r#""properties": {"hash": ["context.*"], "hash_key": "${HASH_KEY}"}"#,
    ] {
        let found = everything(rules);
        assert_absent(&found, QUERY, rules);
        assert_absent(&found, r#""title":"T""#, rules);
        assert!(
            found.contains(r#""plan":"pro""#),
            "{rules} takes no more than that"
        );
    }
}

/// Mixpanel's SDKs write the traits that they know with a `$`.
#[test]
fn a_rule_on_a_trait_holds_for_it_with_a_dollar() {
    for (rule, left) in [
        (
            r#""deny": ["traits.email", "traits.address.city"]"#,
            r#"{"$phone":"5","$address":{"zip":"6"}}"#,
        ),
        (
            r#""mask": ["traits.email", "traits.phone"]"#,
            r#"{"$email":"***","$phone":"***","$address":{"city":"C","zip":"6"},"email":"***"}"#,
        ),
        (r#""allow": ["traits.email"]"#, r#"{"email":"c"}"#),
    ] {
        let mut bed = Bed::new(&format!(
            r#"{{"options": {{"enable_identify_events": true}}, "properties": {{{rule}}},
                "webhooks": [{{"name": "a", "url": "https://a.test/"}}]}}"#
        ));
        let body = r#"{"$token":"T","$distinct_id":"u","$set":{"$email":"c","$phone":"5","$address":{"city":"C","zip":"6"},"email":"c"}}"#;
        assert_eq!(bed.send_to("/engage", body, &[]).len(), 1);
        let (_, traits) = bed.payload("a").split_once(r#""traits":"#).unwrap();
        assert_eq!(traits, format!("{left}}}"), "{rule}");
    }
}

#[test]
fn under_hipaa_neither_goes_whatever_is_allowed() {
    for allow in [
        r#"["properties.none"]"#,
        r#"["anonymousId", "groupId", "userId"]"#,
        r#"["properties.*", "traits.*", "context.*", "anonymousId", "groupId", "userId"]"#,
    ] {
        let rules = format!(r#""profile": "hipaa", "properties": {{"allow": {allow}}}"#);
        let found = everything(&rules);
        assert_absent(&found, ID, &rules);
        assert_absent(&found, QUERY, &rules);
    }
}
