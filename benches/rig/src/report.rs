//! The report of a shape.

use crate::kind::Kind;
use crate::rounds::{Findings, Outcome};
use crate::stats::{median, ratio};
use freshpaint_harness::markdown::{self, figure, mebibytes, Table};
use std::fmt;

/// The table of one shape, under its heading.
pub(crate) fn shape(outcome: &Outcome) -> String {
    let [eighth, half] = outcome.rates;
    let mut table = Table::new(
        1,
        [
            "contender",
            "CPU per request, µs",
            "x floor-1",
            "x floor-2",
            &format!("CPU at {eighth:.0}/s, µs"),
            "x floor-2",
            &format!("CPU at {half:.0}/s, µs"),
            "x floor-2",
            &format!("p50 / p99 at {half:.0}/s, µs"),
            "requests/s",
            "RSS, MiB",
            "calls made / due",
        ],
    );
    for findings in &outcome.findings {
        let times = |load, to| markdown::ratio(cpu_ratio(outcome, findings, load, to));
        let [eighth, half] = &findings.fixed;
        table.row([
            findings.kind.name().to_owned(),
            figure(median(&findings.cpu)),
            times(Load::Saturated, Kind::Floor1),
            times(Load::Saturated, Kind::Floor2),
            figure(median(&eighth.cpu)),
            times(Load::Eighth, Kind::Floor2),
            figure(median(&half.cpu)),
            times(Load::Half, Kind::Floor2),
            format!(
                "{} / {}",
                figure(median(&half.p50)),
                figure(median(&half.p99))
            ),
            throughput(findings),
            mebibytes(findings.resident as f64),
            calls(outcome, findings),
        ]);
    }
    let mut text = format!(
        "### {}\n\n`{}`\n\n{table}",
        outcome.shape,
        outcome.shape.id()
    );
    let other = outcome.of(Kind::OtherModule);
    if let Some(other) = other {
        let times = [Load::Saturated, Load::Eighth, Load::Half].map(|load| {
            let times = cpu_ratio(outcome, other, load, Kind::Module);
            times.map_or_else(|| "-".to_owned(), |times| format!("{times:.3}"))
        });
        let times = times.join(", ");
        text += &format!("\nother-module x module, CPU per request at each load: {times}\n");
    }
    text
}

/// A load at which CPU time was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    /// As many requests as it can answer.
    Saturated,
    /// An eighth, and a half, of what the slowest can.
    Eighth,
    Half,
}

impl Load {
    fn of(self, findings: &Findings) -> &[f64] {
        let [eighth, half] = &findings.fixed;
        match self {
            Self::Saturated => &findings.cpu,
            Self::Eighth => &eighth.cpu,
            Self::Half => &half.cpu,
        }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Saturated => "saturated",
            Self::Eighth => "at an eighth",
            Self::Half => "at a half",
        })
    }
}

/// How many times the CPU of another contender it needs at a load.
pub(crate) fn cpu_ratio(
    outcome: &Outcome,
    findings: &Findings,
    load: Load,
    to: Kind,
) -> Option<f64> {
    ratio(load.of(findings), load.of(outcome.of(to)?))
}

/// Requests per second, and how busy the core was where it was not all that kept them from being
/// more.
fn throughput(findings: &Findings) -> String {
    let text = figure(median(&findings.throughput));
    match median(&findings.busy) {
        Some(busy) if busy < 0.85 => format!("{text} ({:.0} % busy)", busy * 100.0),
        _ => text,
    }
}

fn calls(outcome: &Outcome, findings: &Findings) -> String {
    let due = findings.requests * outcome.shape.calls();
    let mut text = format!("{} / {due}", findings.calls);
    if findings.calls < due {
        text += " TOO FEW";
    } else if findings.calls > due {
        text += " TOO MANY";
    }
    if findings.refused > 0 {
        text += &format!(", {} answers not 200", findings.refused);
    }
    if !findings.does_the_job {
        text += ", not the job";
    }
    text
}
