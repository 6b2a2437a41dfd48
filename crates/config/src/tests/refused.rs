//! One case for each thing that can be wrong, with the whole of what is said about it.

use super::cases::{Case, Schema};
use super::{lines, parse, schema};

#[test]
fn each_problem_says_where_what_and_what_instead() {
    for Case { written, said, .. } in Case::all() {
        let found = parse(&written)
            .map(|_| Vec::new())
            .unwrap_or_else(|problems| lines(&problems));
        assert_eq!(found, said, "{written}");
    }
}

#[test]
fn the_schema_refuses_what_it_can_see() {
    let schema = jsonschema::validator_for(&schema()).unwrap();
    for Case {
        written,
        schema: sees,
        ..
    } in Case::all()
    {
        let Ok(value) = serde_json::from_str(&written) else {
            continue;
        };
        assert_eq!(schema.is_valid(&value), sees == Schema::Blind, "{written}");
    }
}

#[test]
fn all_problems_are_reported_in_one_go() {
    let written = r#"{
      "webhooks": [{"url": "ftp://example.com", "timeout": "6s"}, {"name": "A", "header": {}}],
      "acknowledge": "later",
      "limits": {"max_events": 0}
    }"#;
    assert_eq!(
        lines(&parse(written).unwrap_err()),
        [
            "webhooks[1].header: is not a known key; write \"headers\"",
            "webhooks[1].name: is \"A\"; write 1 to 40 of the characters a-z, 0-9 and _",
            "webhooks[0].url: is neither http nor https; write an absolute url such as https://example.com/events",
            "webhooks[0].timeout: is \"6s\"; write seconds from \"0.001s\" to \"5s\" (default \"5s\"), such as \"5s\"",
            "webhooks[1].url: is missing; write an absolute url such as \"https://example.com/events\"",
            "acknowledge: is \"later\"; write one of \"first_acceptance\", \"settled\"",
            "limits.max_events: is 0; write a whole number from 1 to 100000 (default 2500)",
        ]
    );
}

#[test]
fn nothing_secret_is_shown() {
    let written = r#"{"webhooks": [
      {"url": "https://canary:canary@example.com/"},
      {"url": "https://example.com/?canary#canary"},
      {"url": "https://example.com:canary/"},
      {"url": "https://example.com/ canary"},
      {"url": "https://example.com/%-canary"},
      {"url": "canary"},
      {"url": "https://example.com/", "headers": {
        "A": "canary\n", "B": "${TWO_LINES}", "C": "${canary", "D": ["canary"], "E": "${LONG}", "X-Key": "canary"
      }}
    ]}"#;
    let problems = lines(&parse(written).unwrap_err());
    assert_eq!(problems.len(), 11, "{problems:#?}");
    for line in problems {
        assert!(!line.contains("canary"), "{line}");
    }
}
