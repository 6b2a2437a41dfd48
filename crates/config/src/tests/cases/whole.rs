//! The configuration as a whole, and what its root holds.

use super::{keys, root, Case};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new(
            "",
            &[r#"is empty; write at least {"webhooks": [{"url": "https://example.com/events"}]}"#],
        ),
        Case::new(
            "{\n  \"webhooks\": [\n    {\"url\" \"https://example.com\"}\n  ]\n}",
            &[
                "is not JSON: expected `:` at line 3 column 12; write one JSON object in \
               google.protobuf.StringValue, or YAML in google.protobuf.Struct",
            ],
        ),
        Case::new(
            "\nwebhooks:\n- url: https://example.com",
            &[
                "is not JSON: expected value at line 2 column 1; write one JSON object in \
               google.protobuf.StringValue, or YAML in google.protobuf.Struct",
            ],
        ),
        Case::new(
            "\n\u{12}",
            &[
                "is neither JSON text nor a google.protobuf.Struct; write YAML in \
               google.protobuf.Struct, or one JSON object in google.protobuf.StringValue",
            ],
        ),
        Case::new("[]", &["is a list; write an object with keys such as \"webhooks\", \"cluster\", \"guarantee\""]),
        Case::new(
            "{}",
            &[
                r#"webhooks: is missing; write a list of 1 to 32 webhooks, such as [{"url": "https://example.com/events"}]"#,
            ],
        ),
        root(
            r#""Option": {}"#,
            &[r#"Option: is not a known key; write "options""#],
        ),
        root(
            r#""forward_to": 1"#,
            &[&keys("forward_to", crate::root::KEYS)],
        ),
        root(
            r#""a\nb c": 1"#,
            &[&keys(r#"["a\nb c"]"#, crate::root::KEYS)],
        ),
        root(
            r#""cluster": "a", "cluster": "b""#,
            &["cluster: is given twice; write it once"],
        ),
        root(
            r#""cluster": """#,
            &["cluster: is empty; write the name of an Envoy cluster, or leave the key out"],
        ),
        root(
            r#""cluster": null"#,
            &["cluster: is null; write the name of an Envoy cluster"],
        ),
        root(
            r#""options": true"#,
            &["options: is a boolean; write an object with keys such as \"enable_identify_events\", \"enable_pageview_events\""],
        ),
        root(
            r#""options": {"enable_pageview_event": true}"#,
            &[
                r#"options.enable_pageview_event: is not a known key; write "enable_pageview_events""#,
            ],
        ),
        root(
            r#""options": {"enable_identify_events": "yes"}"#,
            &["options.enable_identify_events: is a string; write true or false"],
        ),
        root(
            r#""acknowledge": "settle""#,
            &[r#"acknowledge: is "settle"; write one of "first_acceptance", "settled""#],
        ),
        root(
            r#""acknowledge": {}"#,
            &[r#"acknowledge: is an object; write one of "first_acceptance", "settled""#],
        ),
        root(
            r#""guarantee": "all""#,
            &[r#"guarantee: is "all"; write one of "at_least_one", "each""#],
        ),
        root(
            r#""timestamps": "ms""#,
            &[r#"timestamps: is "ms"; write one of "seconds", "milliseconds""#],
        ),
        root(
            r#""dead_letter": true"#,
            &["dead_letter: is a boolean; write the name of a webhook"],
        ),
        root(
            r#""dead_letter": "dlq""#,
            &[
                r#"dead_letter: is "dlq", and no webhook has that name; write the name of a webhook"#,
            ],
        ),
        root(
            r#""dead_letter": "webhook_0""#,
            &[
                r#"dead_letter: is "webhook_0", the name that webhooks[0] has by default; write a name of its own there and here"#,
            ],
        ),
        Case::new(
            r#"{"dead_letter": "a", "webhooks": [{"name": "a", "url": "https://example.com/in"}]}"#,
            &[
                r#"dead_letter: is "a", the only webhook, and a dead letter gets no other events; write a second webhook"#,
            ],
        ),
        Case::new(
            r#"{"dead_letter": "a", "webhooks": [{"url": "ftp://a"}, {"name": "a", "url": "a"}]}"#,
            &[
                "webhooks[0].url: is neither http nor https; write an absolute url such as \
                 https://example.com/events",
                "webhooks[1].url: has no http:// or https:// in front; write an absolute url such as \
                 https://example.com/events",
            ],
        ),
    ]
}
