//! Where the module must be, and where it is.

use crate::contender::Kind;
use crate::memory::Memory;
use crate::report::cpu_ratio;
use crate::rounds::Outcome;
use crate::scaling::Series;
use crate::start::{self, Start};
use crate::stats::ratio;
use std::fmt;

/// The module's size may be this at most, in KiB.
const SIZE: f64 = 500.0;

/// Everything that was measured.
#[derive(Debug, Default)]
pub(crate) struct Results {
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) memory: Vec<Memory>,
    pub(crate) start: Vec<Start>,
    pub(crate) scaling: Vec<Series>,
    /// The module's size in bytes.
    pub(crate) size: u64,
}

/// One figure and what it may be at most.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    what: String,
    got: f64,
    most: f64,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, got, most } = self;
        if got <= most {
            write!(f, "- PASS: {what}: {got:.2}, at most {most}")
        } else {
            let over = (got / most - 1.0) * 100.0;
            write!(f, "- over by {over:.0} %: {what}: {got:.2}, at most {most}")
        }
    }
}

/// All bounds whose figures this run has.
pub(crate) fn all(results: &Results) -> Vec<Bound> {
    let mut bounds = Vec::new();
    let mut hold = |what: String, got: Option<f64>, most: f64| {
        bounds.extend(got.map(|got| Bound { what, got, most }));
    };
    let plain: Vec<_> = results
        .outcomes
        .iter()
        .filter(|outcome| !outcome.shape.is_special())
        .collect();
    for outcome in &plain {
        let most = if outcome.shape.events == 1 {
            1.10
        } else {
            1.05
        };
        hold(
            format!("{}: CPU x floor-2", outcome.shape),
            module(outcome, Kind::Floor2),
            most,
        );
    }
    let best = plain
        .iter()
        .filter(|outcome| outcome.shape.events > 1 && outcome.shape.http2)
        .filter_map(|outcome| module(outcome, Kind::Floor1))
        .reduce(f64::min);
    hold(
        "the best batch over HTTP/2: CPU x floor-1".to_owned(),
        best,
        1.0,
    );
    for outcome in &plain {
        hold(
            format!("{}: CPU x lua", outcome.shape),
            module(outcome, Kind::Lua),
            0.70,
        );
    }
    for outcome in &plain {
        let p99 = |kind| outcome.of(kind).map(|findings| &findings.p99);
        let got = p99(Kind::Module)
            .zip(p99(Kind::Floor1))
            .and_then(|(a, b)| ratio(a, b));
        hold(format!("{}: p99 x floor-1", outcome.shape), got, 1.2);
    }
    let memory = results
        .memory
        .iter()
        .find(|memory| memory.kind == Kind::Module);
    let mebibyte = f64::from(1 << 20);
    hold(
        "1,000 requests in flight: MiB of linear memory above idle".to_owned(),
        memory.map(|memory| memory.growth() / mebibyte),
        1.0,
    );
    let floor = results
        .memory
        .iter()
        .find(|memory| memory.kind == Kind::Floor2);
    hold(
        "1,000 requests in flight: MiB of RSS above idle, more than floor-2's".to_owned(),
        memory
            .zip(floor)
            .map(|(memory, floor)| (memory.resident_growth() - floor.resident_growth()) / mebibyte),
        1.0,
    );
    hold(
        "2 s after them: RSS x idle".to_owned(),
        memory.map(Memory::back),
        1.10,
    );
    hold(
        "the module's size, KiB".to_owned(),
        Some(results.size as f64 / 1024.0),
        SIZE,
    );
    hold(
        "envoy --mode validate: CPU x floor-2".to_owned(),
        start::cpu_ratio(&results.start, Kind::Module, Kind::Floor2),
        1.5,
    );
    for series in &results.scaling {
        hold(
            format!(
                "{}: farthest from the mean cost of a call, from 10 calls up",
                series.name
            ),
            series.spread(),
            0.15,
        );
    }
    bounds
}

fn module(outcome: &Outcome, to: Kind) -> Option<f64> {
    cpu_ratio(outcome, outcome.of(Kind::Module)?, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_by_how_much_a_figure_is_over() {
        let bound = |got| Bound {
            what: "CPU x floor-2".into(),
            got,
            most: 1.10,
        };
        assert_eq!(
            bound(1.10).to_string(),
            "- PASS: CPU x floor-2: 1.10, at most 1.1"
        );
        assert_eq!(
            bound(1.65).to_string(),
            "- over by 50 %: CPU x floor-2: 1.65, at most 1.1"
        );
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        let lines: Vec<_> = all(&Results::default())
            .iter()
            .map(Bound::to_string)
            .collect();
        assert_eq!(lines, ["- PASS: the module's size, KiB: 0.00, at most 500"]);
    }
}
