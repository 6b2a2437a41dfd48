//! The configuration as a whole: what it reads, what it refuses, and that its documentation tells the truth.

mod accepted;
mod cases;
mod manual;
mod property;
mod refused;
mod schema;
mod structpb;

use super::bound::{Count, Span};
use super::{limits, webhook};
use freshpaint_core::config::{Config, Problem};

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

fn parse(bytes: impl AsRef<[u8]>) -> Result<Config, Vec<Problem>> {
    crate::parse(bytes.as_ref(), &environment)
}

/// One log line for each problem.
fn lines(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

/// The schema that is published beside the manual.
fn schema() -> serde_json::Value {
    let text = include_str!("../../../../docs/configuration.schema.json");
    serde_json::from_str(text).unwrap()
}

/// Every whole number of the configuration, with the object that it is a member of.
fn counts() -> [(&'static str, Count); 8] {
    [
        ("limits", limits::MAX_BODY_BYTES),
        ("limits", limits::MAX_DECODED_BYTES),
        ("limits", limits::MAX_EVENTS),
        ("limits", limits::MAX_IN_FLIGHT_PER_WEBHOOK),
        ("limits", limits::MAX_IN_FLIGHT_BYTES),
        ("retry", limits::MAX_HELD_BYTES),
        ("retry", limits::MAX_HELD_EVENTS),
        ("dedupe", limits::SLOTS),
    ]
}

/// Every duration of the configuration, with the object that it is a member of.
fn spans() -> [(&'static str, Span); 5] {
    [
        ("webhooks[]", webhook::TIMEOUT),
        ("retry", limits::RETRY_WINDOW),
        ("retry", limits::INITIAL_BACKOFF),
        ("retry", limits::MAX_BACKOFF),
        ("dedupe", limits::DEDUPE_WINDOW),
    ]
}
