//! Where the module must be, and where it is.

use crate::kind::Kind;
use crate::memory::Memory;
use crate::report::{cpu_ratio, Load};
use crate::rounds::Outcome;
use crate::scaling::Series;
use crate::start::{self, Start};
use crate::stats::ratio;
use std::fmt;

/// The module's size may be this at most, in KiB.
const SIZE: f64 = 530.0;

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

/// How many times the CPU of another contender one may need, by shape.
#[derive(Clone, Copy, Debug)]
struct Row {
    kind: Kind,
    to: Kind,
    http2: bool,
    loads: &'static [Load],
    /// At most, in the order of [`SHAPES`].
    most: [Option<f64>; 4],
}

/// Events and webhooks.
const SHAPES: [(usize, usize); 4] = [(1, 1), (1, 3), (20, 1), (20, 3)];

const SATURATED: &[Load] = &[Load::Saturated];
const FIXED: &[Load] = &[Load::Eighth, Load::Half];

#[rustfmt::skip]
const ROWS: &[Row] = &[
    row(Kind::Module, Kind::Floor2, false, SATURATED, [1.25, 1.12, 1.22, 0.85]),
    row(Kind::Module, Kind::Floor2, true, SATURATED, [1.28, 1.20, 1.45, 1.10]),
    row(Kind::Module, Kind::Floor2, false, FIXED, [1.15, 1.15, 1.10, 0.95]),
    row(Kind::Module, Kind::Service, false, FIXED, [0.95, 1.20, 1.6, 1.7]),
    row(Kind::Module, Kind::Service, false, SATURATED, [1.15, 1.45, 2.2, 2.3]),
    row(Kind::ModuleBatch, Kind::Service, false, SATURATED, [0.95, 0.75, 0.40, 0.30]),
    Row {
        most: [None, None, Some(0.60), Some(0.45)],
        ..row(Kind::ModuleBatch, Kind::ServiceAlone, false, SATURATED, [0.0; 4])
    },
    row(Kind::Module, Kind::Lua, false, SATURATED, [0.77, 0.85, 0.52, 0.75]),
    Row {
        most: [Some(1.10), None, Some(1.10), None],
        ..row(Kind::ModuleTwice, Kind::Module, false, SATURATED, [0.0; 4])
    },
];

const fn row(
    kind: Kind,
    to: Kind,
    http2: bool,
    loads: &'static [Load],
    [a, b, c, d]: [f64; 4],
) -> Row {
    Row {
        kind,
        to,
        http2,
        loads,
        most: [Some(a), Some(b), Some(c), Some(d)],
    }
}

/// All bounds whose figures this run has.
pub(crate) fn all(results: &Results) -> Vec<Bound> {
    let mut bounds = Vec::new();
    let mut hold = |what: String, got: Option<f64>, most: f64| {
        bounds.extend(got.map(|got| Bound { what, got, most }));
    };
    let plain = results.outcomes.iter();
    let plain = plain.filter(|outcome| !outcome.shape.is_special());
    for row in ROWS {
        for outcome in plain
            .clone()
            .filter(|outcome| outcome.shape.http2 == row.http2)
        {
            let shape = (outcome.shape.events, outcome.shape.webhooks);
            let most = SHAPES.iter().zip(row.most).find(|(of, _)| **of == shape);
            let Some(most) = most.and_then(|(_, most)| most) else {
                continue;
            };
            for load in row.loads {
                let (kind, to) = (row.kind.name(), row.to.name());
                let what = format!("{}: CPU of {kind} x {to}, {load}", outcome.shape);
                let findings = outcome.of(row.kind);
                let got = findings.and_then(|findings| cpu_ratio(outcome, findings, *load, row.to));
                hold(what, got, most);
            }
        }
    }
    for outcome in plain.filter(|outcome| !outcome.shape.http2) {
        let p99 = |kind| outcome.of(kind).map(|findings| &findings.fixed[1].p99);
        let p99 = p99(Kind::Module).zip(p99(Kind::Floor1));
        let got = p99.and_then(|(a, b)| ratio(a, b));
        hold(format!("{}: p99 x floor-1", outcome.shape), got, 1.3);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rounds::Findings;
    use crate::shape::Shape;

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
    fn each_shape_has_its_own_bound_at_each_load() {
        let findings = |kind, saturated, eighth| {
            let mut findings = Findings::new(kind, true);
            findings.cpu = vec![saturated];
            findings.fixed[0].cpu = vec![eighth];
            findings
        };
        let outcome = Outcome {
            shape: Shape::new(20, 1, false),
            rates: [1.0, 4.0],
            findings: vec![
                findings(Kind::Floor2, 100.0, 200.0),
                findings(Kind::Module, 122.0, 242.0),
                findings(Kind::Lua, 200.0, 0.0),
            ],
        };
        let results = Results {
            outcomes: vec![outcome],
            ..Results::default()
        };
        let lines: Vec<_> = all(&results).iter().map(Bound::to_string).collect();
        let of = |bound: &str| format!("20 events, 1 webhook, HTTP/1.1 upstream: CPU of {bound}");
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        let expected = [
            (
                "- PASS: ",
                "module x floor-2, saturated: 1.22, at most 1.22",
            ),
            (
                "- over by 10 %: ",
                "module x floor-2, at an eighth: 1.21, at most 1.1",
            ),
            (
                "- over by 17 %: ",
                "module x lua, saturated: 0.61, at most 0.52",
            ),
        ];
        let expected = expected.map(|(verdict, bound)| format!("{verdict}{}", of(bound)));
        assert_eq!(lines[..3], expected);
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        let lines: Vec<_> = all(&Results::default())
            .iter()
            .map(Bound::to_string)
            .collect();
        assert_eq!(lines, ["- PASS: the module's size, KiB: 0.00, at most 530"]);
    }
}
