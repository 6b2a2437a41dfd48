//! Mistakes that people make first, each with the text that puts it right.

use super::{root, webhook, Case, URL};

const SECRETS: &str = r#"["${SIGNING_KEY}"]"#;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = places();
    cases.extend(values());
    cases.extend(secrets());
    cases
}

/// A key in the wrong object, or nearly right.
fn places() -> Vec<Case> {
    vec![
        Case::new(
            format!(r#"{{"webhook": [{{{URL}}}]}}"#),
            &[
                r#"webhook: is not a known key; write "webhooks""#,
                r#"webhooks: is missing; write a list of 1 to 32 webhooks, such as [{"url": "https://example.com/events"}]"#,
            ],
        ),
        webhook(r#""header": {"a": "b"}"#, &[r#"webhooks[0].header: is not a known key; write "headers""#]),
        root(r#""enable_identify_events": true"#, &["enable_identify_events: is not a known key here; write options: {enable_identify_events: ...}"]),
        webhook(r#""enable_pageview_events": true"#, &["webhooks[0].enable_pageview_events: is not a known key here; write options: {enable_pageview_events: ...}"]),
        root(r#""max_events": 5"#, &["max_events: is not a known key here; write limits: {max_events: ...}"]),
        root(r#""window": "5s""#, &["window: is not a known key here; write retry: {window: ...} or dedupe: {window: ...}"]),
        root(r#""slots": 5"#, &["slots: is not a known key here; write dedupe: {slots: ...}"]),
        root(r#""refusals": []"#, &["refusals: is not a known key here; write retry: {refusals: ...}"]),
        root(r#""path_prefix": """#, &["path_prefix: is not a known key here; write collect: {path_prefix: ...}"]),
        root(r#""dialects": []"#, &["dialects: is not a known key here; write collect: {dialects: ...}"]),
        root(r#""allowed_origins": []"#, &["allowed_origins: is not a known key here; write collect: {allowed_origins: ...}"]),
        root(r#""ip": true"#, &["ip: is not a known key here; write context: {ip: ...}"]),
        root(r#""types": []"#, &["types: is not a known key here; write events: {types: ...}"]),
        root(r#""deny": []"#, &["deny: is not a known key here; write events: {deny: ...} or properties: {deny: ...}"]),
        webhook(r#""mask": []"#, &["webhooks[0].mask: is not a known key here; write properties: {mask: ...}"]),
        webhook(r#""secrets": []"#, &["webhooks[0].secrets: is not a known key here; write signing: {secrets: ...}"]),
        root(r#""url": "https://example.com""#, &[r#"url: is not a known key here; write "url" into a webhook"#]),
        root(r#""timeout": "1s""#, &[r#"timeout: is not a known key here; write "timeout" into a webhook"#]),
        root(r#""signing": {}"#, &[r#"signing: is not a known key here; write "signing" into a webhook"#]),
        webhook(r#""limits": {}"#, &[r#"webhooks[0].limits: is not a known key here; write "limits" at the top, beside webhooks"#]),
        webhook(r#""profile": "hipaa""#, &[r#"webhooks[0].profile: is not a known key here; write "profile" at the top, beside webhooks"#]),
        webhook(r#""retry": {}"#, &[r#"webhooks[0].retry: is not a known key here; write "retry" at the top, beside webhooks"#]),
        root(r#""limits": {"max_body_size": 1}"#, &[r#"limits.max_body_size: is not a known key; write "max_body_bytes""#]),
        root(r#""retry": {"max_refusal": 1}"#, &[r#"retry.max_refusal: is not a known key; write "max_refusals""#]),
        root(r#""Webhooks": []"#, &[r#"Webhooks: is not a known key; write "webhooks""#]),
        root(r#""garantee": "each""#, &[r#"garantee: is not a known key; write "guarantee""#]),
        root(r#""deadletter": "a""#, &[r#"deadletter: is not a known key; write "dead_letter""#]),
    ]
}

/// A value of the wrong kind, or out of its bounds.
fn values() -> Vec<Case> {
    vec![
        webhook(r#""timeout": 3"#, &[r#"webhooks[0].timeout: is a number; write seconds from "0.001s" to "5s" (default "5s"), such as "3s""#]),
        webhook(r#""timeout": "10s""#, &[r#"webhooks[0].timeout: is "10s"; write seconds from "0.001s" to "5s" (default "5s"), such as "5s""#]),
        webhook(r#""timeout": "500 ms""#, &[r#"webhooks[0].timeout: is "500 ms"; write seconds from "0.001s" to "5s" (default "5s"), such as "0.5s""#]),
        webhook(r#""timeout": true"#, &[r#"webhooks[0].timeout: is a boolean; write seconds from "0.001s" to "5s" (default "5s"), such as "5s""#]),
        root(r#""retry": {"window": "1h"}"#, &[r#"retry.window: is "1h"; write seconds from "0s" to "86400s" (default "900s"), such as "3600s""#]),
        root(r#""dedupe": {"window": 900}"#, &[r#"dedupe.window: is a number; write seconds from "0s" to "86400s" (default "900s"), such as "900s""#]),
        root(r#""limits": {"max_body_bytes": "1MB"}"#, &["limits.max_body_bytes: is a string; write a whole number from 1 to 67108864 (default 1048576)"]),
        root(r#""limits": {"max_events": "1_000"}"#, &["limits.max_events: is a string; write a whole number from 1 to 100000 (default 2500)"]),
        root(r#""limits": {"max_events": "0.5"}"#, &["limits.max_events: is not a whole number; write a whole number from 1 to 100000 (default 2500)"]),
        root(r#""retry": {"max_refusals": 0}"#, &["retry.max_refusals: is 0; write a whole number from 1 to 100 (default 3)"]),
        root(r#""sample": 10"#, &["sample: is out of bounds; write a fraction over 0 and at most 1, such as 0.1"]),
        root(r#""sample": ".inf""#, &["sample: is a string; write a fraction over 0 and at most 1, such as 0.1"]),
        root(r#""guarantee": true"#, &[r#"guarantee: is a boolean; write one of "at_least_one", "each""#]),
        root(r#""guarantee": "exactly_once""#, &[r#"guarantee: is "exactly_once"; write one of "at_least_one", "each""#]),
        root(r#""timestamps": 1"#, &[r#"timestamps: is a number; write one of "seconds", "milliseconds""#]),
        root(r#""options": {"enable_identify_events": null}"#, &["options.enable_identify_events: is null; write true or false"]),
        root(r#""properties": {"deny": ["card"]}"#, &[r#"properties.deny[0]: is "card", which begins with none of properties, traits, context, userId, anonymousId, groupId; write a path such as "properties.email" or "traits.*""#]),
        Case::new(r#"{"webhooks": [{"url": "crm.example.com/in"}]}"#, &["webhooks[0].url: has no http:// or https:// in front; write an absolute url such as https://example.com/events"]),
        Case::new(
            r#"{"webhooks": [{"url": "https://user:canary@example.com/in"}]}"#,
            &[r#"webhooks[0].url: holds user-info before an "@"; write it without, and for basic auth the header Authorization: "Basic ${BASIC_AUTH}", with the base64 of user:password in the variable"#],
        ),
        Case::new(
            format!(r#"{{"webhooks": [{{"name": "a", {URL}}}, {{"name": "a", {URL}}}, {{"name": "a", {URL}}}]}}"#),
            &[
                r#"webhooks[1].name: is "a", the name of webhooks[0] too; write another name"#,
                r#"webhooks[2].name: is "a", the name of webhooks[0] too; write another name"#,
            ],
        ),
        Case::new(r#"{"webhooks": null}"#, &[r#"webhooks: is null; write a list of 1 to 32 webhooks, such as [{"url": "https://example.com/events"}]"#]),
        Case::new(r#"{"webhooks": [null]}"#, &["webhooks[0]: is null; write an object with keys such as \"name\", \"url\", \"cluster\""]),
    ]
}

/// Secrets that are not where they should be; none of them is shown.
fn secrets() -> Vec<Case> {
    let unset = |name: &str| {
        format!(
            "needs the environment variable {name}, which is not set; list {name} under \
                 vm_config.environment_variables.host_env_keys and export it where Envoy starts"
        )
    };
    vec![
        webhook(r#""headers": {"X-Api-Key": "${MISSING_KEY}"}"#, &[&format!("webhooks[0].headers.X-Api-Key: {}", unset("MISSING_KEY"))]),
        webhook(
            r#""headers": {"X-Api-Key": "${EMPTY}"}"#,
            &["webhooks[0].headers.X-Api-Key: needs the environment variable EMPTY, which is \
               empty; export it with a value where Envoy starts"],
        ),
        webhook(r#""signing": {"secrets": ["$SIGNING_KEY"]}"#, &["webhooks[0].signing.secrets[0]: is $SIGNING_KEY without braces; write ${SIGNING_KEY}"]),
        webhook(r#""properties": {"hash_key": "$HASH_KEY"}"#, &["webhooks[0].properties.hash_key: is $HASH_KEY without braces; write ${HASH_KEY}"]),
        root(r#""collect": {"id_key": "$HASH_KEY"}"#, &["collect.id_key: is $HASH_KEY without braces; write ${HASH_KEY}"]),
        root(r#""collect": {"id_key": "${GONE}"}"#, &[&format!("collect.id_key: {}", unset("GONE"))]),
        root(r#""sources": ["${GONE}"]"#, &[&format!("sources[0]: {}", unset("GONE"))]),
        webhook(r#""signing": "canary""#, &["webhooks[0].signing: is a string; write an object with keys such as \"secrets\", \"scheme\""]),
        webhook(r#""headers": {"Authorization": {"Bearer": "canary"}}"#, &["webhooks[0].headers.Authorization: is an object; write a string"]),
        Case::new(
            format!(r#"{{"profile": "hipaa", "collect": {{"id_key": "${{HASH_KEY}}"}}, "dead_letter": "b", "webhooks": [{{"name": "a", {URL}, "signing": {{"secrets": {SECRETS}}}}}, {{"name": "b", "url": "http://example.com/in"}}]}}"#),
            &[
                "profile: sends over https alone, and the url of webhook b is http; write an https \
                 url",
                "profile: signs its webhooks, and webhook b has no signing; write signing, or its \
                 name into allow_unsigned",
            ],
        ),
    ]
}
