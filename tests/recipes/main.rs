//! Every recipe of `docs/recipes.md`, taken from the page and run on a real Envoy with real parts.

// A test says what is wrong by panicking.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod bed;
mod collector;
mod monitor;
mod restart;
mod webhooks;

use freshpaint_harness::shipped::yaml;
use serde_json::Value;

const PAGE: &str = include_str!("../../docs/recipes.md");

/// The text of a code block under a heading, counted from 0.
fn text(heading: &str, n: usize) -> &'static str {
    let mut sections = PAGE.split("\n## ");
    block(sections.find(|it| it.starts_with(heading)).unwrap(), n)
}

/// The text of a code block of a section, counted from 0.
fn block(section: &'static str, n: usize) -> &'static str {
    let mut blocks = section.split("```yaml\n").skip(1);
    let block = blocks
        .nth(n)
        .unwrap_or_else(|| panic!("no block {n} in {section}"));
    block.split("```").next().unwrap()
}

/// A code block as a tree.
fn piece(heading: &str, n: usize) -> Value {
    yaml(text(heading, n)).unwrap()
}

/// A new recipe gets a test first.
#[test]
fn every_recipe_is_known_here() {
    let headings: Vec<_> = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .collect();
    assert_eq!(
        headings,
        [
            "Secrets by SDS",
            "Client certificate",
            "A token that rotates",
            "OAuth2 client credentials",
            "Basic and bearer",
            "Gzip",
            "TLS for the collector",
            "API key",
            "JWT",
            "A service that decides",
            "Rate limit by client",
            "Behind a load balancer",
            "Stopping and replacing Envoy",
        ]
    );
}
