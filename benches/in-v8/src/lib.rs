//! The core's benchmark cases, timed the same way on any host.
//!
//! Built for wasm32 it is a filter that runs them all when Envoy reads its configuration;
//! `src/main.rs` runs them natively and prints both.

#[path = "../../../crates/core/benches/cases/mod.rs"]
mod cases;
#[cfg(target_arch = "wasm32")]
mod envoy;

use std::fmt;

/// How often each case is timed; the best counts, for all that disturbs a run makes it longer.
const ROUNDS: u32 = 12;
/// Runs in a round are doubled until they take this long.
const LEAST_ROUND_NANOS: u64 = 4_000_000;

/// The time of one case.
#[derive(Clone, Debug, PartialEq)]
pub struct Timing {
    /// The kind of case.
    pub group: String,
    /// Unique within its group.
    pub name: String,
    /// Nanoseconds for one event, or what the name says instead.
    pub nanos: f64,
}

impl fmt::Display for Timing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}\t{}\t{:.1}", self.group, self.name, self.nanos)
    }
}

impl Timing {
    /// Reads a line that [`fmt::Display`] has written.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split('\t');
        let (group, name, nanos) = (fields.next()?, fields.next()?, fields.next()?);
        Some(Self {
            group: group.to_owned(),
            name: name.to_owned(),
            nanos: nanos.trim().parse().ok()?,
        })
    }
}

/// Times every case by a clock that gives nanoseconds.
pub fn time_all(clock: &dyn Fn() -> u64, mut report: impl FnMut(Timing)) {
    for case in cases::all() {
        let mut run = case.prepare();
        report(Timing {
            group: case.group.to_owned(),
            name: case.name.clone(),
            nanos: time(clock, &mut run) / case.units as f64,
        });
    }
}

/// Nanoseconds of one run.
fn time(clock: &dyn Fn() -> u64, run: &mut dyn FnMut()) -> f64 {
    let mut round = |runs: u64| {
        let started = clock();
        for _ in 0..runs {
            run();
        }
        clock().saturating_sub(started)
    };
    let mut runs = 1;
    while round(runs) < LEAST_ROUND_NANOS {
        runs *= 2;
    }
    let best = (0..ROUNDS).map(|_| round(runs)).min().unwrap_or(0);
    best as f64 / runs as f64
}
