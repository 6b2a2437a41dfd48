//! The check of Envoy files, held against a real Envoy that reads the same files.

// A test says what is wrong by panicking.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod files;
mod written;

use freshpaint_check::{check, Report, Surroundings};
use freshpaint_harness::envoy::{module, Verdict};
use freshpaint_harness::Envoy;
use std::collections::BTreeMap;
use std::fs;
use tempfile::TempDir;

/// The value of every secret.
const CANARY: &str = "canary";

/// A file with nothing wrong in it.
const BASE: &str = include_str!("../../crates/check/tests/cases/base.yaml");

/// The verdicts of Envoy and of the check on one file.
struct Judged {
    envoy: Verdict,
    report: Report,
}

impl Judged {
    /// The module's own lines, without what Envoy writes around them.
    fn said_by_the_module(&self) -> Vec<String> {
        let lines = self.envoy.output.lines();
        let said = lines.filter_map(|line| {
            let (_, said) = line.split_once("wasm log")?;
            let (_, problem) = said.split_once(": configuration: ")?;
            Some(problem.to_owned())
        });
        let mut said: Vec<String> = said.collect();
        said.sort();
        said
    }

    /// Envoy ended by itself, with a verdict.
    fn has_a_verdict(&self) -> bool {
        self.envoy.accepted
            || self
                .envoy
                .output
                .contains("error initializing configuration")
    }
}

fn judge(text: &str) -> Judged {
    let folder: TempDir = tempfile::tempdir().unwrap();
    let module = module().unwrap().display().to_string();
    let text = text.replace("target/freshpaint_webhooks.wasm", &module);
    let file = folder.path().join("envoy.yaml");
    fs::write(&file, text).unwrap();
    let environment = BTreeMap::from([("CRM_KEY", CANARY)]);
    let envoy = Envoy::validate_file(&file, folder.path(), &environment).unwrap();
    let surroundings = Surroundings {
        environment: &|name| (name == "CRM_KEY").then(|| CANARY.to_owned()),
        folder: folder.path().to_owned(),
        envoy: None,
        workers: 8,
        elsewhere: false,
    };
    let report = check(&[file], &surroundings).unwrap();
    Judged { envoy, report }
}
