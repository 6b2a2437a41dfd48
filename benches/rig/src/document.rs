//! The whole report, and its place in `benches/README.md`.

use crate::bounds::{self, Results};
use crate::kind::Kind;
use crate::report::{cpu_ratio, Load};
use crate::rig::Rig;
use crate::stats::median;
use anyhow::{Context, Result};
use freshpaint_harness::envoy::ENVOY_VERSION;
use freshpaint_harness::markdown::{figure, ratio, Table};
use std::fs;

const BEGIN: &str = "<!-- figures: `scripts/bench --write` replaces what follows -->";
/// The longest line of prose.
const COLUMNS: usize = 100;
const END: &str = "<!-- end of figures -->";

/// When, where and how it was measured.
pub(crate) fn head(rig: &Rig) -> Result<String> {
    let date = std::env::var("BENCH_DATE").unwrap_or_default();
    let processor = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("model name"))?;
        Some(line.trim_start_matches([' ', '\t', ':']).to_owned())
    });
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    Ok(format!(
        "{date}, {} ({} cores), Linux {}, Envoy {ENVOY_VERSION}; {} rounds of {} s. {}\n",
        processor.unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        rig.cores,
        kernel.trim(),
        rig.settings.rounds,
        rig.settings.seconds.as_secs_f64(),
        noise(rig.others_share()?),
    ))
}

/// How busy other processes kept the machine. Latencies can be quoted only if it was idle.
fn noise(others: f64) -> String {
    let percent = others * 100.0;
    let advice = if percent < 3.0 {
        ""
    } else {
        ": trust the ratios, not the latencies"
    };
    format!("Other processes had {percent:.0} % of the machine{advice}.")
}

/// CPU of all main shapes in one table: ratios of the module, and of one event a call.
pub(crate) fn summary(results: &Results) -> String {
    let mut table = Table::new(
        1,
        [
            "module's CPU, saturated (at an eighth)",
            "µs",
            "x floor-2",
            "x lua",
            "x service",
            "batch x service",
        ],
    );
    for outcome in &results.outcomes {
        let times = |kind, to| {
            let at = |load| {
                ratio(
                    outcome
                        .of(kind)
                        .and_then(|findings| cpu_ratio(outcome, findings, load, to)),
                )
            };
            format!("{} ({})", at(Load::Saturated), at(Load::Eighth))
        };
        let module = outcome.of(Kind::Module);
        table.row([
            outcome.shape.to_string(),
            figure(module.and_then(|findings| median(&findings.cpu))),
            times(Kind::Module, Kind::Floor2),
            times(Kind::Module, Kind::Lua),
            times(Kind::Module, Kind::Service),
            times(Kind::ModuleBatch, Kind::Service),
        ]);
    }
    format!("### All shapes\n\n{table}")
}

/// The bounds, one line each.
pub(crate) fn verdicts(results: &Results) -> String {
    let bounds = bounds::all(results);
    let lines: Vec<_> = bounds.iter().map(ToString::to_string).collect();
    format!("### Where the module must be\n\n{}\n", lines.join("\n"))
}

/// The README with `figures` in the place of those that it had.
pub(crate) fn replace(readme: &str, figures: &str) -> Result<String> {
    let missing = || format!("benches/README.md has no line \"{BEGIN}\" with \"{END}\" after it");
    let (before, rest) = readme.split_once(BEGIN).with_context(missing)?;
    let (_, after) = rest.split_once(END).with_context(missing)?;
    let figures: Vec<_> = figures.trim().lines().map(wrapped).collect();
    Ok(format!(
        "{before}{BEGIN}\n\n{}\n\n{END}{after}",
        figures.join("\n")
    ))
}

/// A line of prose, or of a list, in lines of the README's length. A row of a table stays whole.
fn wrapped(line: &str) -> String {
    if line.starts_with('|') {
        return line.to_owned();
    }
    let next = if line.starts_with("- ") { "\n  " } else { "\n" };
    let (mut text, mut length) = (String::new(), 0);
    for word in line.split(' ') {
        let columns = word.chars().count();
        if length > 0 && length + 1 + columns > COLUMNS {
            text.push_str(next);
            length = next.len() - 1;
        } else if length > 0 {
            text.push(' ');
            length += 1;
        }
        text.push_str(word);
        length += columns;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_take_the_place_of_older_ones() {
        let readme = format!("# Head\n{BEGIN}\nold\n{END}\ntail\n");
        let once = replace(&readme, "new\n").unwrap();
        assert_eq!(once, format!("# Head\n{BEGIN}\n\nnew\n\n{END}\ntail\n"));
        assert_eq!(replace(&once, "new").unwrap(), once);
        assert!(replace("no markers", "new").is_err());
    }

    #[test]
    fn prose_is_wrapped_and_tables_are_not() {
        let row = format!("| {} |", "a ".repeat(80));
        assert_eq!(wrapped(&row), row);
        assert_eq!(wrapped("- short"), "- short");
        let words = "word ".repeat(25);
        let item = format!("- {}", words.trim());
        let lines = [
            "- ".to_owned() + &"word ".repeat(19),
            "  ".to_owned() + &"word ".repeat(6),
        ];
        let lines = lines.map(|line| line.trim_end().to_owned());
        assert_eq!(wrapped(&item), lines.join("\n"));
    }
}
