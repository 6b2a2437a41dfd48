//! Broken Envoy files, each with the whole of what is said about it.
//!
//! `cases/base.yaml` is a file with nothing wrong. A `.case` says in its first line what is broken,
//! then with which edits of that file, and under what circumstances; under `says` stands what must
//! be said, in order. `...` at the end of a line stands for the words of the module's parser, which
//! `crates/config` tests.

// A test says what is wrong by panicking.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use freshpaint_check::{check, Report, Severity, Surroundings, Version};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Stands in every place of the cases that can hold a secret.
const CANARY: &str = "canary";

struct Case {
    name: String,
    text: String,
    files: Vec<(String, String)>,
    exported: bool,
    elsewhere: bool,
    envoy: Option<Version>,
    workers: usize,
    says: Vec<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

fn cases() -> Vec<Case> {
    let base = fs::read_to_string(folder().join("base.yaml")).unwrap();
    let entries = fs::read_dir(folder()).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "case")
    });
    files.sort();
    files.iter().map(|file| read(file, &base)).collect()
}

fn read(file: &Path, base: &str) -> Case {
    let written = fs::read_to_string(file).unwrap();
    let mut case = Case {
        name: file.file_stem().unwrap().to_str().unwrap().to_owned(),
        text: base.to_owned(),
        files: Vec::new(),
        exported: true,
        elsewhere: false,
        envoy: None,
        workers: 8,
        says: Vec::new(),
    };
    let mut replaced = "";
    for section in written.split("=== ").skip(1) {
        let (title, body) = section.split_once('\n').unwrap();
        let line = body.strip_suffix('\n').unwrap_or(body);
        match title.split_once(' ').unwrap_or((title, "")) {
            ("replace", _) => replaced = line,
            ("with", _) => {
                assert_eq!(case.text.matches(replaced).count(), 1, "{}", case.name);
                case.text = case.text.replace(replaced, line);
            }
            ("file", name) => case.files.push((name.to_owned(), body.to_owned())),
            ("not", "exported") => case.exported = false,
            ("elsewhere", _) => case.elsewhere = true,
            ("workers", number) => case.workers = number.parse().unwrap(),
            ("envoy", version) => {
                let numbers: Vec<u32> = version.split('.').map(|n| n.parse().unwrap()).collect();
                case.envoy = Some(Version(numbers[0], numbers[1], numbers[2]));
            }
            ("says", _) => case.says = body.lines().map(str::to_owned).collect(),
            _ => panic!("{}: {title}", case.name),
        }
    }
    case
}

fn run(case: &Case) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    };
    write("target/freshpaint_webhooks.wasm", b"\0asm\x01\0\0\0");
    write("envoy.yaml", case.text.as_bytes());
    for (name, text) in &case.files {
        write(name, text.as_bytes());
    }
    let environment = |name: &str| {
        let is_there = name == "HOME" || name == "CRM_KEY" && case.exported;
        is_there.then(|| CANARY.to_owned())
    };
    let surroundings = Surroundings {
        environment: &environment,
        folder: folder.path().to_owned(),
        envoy: case.envoy,
        workers: case.workers,
        elsewhere: case.elsewhere,
    };
    let mut report = check(&[folder.path().join("envoy.yaml")], &surroundings).unwrap();
    let prefix = format!("{}/", folder.path().display());
    for finding in &mut report.findings {
        let file = finding.file.replace(&prefix, "");
        finding.file = file.trim_start_matches("./").to_owned();
        finding.message = finding.message.replace(&prefix, "");
    }
    report
}

/// Every case with what is said about it.
fn judged() -> &'static [(Case, Report)] {
    static JUDGED: OnceLock<Vec<(Case, Report)>> = OnceLock::new();
    JUDGED.get_or_init(|| {
        let run = |case| {
            let report = run(&case);
            (case, report)
        };
        cases().into_iter().map(run).collect()
    })
}

#[test]
fn each_file_is_judged_as_written_beside_it() {
    let cases = cases();
    assert!(cases.len() >= 60, "only {} cases", cases.len());
    for case in cases {
        let said: Vec<String> = run(&case)
            .findings
            .iter()
            .map(ToString::to_string)
            .collect();
        let is_said = |(wanted, said): (&String, &String)| match wanted.strip_suffix("...") {
            Some(start) => said.starts_with(start) && said.len() > start.len(),
            None => wanted == said,
        };
        let all = said.len() == case.says.len() && case.says.iter().zip(&said).all(is_said);
        assert!(
            all,
            "{}: said\n{}\nand not\n{}",
            case.name,
            said.join("\n"),
            case.says.join("\n")
        );
    }
}

#[test]
fn nothing_secret_is_shown() {
    for (case, report) in judged() {
        for finding in &report.findings {
            assert!(
                !finding.to_string().contains(CANARY),
                "{}: {finding}",
                case.name
            );
        }
    }
}

#[test]
fn each_line_names_a_remedy_and_a_line_of_the_file() {
    for (case, report) in judged() {
        for finding in &report.findings {
            let text = case.files.iter().find(|(name, _)| *name == finding.file);
            let text = text.map_or(&case.text, |(_, text)| text);
            let last = text.lines().count() + 1;
            assert!(
                (1..=last).contains(&finding.line),
                "{}: {finding}",
                case.name
            );
            assert!(finding.message.contains("; "), "{}: {finding}", case.name);
        }
    }
}

#[test]
fn the_base_of_the_cases_has_no_finding() {
    let base = fs::read_to_string(folder().join("base.yaml")).unwrap();
    let case = Case {
        name: "base".into(),
        text: base,
        files: Vec::new(),
        exported: true,
        elsewhere: false,
        envoy: Some(Version(1, 40, 0)),
        workers: 8,
        says: Vec::new(),
    };
    let report = run(&case);
    assert_eq!(report.findings, []);
    assert_eq!(report.uses, 1);
}

/// The files that the project ships pass its own check, with every variable set and without any.
#[test]
fn shipped_files_are_clean() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let repository = here.ancestors().nth(2).unwrap();
    let mut files = Vec::new();
    for folder in ["envoy", "deploy"] {
        yaml_below(&repository.join(folder), &mut files);
    }
    let mut users = Vec::new();
    for file in &files {
        for value in [None, Some(CANARY.to_owned())] {
            let surroundings = Surroundings {
                environment: &|_| value.clone(),
                folder: repository.to_owned(),
                envoy: Some(Version(1, 40, 0)),
                workers: 8,
                elsewhere: true,
            };
            let report = check(std::slice::from_ref(file), &surroundings).unwrap();
            assert_eq!(report.findings, [], "{}", file.display());
            if report.uses > 0 {
                users.push(file);
            }
        }
    }
    assert!(users.len() >= 6, "{users:?}");
}

fn yaml_below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            yaml_below(&path, files);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            files.push(path);
        }
    }
}

#[test]
fn warnings_alone_are_no_error() {
    for (case, report) in judged() {
        let mut severities = report.findings.iter().map(|finding| finding.severity);
        let has_error = severities.any(|severity| severity == Severity::Error);
        assert_eq!(report.has_errors(), has_error, "{}", case.name);
    }
}
