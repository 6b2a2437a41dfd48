//! Runs the real SDKs against a real Envoy with the module; `make sdks`.
//!
//! Each SDK is driven by a small program (`node/`, `python/`, `browser/`) that makes its calls and
//! prints what the SDK itself says of each. The calls that the webhooks got are held against
//! `expected/`. README.md has the rest.

mod expected;
mod pins;
mod run;
mod scene;
mod sdk;
mod stage;
mod table;

use anyhow::{Context, Result};
use run::Programs;
use scene::{Cells, Down};
use sdk::{Sdk, SDKS};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;
use table::{Row, Table};

/// Rows at a time: most of a row's time is waiting for an SDK's timers.
const AT_ONCE: usize = 4;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs every SDK, or those whose name holds an argument; whether all went well.
fn run() -> Result<bool> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let programs = Programs {
        python: env::var_os("SDKS_PYTHON").map_or_else(|| "python3".into(), PathBuf::from),
        chromium: env::var_os("CHROMIUM")
            .map(PathBuf::from)
            .ok_or_else(|| "no Chromium".to_owned()),
        folder,
    };
    let wanted: Vec<String> = env::args().skip(1).collect();
    let chosen = |sdk: &&Sdk| {
        wanted.is_empty()
            || wanted
                .iter()
                .any(|part| sdk.program.contains(part.as_str()))
    };
    let sdks: Vec<&Sdk> = SDKS.iter().filter(chosen).collect();
    let queue = Mutex::new(sdks.iter().enumerate());
    let rows = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| loop {
                let Some((index, sdk)) = queue.lock().ok().and_then(|mut queue| queue.next())
                else {
                    return;
                };
                let row = row(sdk, &programs);
                eprintln!(">> {}", row.name);
                if let Ok(mut rows) = rows.lock() {
                    rows.push((index, row));
                }
            });
        }
    });
    let mut rows = rows.into_inner().unwrap_or_default();
    rows.sort_by_key(|(index, _)| *index);
    let mut table = Table::new(rows.into_iter().map(|(_, row)| row).collect());
    if wanted.is_empty() {
        for (name, why) in sdk::NOT_RUN {
            table.push(Row::skipped(name, why));
        }
    }
    print!("{table}");
    Ok(table.failed() == 0)
}

fn row(sdk: &Sdk, programs: &Programs) -> Row {
    let name = pins::name(sdk, &programs.folder);
    if let (true, Err(why)) = (sdk.in_browser(), &programs.chromium) {
        return Row::skipped(&name, why);
    }
    match cells(sdk, programs) {
        Ok(cells) => Row::done(&name, cells),
        Err(error) => Row::done(&name, Cells::from([("once", Err(format!("{error:#}")))])),
    }
}

fn cells(sdk: &Sdk, programs: &Programs) -> Result<Cells> {
    let file = programs
        .folder
        .join("expected")
        .join(format!("{}.json", sdk.stem()));
    let expected = expected::read(&file)?;
    let (mut cells, seen) = scene::webhooks_up(sdk, programs, &expected)?;
    write(sdk, &seen).context("cannot write what came")?;
    for (column, how) in [("outage", Down::Status503), ("refused", Down::Refused)] {
        if how == Down::Status503 || sdk.stem() == REFUSED {
            cells.insert(column, scene::webhooks_down(sdk, programs, &expected, how)?);
        }
    }
    Ok(cells)
}

/// The SDK that also meets webhooks that refuse connections: to an SDK it is the same answer.
const REFUSED: &str = "segment-analytics-node";

/// Leaves what the webhooks got where a reader finds it: `target/sdks/<stem>.json`.
fn write(sdk: &Sdk, seen: &[stage::Delivery]) -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/sdks");
    fs::create_dir_all(&folder)?;
    let payloads: Vec<_> = seen
        .iter()
        .filter(|one| one.webhook == stage::WEBHOOKS[0])
        .map(|one| &one.payload)
        .collect();
    let text = serde_json::to_string_pretty(&payloads)?;
    Ok(fs::write(
        folder.join(format!("{}.json", sdk.stem())),
        text,
    )?)
}
