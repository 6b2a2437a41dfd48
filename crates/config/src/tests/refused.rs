//! One case for each thing that can be wrong, with the whole of what is said about it.

use super::cases::Case;
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

/// Configurations that the parser refuses and the schema cannot: words of the message, and the
/// reason.
const BEYOND_A_SCHEMA: &[(&str, &str)] = &[
    ("is given twice", "JSON parsers keep one of two equal keys"),
    ("in other letter case", "keys are compared with each other"),
    (
        "the name of webhooks[",
        "names are compared with each other",
    ),
    ("has by default", "names are compared with each other"),
    (
        "no webhook has that name",
        "names are compared with each other",
    ),
    (
        "write signing, or its name",
        "names are compared with each other",
    ),
    (
        "is on the dead letter webhook",
        "names are compared with each other",
    ),
    ("headers has too", "headers and signing are compared"),
    (
        "the trace that observe.trace sends",
        "headers and observe are compared",
    ),
    (
        "less than retry.initial_backoff",
        "two durations are compared",
    ),
    ("bytes in all", "lengths are added up"),
    ("RFC 3339", "the days of a month are counted"),
    (
        "invalid IPv4 address",
        "only the url parser knows every form of an address",
    ),
    (
        "invalid international domain name",
        "only the url parser knows every rule of names",
    ),
    (
        "write scheme://host",
        "only the url parser knows ports and addresses",
    ),
];

#[test]
fn the_schema_refuses_what_it_can_see() {
    let schema = jsonschema::validator_for(&schema()).unwrap();
    let mut unexplained = Vec::new();
    for Case { written, said } in Case::all() {
        let Ok(value) = serde_json::from_str(&written) else {
            continue;
        };
        if schema.is_valid(&value) && !written.contains("${") {
            let is_reason =
                |(words, _): &&(&str, &str)| said.iter().any(|line| line.contains(words));
            if !BEYOND_A_SCHEMA.iter().any(|reason| is_reason(&reason)) {
                unexplained.push(said);
            }
        }
    }
    assert!(unexplained.is_empty(), "{unexplained:#?}");
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
            "webhooks[0].url: is neither http nor https; write an absolute url such as \
             https://example.com/events",
            "webhooks[0].timeout: is \"6s\"; write seconds from \"0.001s\" to \"5s\" (default \
             \"5s\"), such as \"5s\"",
            "webhooks[1].url: is missing; write an absolute url such as \
             \"https://example.com/events\"",
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
