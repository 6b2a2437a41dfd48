//! The list of webhooks, and a webhook's own members.

use super::{keys, webhook, Case, URL};
use freshpaint_core::config::Batch;

pub(super) fn cases() -> Vec<Case> {
    let many = vec![format!("{{{URL}}}"); 33].join(", ");
    vec![
        Case::new(r#"{"webhooks": []}"#, &[r#"webhooks: is empty; write a list of 1 to 32 webhooks, such as [{"url": "https://example.com/events"}]"#]),
        Case::new(format!(r#"{{"webhooks": [{many}]}}"#), &["webhooks: has 33 webhooks; write at most 32"]),
        Case::new(
            r#"{"webhooks": {"url": "https://example.com/in"}}"#,
            &[r#"webhooks: is an object; write a list of 1 to 32 webhooks, such as [{"url": "https://example.com/events"}]"#]
        ),
        Case::new(r#"{"webhooks": ["https://example.com/in"]}"#, &["webhooks[0]: is a string; write an object with keys such as \"name\", \"url\", \"cluster\""]),
        webhook(r#""retries": 3"#, &[&keys("webhooks[0].retries", crate::webhook::KEYS)]),
        webhook(r#""name": """#, &[r#"webhooks[0].name: is ""; write 1 to 40 of the characters a-z, 0-9 and _"#]),
        webhook(r#""name": "my-crm""#, &[r#"webhooks[0].name: is "my-crm"; write 1 to 40 of the characters a-z, 0-9 and _"#]),
        webhook(
            r#""name": "a0123456789012345678901234567890123456789""#,
            &[r#"webhooks[0].name: is "a012345678901234567890123456789012345678..."; write 1 to 40 of the characters a-z, 0-9 and _"#]
        ),
        webhook(r#""name": 5"#, &["webhooks[0].name: is a number; write 1 to 40 of the characters a-z, 0-9 and _"]),
        Case::new(
            format!(r#"{{"webhooks": [{{"name": "crm", {URL}}}, {{"name": "crm", {URL}}}]}}"#),
            &[r#"webhooks[1].name: is "crm", the name of webhooks[0] too; write another name"#]
        ),
        Case::new(
            format!(r#"{{"webhooks": [{{"name": "webhook_1", {URL}}}, {{{URL}}}]}}"#),
            &[r#"webhooks[0].name: is "webhook_1", the name that webhooks[1] has by default; write another name, or name that one too"#]
        ),
        webhook(r#""cluster": " ""#, &["webhooks[0].cluster: is empty; write the name of an Envoy cluster, or leave the key out"]),
        webhook(
            r#""cluster": "${CRM_KEY}""#,
            &[r#"webhooks[0].cluster: has a "${", which is not replaced here; write the cluster's name"#]
        ),
        webhook(
            r#""cluster": "a\u0000b""#,
            &["webhooks[0].cluster: has control characters or over 1024 bytes; write the name of an Envoy cluster"]
        ),
        webhook(
            r#""options": {"enable_identify_events": 1}"#,
            &["webhooks[0].options.enable_identify_events: is a number; write true or false"]
        ),
        webhook(r#""batch": true"#, &["webhooks[0].batch: is a boolean; write an object with keys such as \"format\", \"max_events\", \"max_bytes\""]),
        webhook(
            r#""batch": {"format": "csv"}"#,
            &[r#"webhooks[0].batch.format: is "csv"; write one of "json_array", "ndjson""#]
        ),
        webhook(
            r#""batch": {"max_events": 0, "max_bytes": 1023, "max_wait": "6s"}"#,
            &[
                "webhooks[0].batch.max_events: is 0; write a whole number from 1 to 1000 (default 100)",
                "webhooks[0].batch.max_bytes: is 1023; write a whole number from 1024 to 8388608 (default 524288)",
                r#"webhooks[0].batch.max_wait: is "6s"; write seconds from "0s" to "5s" (default "0s"), such as "0s""#,
            ]
        ),
        webhook(r#""batch": {"size": 5}"#, &[&keys("webhooks[0].batch.size", Batch::KEYS)]),
        webhook(
            r#""max_wait": "1s""#,
            &["webhooks[0].max_wait: is not a known key here; write batch: {max_wait: ...}"]
        ),
        Case::new(
            format!(r#"{{"dead_letter": "b", "webhooks": [{{{URL}}}, {{"name": "b", "batch": {{}}, {URL}}}]}}"#),
            &["webhooks[1].batch: is on the dead letter webhook, which gets one event in each call; leave it out"]
        ),
        webhook(r#""guarantee": 1"#, &[r#"webhooks[0].guarantee: is a number; write one of "at_least_one", "each""#]),
    ]
}
