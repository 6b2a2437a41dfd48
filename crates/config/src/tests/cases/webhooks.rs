//! The list of webhooks, and a webhook's own members.

use super::{keys, webhook, Case, URL};

pub(super) fn cases() -> Vec<Case> {
    let many = vec![format!("{{{URL}}}"); 33].join(", ");
    vec![
        Case::new(r#"{"webhooks": []}"#, &[r#"webhooks: is empty; write a list of 1 to 32 webhooks, such as [{"url": "https://example.com/events"}]"#]),
        Case::new(format!(r#"{{"webhooks": [{many}]}}"#), &["webhooks: has 33 webhooks; write at most 32"]),
        Case::new(
            r#"{"webhooks": {"url": "https://example.com/in"}}"#,
            &[r#"webhooks: is an object; write a list of 1 to 32 webhooks, such as [{"url": "https://example.com/events"}]"#]
        ),
        Case::new(r#"{"webhooks": ["https://example.com/in"]}"#, &["webhooks[0]: is a string; write an object"]),
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
            r#""cluster": "a\u0000b""#,
            &["webhooks[0].cluster: has control characters or over 1024 bytes; write the name of an Envoy cluster"]
        ),
        webhook(
            r#""options": {"enable_identify_events": 1}"#,
            &["webhooks[0].options.enable_identify_events: is a number; write true or false"]
        ),
        webhook(r#""guarantee": 1"#, &[r#"webhooks[0].guarantee: is a number; write one of "at_least_one", "each""#]),
    ]
}
