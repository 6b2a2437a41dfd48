//! Files that are damaged at random: Envoy and the check end with a verdict, and agree on what is
//! YAML.

use super::{judge, BASE};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Most of them end at once, where Envoy reads the file.
const CASES: u32 = 30;

const PIECES: [&str; 14] = [
    "}",
    "{",
    "]",
    "[",
    ": ",
    "- ",
    "\n",
    "\"",
    "'",
    "&a ",
    "*egress_dns",
    "#",
    "---\n",
    "\u{e9}",
];

/// A change of the file at some byte.
#[derive(Clone, Debug)]
enum Change {
    Insert(usize, &'static str),
    Remove(usize, usize),
    Repeat(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let at = 0..BASE.len();
    prop_oneof![
        (at.clone(), prop::sample::select(&PIECES[..]))
            .prop_map(|(at, piece)| Change::Insert(at, piece)),
        (at.clone(), 1..40_usize).prop_map(|(at, length)| Change::Remove(at, length)),
        (at, 1..200_usize).prop_map(|(at, length)| Change::Repeat(at, length)),
    ]
}

impl Change {
    fn apply(&self, text: &mut String) {
        let part = |at: usize, length: usize, text: &str| {
            let end = (at + length).min(text.len());
            at.min(end)..end
        };
        match *self {
            Self::Insert(at, piece) => text.insert_str(at.min(text.len()), piece),
            Self::Remove(at, length) => text.replace_range(part(at, length, text), ""),
            Self::Repeat(at, length) => {
                let part = part(at, length, text);
                let repeated = text[part.clone()].to_owned();
                text.insert_str(part.end, &repeated);
            }
        }
    }
}

#[test]
fn every_file_gets_a_verdict() {
    let config = Config {
        cases: CASES,
        max_shrink_iters: 20,
        failure_persistence: None,
        ..Config::default()
    };
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, random);
    runner
        .run(&change(), |change| {
            let mut text = BASE.to_owned();
            change.apply(&mut text);
            let judged = judge(&text);
            prop_assert!(
                judged.has_a_verdict(),
                "{change:?}\n{}",
                judged.envoy.output
            );
            let is_no_yaml = judged
                .report
                .findings
                .iter()
                .any(|f| f.message.starts_with("is not YAML"));
            prop_assert!(
                !(judged.envoy.accepted && is_no_yaml),
                "{change:?}: {:?}",
                judged.report
            );
            let envoy_cannot_read_it = judged.envoy.output.contains("yaml-cpp: error");
            prop_assert!(
                !envoy_cannot_read_it || judged.report.has_errors(),
                "{change:?}: {}",
                judged.envoy.output
            );
            Ok(())
        })
        .unwrap();
}
