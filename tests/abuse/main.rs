//! Attack and overload on the shipped `envoy/envoy.yaml`, beside a good client whose errors and
//! times are counted.
//!
//! `cargo test` runs the short form: the cases of [`Case::in_short`], a few seconds each. `make
//! abuse` sets `ABUSE_SECONDS`, the length of the longest attacks, and runs all of them.
//! `ABUSE_CASES=words` runs the cases whose name has one of the words between commas. Everything
//! stays on loopback and is bounded in time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod attacks;
mod bed;
mod corpus;
mod good_client;
mod h2_webhook;
mod http1;
mod http2;
mod ledger;
mod moods;
mod mutate;
mod rule_sets;
mod table;
mod wasm_memory;

use attacks::CASES;
use std::env;
use std::time::Duration;
use table::{Case, Table};

/// How long cases last.
pub(crate) struct Plan {
    /// The longest attacks; `None` asks for the short form.
    seconds: Option<u64>,
}

impl Plan {
    fn read() -> Self {
        let seconds = env::var("ABUSE_SECONDS").ok();
        Self {
            seconds: seconds.map(|text| text.parse().expect("ABUSE_SECONDS is a number")),
        }
    }

    /// This long in the long form, at most `ABUSE_SECONDS`; some seconds in the short one.
    pub(crate) fn lasts(&self, long: u64) -> Duration {
        Duration::from_secs(self.seconds.map_or(4, |most| most.min(long)))
    }

    /// One number for the long form, another one for the short form.
    pub(crate) fn either<T>(&self, long: T, short: T) -> T {
        match self.seconds {
            Some(_) => long,
            None => short,
        }
    }
}

/// Runs everything that the plan and `ABUSE_CASES` name.
#[test]
fn the_shipped_envoy_stands_under_attack_and_overload() {
    let plan = Plan::read();
    let wanted = env::var("ABUSE_CASES").unwrap_or_default();
    let words: Vec<_> = wanted.split(',').filter(|word| !word.is_empty()).collect();
    let mut table = Table::default();
    let is_wanted = |case: &&Case| {
        let is_named = words.iter().any(|word| case.name.contains(word));
        is_named || words.is_empty() && (plan.seconds.is_some() || case.in_short)
    };
    for side_by_side in CASES {
        let wanted: Vec<_> = side_by_side.iter().filter(is_wanted).collect();
        table.run(&wanted, &plan);
    }
    table.assert_all_within();
}
