//! The program itself: each command of docs/checking.md, and its exit codes.

// A test says what is wrong by panicking.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::path::Path;
use std::process::{Command, Output};

const PAGE: &str = include_str!("../../../docs/checking.md");

/// Runs the program in the root of the repository, with nothing in its environment.
fn run(arguments: &[&str]) -> Output {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    Command::new(env!("CARGO_BIN_EXE_freshpaint-check"))
        .args(arguments)
        .current_dir(here.ancestors().nth(2).unwrap())
        .env_clear()
        .env("CRM_KEY", "canary")
        .output()
        .unwrap()
}

#[test]
fn each_command_of_the_page_runs() {
    let blocks = PAGE.split("```sh\n").skip(1);
    let commands: Vec<&str> = blocks
        .flat_map(|block| block.split("```").next().unwrap().lines())
        .collect();
    assert_eq!(commands.len(), 5);
    for command in commands {
        let arguments = command
            .strip_prefix("make check-config FILE=")
            .or_else(|| command.strip_prefix("scripts/check-config "));
        let arguments: Vec<&str> = arguments.expect(command).split(' ').collect();
        let output = run(&arguments);
        let said = String::from_utf8(output.stdout).unwrap();
        // The module is not built everywhere that this test runs.
        let others: Vec<&str> = said
            .lines()
            .filter(|line| !line.contains("make build"))
            .collect();
        if arguments == ["--help"] {
            assert!(said.starts_with("usage: check-config "), "{said}");
        } else {
            assert_eq!(others, [""; 0], "{command}");
        }
        assert_ne!(output.status.code(), Some(2), "{command}");
    }
}

#[test]
fn files_that_cannot_be_checked_end_with_2() {
    for arguments in [
        &[][..],
        &["nowhere.yaml"],
        &["--wrong"],
        &["crates/check/src/rules"],
        &["docs/configuration.schema.json"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with("check-config: "), "{said}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn errors_end_with_1_and_stand_on_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("envoy.yaml");
    std::fs::write(&file, "admin: {\n").unwrap();
    let output = run(&[file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("envoy.yaml:"), "{said}");
    assert!(output.stderr.is_empty());
}
