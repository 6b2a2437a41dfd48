//! The cost of signing and redaction for one event.

use std::hint::black_box;

use freshpaint_core::clock::UnixSeconds;
use freshpaint_core::config::Config;
use freshpaint_core::signing::WebhookId;

use super::Case;

pub fn cases() -> Vec<Case> {
    let mut cases = vec![Case::new("rules", "webhook-id", 1, || {
        || {
            black_box(WebhookId::of(
                None,
                [
                    black_box("6f1d2c3b-env"),
                    "track",
                    "Signed Up",
                    "d-1",
                    "ada@example.com",
                    "iI5pcrFfZHTuAfEu1DZ6Mg==",
                ],
            ));
        }
    })];
    for (name, signing) in [
        (
            "sign, standard_webhooks",
            r#""secrets": ["${SIGNING_KEY}"]"#,
        ),
        (
            "sign, x_signature_sha1",
            r#""scheme": "x_signature_sha1", "secrets": ["${SHARED}"]"#,
        ),
    ] {
        cases.push(Case::new("rules", name, 1, move || {
            let payload = payload();
            let config = config(&format!(r#""signing": {{{signing}}}"#));
            let id = WebhookId::of(None, ["source", "message"]);
            move || {
                let signing = config.webhooks[0].signing.as_ref().unwrap();
                black_box(signing.headers(id, UnixSeconds(1_672_262_210), black_box(&payload)));
            }
        }));
    }
    for (name, properties) in [
        ("deny one path", r#""deny": ["properties.property_3"]"#),
        ("mask one path", r#""mask": ["userId"]"#),
        (
            "hash one path",
            r#""hash": ["userId"], "hash_key": "${HASH_KEY}""#,
        ),
        (
            "allow three paths",
            r#""allow": ["properties.property_1", "properties.property_2", "context.page.title"]"#,
        ),
    ] {
        cases.push(Case::new("rules", name, 1, move || {
            let payload = payload();
            let config = config(&format!(r#""properties": {{{properties}}}"#));
            let rules = config.webhooks[0].rules.as_deref().unwrap();
            let redaction = rules.redaction.clone().unwrap();
            move || {
                black_box(redaction.apply(black_box(&payload)));
            }
        }));
    }
    cases
}

/// An event of 1,009 bytes with ten properties.
fn payload() -> Vec<u8> {
    let properties: Vec<_> = (0..10)
        .map(|n| format!(r#""property_{n}":"{}""#, "value ".repeat(8)))
        .collect();
    format!(
        r#"{{"event":"Order Completed","type":"track","timestamp":"2022-12-28T21:16:50Z","messageId":"iI5pcrFfZHTuAfEu1DZ6Mg==","anonymousId":"1855a980cb1529-066ed15036156b","userId":"hello@example.com","context":{{"page":{{"url":"https://example.com/","title":"Home Page","path":"/"}},"library":{{"name":"freshpaint.js"}}}},"properties":{{{}}}}}"#,
        properties.join(",")
    )
    .into_bytes()
}

fn config(members: &str) -> Config {
    let environment = |name: &str| match name {
        "SIGNING_KEY" => Some(format!("whsec_{}", "c2VjcmV0".repeat(4))),
        "SHARED" => Some("a shared secret".to_owned()),
        "HASH_KEY" => Some("k".repeat(32)),
        _ => None,
    };
    let text = format!(r#"{{"webhooks": [{{"url": "https://example.com/in", {members}}}]}}"#);
    freshpaint_config::parse(text.as_bytes(), &environment).unwrap()
}
