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
    ];
    for (webhook, members, said) in cases {
        let written = format!(r#"{{"webhooks": [{{{webhook}}}]{members}}}"#);
        let config = parse(&written).unwrap_or_else(|problems| panic!("{written}: {problems:?}"));
        assert_eq!(lines(&config.warnings), [said], "{written}");
    }
}

#[test]
fn what_is_meant_gets_no_warning() {
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
