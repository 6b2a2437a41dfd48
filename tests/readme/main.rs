//! Every command in the README, run as a reader would: in order, from the root of the repository.
//!
//! A fence marked `sh` holds commands, one a line; a loop is one command. A `text` fence after
//! `curl` is the answer, or is shown by the `make run` that is under way.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod links;
mod receiver;
mod session;

use freshpaint_harness::markdown::fences;
use freshpaint_harness::shipped::repository;
use session::Session;
use std::fs;

#[test]
fn every_command_does_what_the_readme_says() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let mut session = Session::default();
    let mut commands = 0;
    for fence in fences(&readme) {
        match fence.language {
            "sh" => {
                for command in shell_commands(fence.text) {
                    commands += 1;
                    session.run(&command);
                }
            }
            "text" => session.expect(fence.text.trim_end()),
            // tests/shipped/blocks.rs loads the YAML.
            "yaml" | "mermaid" => {}
            other => panic!("a fence of the README is marked {other:?}; mark commands `sh`"),
        }
    }
    session.interrupt();
    assert_eq!(commands, 9, "commands of the README");
}

/// The commands of a fence: its lines without comments, where a loop ends with `done`.
fn shell_commands(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut open = String::new();
    for line in text.lines() {
        open += line;
        if line.starts_with("while ") || (line.starts_with(' ') && !open.is_empty()) {
            open.push('\n');
        } else {
            commands.push(std::mem::take(&mut open));
        }
    }
    assert_eq!(open, "", "a loop without its end");
    commands
}
