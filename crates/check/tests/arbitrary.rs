//! The check ends with a report that shows no secret, whatever is in a file.

// A test says what is wrong by panicking.
#![allow(clippy::unwrap_used, clippy::string_slice)]

use freshpaint_check::{check, Report, Surroundings};
use proptest::prelude::*;
use std::fs;

const BASE: &str = include_str!("cases/base.yaml");
const CANARY: &str = "canary";

fn report(text: &str, name: &str) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    fs::write(&file, text).unwrap();
    let surroundings = Surroundings {
        environment: &|_| Some(CANARY.to_owned()),
        folder: folder.path().to_owned(),
        envoy: None,
        workers: 8,
        elsewhere: true,
    };
    check(&[file], &surroundings).unwrap()
}

/// Lines of the base, out of order and with other words among them.
fn shuffled() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        6 => (0..BASE.lines().count()).prop_map(|at| BASE.lines().nth(at).unwrap().to_owned()),
        1 => "[ \\-{}\\[\\]:,&*!|>'\"a-z0-9\u{e9}]{0,20}",
    ];
    prop::collection::vec(line, 0..80).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 256,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_cut_file_is_judged(at in 0..BASE.len(), length in 0..400_usize) {
        let end = (at + length).min(BASE.len());
        let text = format!("{}{}", &BASE[..at], &BASE[end..]);
        report(&text, "envoy.yaml");
    }

    #[test]
    fn lines_in_any_order_are_judged(text in shuffled()) {
        report(&text, "envoy.yaml");
        report(&text, "envoy.json");
    }

    #[test]
    fn no_finding_shows_a_header_or_a_url(
        value in "canary[ -~]{0,10}",
        url in "canary[ -~]{0,10}",
    ) {
        let quoted = |text: &str| text.replace('\'', "''");
        let (value, url) = (quoted(&value), quoted(&url));
        let text = BASE
            .replace("\"${CRM_KEY}\"", &format!("'{value}'"))
            .replace("https://hooks.example.com/in", &format!("'https://canary:x@{url}'"));
        for finding in report(&text, "envoy.yaml").findings {
            prop_assert!(!finding.to_string().contains(CANARY), "{finding}");
        }
    }
}

/// Each alias stands for ten of the one before.
#[test]
fn aliases_that_grow_without_end_are_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        let ten = vec![before; 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{ten}]\n"));
    }
    let report = report(&text, "envoy.yaml");
    let said: Vec<String> = report
        .findings
        .iter()
        .map(|finding| finding.message.clone())
        .collect();
    assert_eq!(
        said,
        ["nests or repeats more than Envoy takes; correct this line or the one before it"]
    );
}
