//! `make bench`: the module beside its floors and its peers. `benches/README.md` says what is measured and how.
//!
//! `--write` puts the figures into that file and the plot beside it.

mod body;
mod bootstrap;
mod bounds;
mod client;
mod contender;
mod document;
mod job;
mod kept;
mod load;
mod memory;
mod plot;
mod process;
mod report;
mod rig;
mod rounds;
mod scaling;
mod settings;
mod shape;
mod start;
mod stats;
mod table;
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
    for shape in shape::main_shapes().iter().chain(&shape::further_shapes()) {
        if let Some(outcome) = rounds::run(rig, shape).await? {
            show(report::shape(&outcome));
            results.outcomes.push(outcome);
        }
    }
    let kept = kept::run(rig).await?;
    if !kept.is_empty() {
        show(kept::report(&kept));
    }
    results.memory = memory::run(rig).await?;
    if !results.memory.is_empty() {
        show(memory::report(&results.memory));
    }
    results.start = start::run(rig)?;
    if !results.start.is_empty() {
        show(start::report(&results.start));
    }
    results.scaling = scaling::run(rig).await?;
    if !results.scaling.is_empty() {
        show(scaling::report(&results.scaling));
    }
    // What a reader wants first is known last.
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
    let plot = scaling::plot(&results.scaling).to_string();
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
