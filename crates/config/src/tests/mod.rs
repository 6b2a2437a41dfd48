//! The configuration as a whole: what it reads, what it refuses, and that its documentation tells
//! the truth.

mod accepted;
mod advice;
mod cases;
mod front;
mod manual;
mod monitor;
mod property;
mod published;
mod refused;
mod structpb;
mod written;

use freshpaint_core::config::{Config, Diagnostic};

/// The environment of the tests.
fn environment(name: &str) -> Option<String> {
    match name {
        "CRM_KEY" => Some("canary-k3y".into()),
        "SIGNING_KEY" => Some("whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5".into()),
        "HASH_KEY" => Some("canary".repeat(6)),
        "HOOK_PATH" => Some("canary/path".into()),
        "EMPTY" => Some(String::new()),
        "TWO_LINES" => Some("canary\nline".into()),
        "LONG" => Some("canary".repeat(2_000)),
        _ => None,
    }
}

fn parse(bytes: impl AsRef<[u8]>) -> Result<Config, Vec<Diagnostic>> {
    crate::parse(bytes.as_ref(), &environment)
}

/// One log line for each problem.
fn lines(problems: &[Diagnostic]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

/// The schema that is published beside the manual.
fn schema() -> serde_json::Value {
    let text = include_str!("../../../../docs/configuration.schema.json");
    serde_json::from_str(text).unwrap()
}
