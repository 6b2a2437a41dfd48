//! Every command in the README, run as a reader would: in order, from the root of the repository.
//!
//! A fence marked `sh` holds commands. What stands in a `text` fence after `curl` is its answer, or is shown by the
//! `make run` that is under way.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod session;

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
                for command in fence.text.lines() {
                    commands += 1;
                    session.run(command);
                }
            }
            "text" => session.expect(fence.text.trim_end()),
            "mermaid" => {}
            other => panic!("a fence of the README is marked {other:?}; mark commands `sh`"),
        }
    }
    session.interrupt();
    assert_eq!(commands, 6, "commands of the README");
}

#[test]
fn every_link_to_a_file_leads_somewhere() {
    for page in [
        "README.md",
        "docs/configuration.md",
        "docs/design.md",
        "docs/operations.md",
    ] {
        let file = repository().join(page);
        let text = fs::read_to_string(&file).unwrap();
        let targets = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.contains("://") && !target.starts_with('#')) {
            let path = target.split('#').next().unwrap_or_default();
            assert!(
                file.with_file_name(path).exists(),
                "{page} links to {target}"
            );
        }
    }
}

struct Fence<'t> {
    language: &'t str,
    text: &'t str,
}

fn fences(markdown: &str) -> impl Iterator<Item = Fence<'_>> {
    let parts = markdown.split("```").skip(1).step_by(2);
    parts.map(|part| {
        let (language, text) = part.split_once('\n').unwrap();
        Fence { language, text }
    })
}
