//! The report of a shape.

use crate::contender::Kind;
use crate::rounds::{Findings, Outcome};
use crate::stats::{median, ratio};
use freshpaint_harness::markdown::{self, figure, mebibytes, Table};

/// The table of one shape, under its heading.
pub(crate) fn shape(outcome: &Outcome) -> String {
    let latency = format!("p50 / p99 at {:.0}/s, µs", outcome.rate);
    let mut table = Table::new(
        1,
        [
            "contender",
            "CPU per request, µs",
            "x floor-1",
            "x floor-2",
            "requests/s",
            &latency,
            "RSS, MiB",
            "calls made / due",
        ],
    );
    for findings in &outcome.findings {
        table.row([
            findings.kind.name().to_owned(),
            figure(median(&findings.cpu)),
            markdown::ratio(cpu_ratio(outcome, findings, Kind::Floor1)),
            markdown::ratio(cpu_ratio(outcome, findings, Kind::Floor2)),
            throughput(findings),
            format!(
                "{} / {}",
                figure(median(&findings.p50)),
                figure(median(&findings.p99))
            ),
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
    if let Some(times) = other.and_then(|other| cpu_ratio(outcome, other, Kind::Module)) {
        text += &format!("\nother-module x module, CPU per request: {times:.3}\n");
    }
    text
}

/// How many times the CPU of another contender it needs.
pub(crate) fn cpu_ratio(outcome: &Outcome, findings: &Findings, to: Kind) -> Option<f64> {
    ratio(&findings.cpu, &outcome.of(to)?.cpu)
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
