//! `make bench`: the module beside its floors and its peers. `benches/README.md` says what is
//! measured and how; `scenarios.rs` lists it.
//!
//! `--write` puts the figures into that file and the plot beside it.

mod body;
mod bootstrap;
mod bounds;
mod client;
mod configure;
mod contender;
mod document;
mod job;
mod kept;
mod kind;
mod load;
mod memory;
mod plot;
mod process;
mod report;
mod rig;
mod rounds;
mod scaling;
mod scenarios;
mod settings;
mod shape;
mod slow;
mod start;
mod stats;
mod watched;
mod webhooks;

use anyhow::{bail, Context, Result};
use bounds::Results;
use rig::Rig;
use settings::Settings;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<()> {
    let write = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--write") => true,
        Some(other) => bail!("{other}: write --write, or nothing"),
    };
    let settings = Settings::from_environment()?;
    if write && !settings.is_whole() {
        bail!("--write keeps the figures of a whole run; leave out BENCH_ONLY");
    }
    let rig = Rig::new(settings)?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(run(&rig, write))
}

async fn run(rig: &Rig, write: bool) -> Result<()> {
    let mut sections = Vec::new();
    let mut show = |section: String| {
        println!("{section}");
        sections.push(section);
    };
    let mut results = Results {
        size: fs::metadata(&rig.settings.module)?.len(),
        ..Results::default()
    };
    for scenario in scenarios::all() {
        let kinds = scenario.taking_part(&rig.settings);
        if !kinds.is_empty() {
            show(scenario.run(rig, &kinds, &mut results).await?);
        }
    }
    // The summary is known last, and a reader wants it first.
    let (summary, verdicts) = (document::summary(&results), document::verdicts(&results));
    let head = document::head(rig)?;
    println!("{summary}\n{verdicts}\n{head}");
    sections.splice(0..0, [head, verdicts, summary]);
    rig.say("done");
    keep(rig, &results, &sections.join("\n"), write)
}

/// Writes `target/bench.md` and the plot, and what is in the repository if that was asked for.
fn keep(rig: &Rig, results: &Results, figures: &str, write: bool) -> Result<()> {
    let benches = benches();
    let target = rig.settings.module.parent().unwrap_or(&benches);
    let report = target.join("bench.md");
    fs::write(&report, figures).with_context(|| report.display().to_string())?;
    let plot = scaling::plot(&results.scaling).svg()?;
    if !results.scaling.is_empty() {
        fs::write(target.join("scaling.svg"), &plot)?;
    }
    if write {
        let file = benches.join("README.md");
        let readme = fs::read_to_string(&file)?;
        fs::write(&file, document::replace(&readme, figures)?)?;
        fs::write(benches.join("scaling.svg"), &plot)?;
    }
    Ok(())
}

/// This folder of the repository; the program is run from its tree.
fn benches() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}
