//! Settings that are taken and probably not meant, each with the whole of its warning.

use super::{lines, parse};

#[test]
fn each_warning_says_where_what_and_what_instead() {
    let url = r#""url": "https://example.com/in""#;
    let cases = [
        (
            r#""url": "http://127.0.0.1:9000/in""#,
            "",
            "webhooks[0].url: has a private address, which the address filter of the cluster \
             webhooks_egress refuses; write the name of a cluster of its own under cluster, or for \
             trials delete resolved_address_filter in envoy.yaml",
        ),
        (
            r#""url": "http://localhost/in", "cluster": "webhooks_egress""#,
            "",
            "webhooks[0].url: has a private address, which the address filter of the cluster \
             webhooks_egress refuses; write the name of a cluster of its own under cluster, or for \
             trials delete resolved_address_filter in envoy.yaml",
        ),
        (
            r#""url": "https://example.com/in", "headers": {"X-Note": "Bearer $CRM_KEY"}"#,
            "",
            "webhooks[0].headers.X-Note: holds $CRM_KEY without braces, which is sent as it is; \
             write ${CRM_KEY}",
        ),
        (
            r#""url": "https://example.com/$HOOK_PATH""#,
            "",
            "webhooks[0].url: holds $HOOK_PATH without braces, which is sent as it is; write \
             ${HOOK_PATH}",
        ),
        (
            r#""url": "https://example.com/in", "events": {"types": ["identify"]}"#,
            "",
            r#"webhooks[0].events.types: has "identify", and options.enable_identify_events is off; write options: {enable_identify_events: true} too"#,
        ),
        (
            url,
            r#", "events": {"types": ["track", "identify"]}"#,
            r#"events.types: has "identify", and options.enable_identify_events is off; write options: {enable_identify_events: true} too"#,
        ),
        (
            r#""url": "https://example.com/in", "events": {"types": ["page", "group"]}"#,
            r#", "events": {"types": ["track"]}"#,
            "webhooks[0].events.types: has nothing of the same list for all webhooks, so that no event \
             goes; write it there too",
        ),
        (
            r#""url": "https://example.com/in", "sources": ["b"]"#,
            r#", "sources": ["a"]"#,
            "webhooks[0].sources: has nothing of the same list for all webhooks, so that no event \
             goes; write it there too",
        ),
        (
            url,
            r#", "events": {"allow": ["Order *", "x"], "deny": ["y", "Order *"]}"#,
            r#"events.allow[0]: is "Order *", which deny has too, so that nothing of it goes; write it once"#,
        ),
        (
            r#""url": "https://example.com/in", "properties": {"allow": ["traits.a"], "deny": ["traits.a"]}"#,
            "",
            r#"webhooks[0].properties.allow[0]: is "traits.a", which deny has too, so that nothing of it goes; write it once"#,
        ),
        (
            url,
            r#", "properties": {"deny": ["properties.cards[0].number"]}"#,
            r#"properties.deny[0]: is "properties.cards[0].number", and names one key with brackets in it; write cards.* for the items of the list"#,
        ),
        (
            url,
            r#", "properties": {"deny": ["context.traits.email"]}"#,
            "properties.deny[0]: names no part of a payload; write traits.* for context.traits.*",
        ),
        (
            url,
            r#", "properties": {"mask": ["context.pages.url"]}"#,
            "properties.mask[0]: names no part of a payload; write traits.* for context.traits.*",
        ),
        (
            url,
            r#", "properties": {"mask": ["context.userAgent"]}"#,
            "properties.mask[0]: names no part of a payload; write traits.* for context.traits.*",
        ),
        (
            r#""url": "https://example.com/in"}, {"url": "https://Example.com:443/in""#,
            "",
            "webhooks[1].url: is that of an earlier webhook too; if both are one receiver, it gets \
             each event twice: write another url",
        ),
        (
            url,
            r#", "guarantee": "each", "retry": {"window": "0s"}"#,
            "retry.window: may end before the first retry, so that events are given up; write more \
             than 1.2 times retry.initial_backoff",
        ),
        (
            url,
            r#", "retry": {"window": "12s", "initial_backoff": "10s"}"#,
            "retry.window: may end before the first retry, so that events are given up; write more \
             than 1.2 times retry.initial_backoff",
        ),
    ];
    for (webhook, members, said) in cases {
        let written = format!(r#"{{"webhooks": [{{{webhook}}}]{members}}}"#);
        let config = parse(&written).unwrap_or_else(|problems| panic!("{written}: {problems:?}"));
        assert_eq!(lines(&config.warnings), [said], "{written}");
    }
}

#[test]
fn settings_that_are_meant_get_no_warning() {
    for (webhook, members) in [
        (r#""url": "http://10.0.0.1/in", "cluster": "crm""#, ""),
        (r#""url": "http://localhost/in""#, r#", "cluster": "crm""#),
        (
            r#""url": "https://example.com/in", "headers": {"X-Note": "a$b pa$$word $5 $${X}"}"#,
            "",
        ),
        (
            r#""url": "https://example.com/in", "options": {"enable_identify_events": true}"#,
            r#", "events": {"types": ["identify"]}"#,
        ),
        (
            r#""url": "https://example.com/in""#,
            r#", "events": {"allow": ["Order *"], "deny": ["Order Test"]}"#,
        ),
        (
            r#""url": "https://example.com/in", "events": {"types": ["track"]}, "sources": ["a"]"#,
            r#", "events": {"types": ["page", "track"]}, "sources": ["b", "a"]"#,
        ),
        (
            r#""url": "https://example.com/in""#,
            r#", "properties": {"deny": ["properties.cards.*.number", "properties.a[b]", "context.page.url", "context.library", "context.ip", "context.*"]}"#,
        ),
        (
            r#""url": "https://example.com/in", "sources": ["a"]}, {"url": "https://example.com/in", "sources": ["b"]"#,
            "",
        ),
        (
            r#""url": "https://example.com/in", "guarantee": "each"}, {"url": "https://example.com/in?2""#,
            r#", "retry": {"window": "10s", "initial_backoff": "8s"}"#,
        ),
        (
            r#""url": "https://example.com/in""#,
            r#", "retry": {"window": "0s"}"#,
        ),
    ] {
        let written = format!(r#"{{"webhooks": [{{{webhook}}}]{members}}}"#);
        let config = parse(&written).unwrap_or_else(|problems| panic!("{written}: {problems:?}"));
        assert_eq!(lines(&config.warnings), [""; 0], "{written}");
    }
}

/// Neither a problem nor a warning of any case shows what can be secret.
#[test]
fn no_line_shows_a_canary() {
    let mut shown = 0;
    for case in super::cases::Case::all() {
        let found = match parse(&case.written) {
            Ok(config) => config.warnings,
            Err(problems) => problems,
        };
        for line in lines(&found) {
            shown += 1;
            assert!(!line.contains("canary"), "{line}");
        }
    }
    assert!(shown > 300, "{shown}");
}

#[test]
fn a_secret_in_a_query_is_taken_with_a_warning() {
    let warnings = |url: &str| {
        let written = format!(r#"{{"webhooks": [{{"url": "{url}"}}]}}"#);
        lines(&parse(written).unwrap().warnings)
    };
    let said = |variable: &str| {
        format!(
            "webhooks[0].url: holds a secret in plain sight; write \"${{{variable}}}\", list \
                 {variable} under vm_config.environment_variables.host_env_keys and export it \
                 where Envoy starts"
        )
    };
    for (query, variable) in [
        ("api_key=canary", "API_KEY"),
        ("v=1&access-token=canary", "ACCESS_TOKEN"),
        ("code=canary", "CODE"),
        ("a=b&sig=canary&key=canary", "SIG"),
        ("apiKey=canary", "APIKEY"),
    ] {
        let url = format!("https://example.com/in?{query}");
        assert_eq!(warnings(&url), [said(variable)], "{query}");
    }
    for query in ["", "api_key=", "key=${CRM_KEY}", "zipcode=1", "v=1", "key"] {
        let url = format!("https://example.com/in?{query}");
        assert_eq!(warnings(&url), [""; 0], "{query}");
    }
}

#[test]
fn a_secret_in_the_file_and_limits_that_cross_are_taken_with_a_warning() {
    let written = r#"{
      "webhooks": [{
        "url": "https://example.com/in",
        "headers": {"Authorization": "Bearer canary", "X-Api-Key": "canary", "X-Trace": "canary", "X-Token": "Bearer ${CRM_KEY}"},
        "signing": {"secrets": ["${SIGNING_KEY}", "whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5"]}
      }],
      "limits": {"max_decoded_bytes": 500000, "max_in_flight_bytes": 400000, "max_in_flight": 100}
    }"#;
    let warnings = parse(written).unwrap().warnings;
    assert_eq!(
        lines(&warnings),
        [
            "webhooks[0].headers.Authorization: holds a secret in plain sight; write \
             \"${AUTHORIZATION}\", list AUTHORIZATION under \
             vm_config.environment_variables.host_env_keys and export it where Envoy starts",
            "webhooks[0].headers.X-Api-Key: holds a secret in plain sight; write \"${X_API_KEY}\", \
             list X_API_KEY under vm_config.environment_variables.host_env_keys and export it \
             where Envoy starts",
            "webhooks[0].signing.secrets[1]: holds a secret in plain sight; write \
             \"${WEBHOOK_0_SIGNING_KEY}\", list WEBHOOK_0_SIGNING_KEY under \
             vm_config.environment_variables.host_env_keys and export it where Envoy starts",
            "limits.max_body_bytes: is 1048576, more than limits.max_decoded_bytes, which plain \
             bodies are held against too; write at most 500000",
            "limits.max_in_flight_bytes: is 400000, less than limits.max_decoded_bytes, so that \
             the largest requests can never be taken; write at least 500000",
            "limits.max_in_flight: is 100, less than limits.max_in_flight_per_webhook, which is \
             for one of the webhooks; write at least 256",
        ]
    );
}
