//! The check says of every configuration of the module what the module itself says.

use super::{judge, BASE};
use freshpaint_check::Severity;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Each takes Envoy a second or two.
const CASES: u32 = 12;

/// Scalars that readers of YAML take in different ways.
const SCALARS: [&str; 40] = [
    "0.1",
    "1.0",
    ".5",
    "1",
    "0",
    "-7",
    "010",
    "08",
    "0x1F",
    "0o17",
    "+5",
    "1_000",
    "1e3",
    "3000000000",
    "-3000000000",
    "0xffffffffff",
    "9223372036854775808",
    ".inf",
    ".nan",
    "true",
    "False",
    "tRUE",
    "yes",
    "No",
    "on",
    "OFF",
    "y",
    "N",
    "null",
    "Null",
    "~",
    "\"5\"",
    "'true'",
    "\"\"",
    "!!str 5",
    "!!int \"5\"",
    "2027-01-31",
    "canary",
    "\"${CRM_KEY}\"",
    "\"a\\tb\"",
];

/// Keys that the module knows, and some that it does not.
const KEYS: [&str; 30] = [
    "name",
    "url",
    "cluster",
    "headers",
    "timeout",
    "signing",
    "options",
    "events",
    "sample",
    "sources",
    "properties",
    "honor",
    "requires_consent",
    "limits",
    "retry",
    "dedupe",
    "collect",
    "profile",
    "acknowledge",
    "max_events",
    "window",
    "slots",
    "types",
    "allow",
    "secrets",
    "enable_identify_events",
    "dialects",
    "context",
    "unknown",
    "\"a b\"",
];

/// YAML on one line.
fn value() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        8 => prop::sample::select(&SCALARS[..]).prop_map(str::to_owned),
        1 => "[a-z0-9_.:/-]{1,12}".prop_map(|text| format!("'{text}'")),
        // No dash in front: alone it is no YAML, which yaml-cpp takes all the same.
        1 => "[a-zA-Z0-9.+][a-zA-Z0-9.+-]{0,5}",
    ];
    scalar.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5)
                .prop_map(|items| format!("[{}]", items.join(", "))),
            object(inner),
        ]
    })
}

fn object(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let member = (prop::sample::select(&KEYS[..]), value);
    prop::collection::vec(member, 0..6).prop_map(|members| {
        let members = members.iter().map(|(key, value)| format!("{key}: {value}"));
        format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
    })
}

/// Mostly a list of webhooks, each with a url, so that the parser comes far.
fn configuration() -> impl Strategy<Value = String> {
    let webhook = object(value()).prop_map(|object| {
        let members = object.trim_start_matches('{').to_owned();
        let comma = if members == "}" { "" } else { ", " };
        format!("{{url: \"https://example.com/in\"{comma}{members}")
    });
    let webhooks = prop::collection::vec(webhook, 1..6);
    (
        webhooks,
        prop::collection::vec((prop::sample::select(&KEYS[..]), value()), 0..6),
    )
        .prop_map(|(webhooks, members)| {
            let mut lines = vec!["webhooks:".to_owned()];
            lines.extend(webhooks.iter().map(|webhook| format!("- {webhook}")));
            lines.extend(members.iter().map(|(key, value)| format!("{key}: {value}")));
            lines.join("\n                    ")
        })
}

/// The base with another configuration of the module.
fn with(configuration: &str) -> String {
    let (before, rest) = BASE.split_once("                    webhooks:\n").unwrap();
    let (_, after) = rest
        .split_once("          - name: envoy.filters.http.router\n")
        .unwrap();
    let router = "          - name: envoy.filters.http.router";
    format!("{before}                    {configuration}\n{router}\n{after}")
}

#[test]
fn the_check_says_what_the_module_says() {
    let config = Config {
        cases: CASES,
        max_shrink_iters: 20,
        failure_persistence: None,
        ..Config::default()
    };
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, random);
    let outcome = runner.run(&configuration(), |configuration| {
        let judged = judge(&with(&configuration));
        prop_assert!(
            judged.has_a_verdict(),
            "{configuration}\n{}",
            judged.envoy.output
        );
        let of_the_module = judged.report.findings.iter().filter(|finding| {
            let is_ours = [
                "goes to the cluster",
                "is given twice, of which Envoy",
                "is https",
                "leads to",
            ];
            finding.severity == Severity::Error
                && !finding.path.contains("http_filters[")
                && !is_ours
                    .iter()
                    .any(|start| finding.message.starts_with(start))
        });
        let mut said: Vec<String> = of_the_module
            .map(|finding| {
                let path = finding.path.trim_start_matches("configuration");
                let colon = if path.is_empty() { "" } else { ": " };
                format!("{path}{colon}{}", finding.message)
            })
            .collect();
        said.sort();
        prop_assert_eq!(said, judged.said_by_the_module(), "{}", configuration);
        Ok(())
    });
    outcome.unwrap();
}
