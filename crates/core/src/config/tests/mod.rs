//! The configuration as a whole: what it reads, what it refuses, and that its documentation tells the truth.

mod accepted;

use super::{Config, Problem};

/// The environment of the tests.
fn environment(name: &str) -> Option<String> {
    match name {
        "CRM_KEY" => Some("canary-k3y".into()),
        "HOOK_PATH" => Some("canary/path".into()),
        "EMPTY" => Some(String::new()),
        "TWO_LINES" => Some("canary\nline".into()),
        "LONG" => Some("canary".repeat(2_000)),
        _ => None,
    }
}

fn parse(bytes: impl AsRef<[u8]>) -> Result<Config, Vec<Problem>> {
    Config::parse(bytes.as_ref(), &environment)
}

/// One log line for each problem.
fn lines(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}
