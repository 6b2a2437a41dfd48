//! The docker-compose harness, where a Docker engine already has its images; skipped with a word
//! elsewhere.
//!
//! `tests/compose/run.sh` by itself pulls and builds what is missing.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::process::Command;

#[test]
fn delivers_to_both_webhooks() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/compose/run.sh");
    let output = Command::new(script).arg("--local").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        said.starts_with("skipped: ")
            || said.ends_with("crm got the event\nwarehouse got the event\n"),
        "{said}"
    );
}
