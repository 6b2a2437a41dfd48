//! How long Envoy takes to load a filter and let it judge its configuration.

use crate::configure;
use crate::contender;
use crate::kind::{Kind, Site};
use crate::process;
use crate::rig::Rig;
use crate::shape::Shape;
use crate::stats::{median, ratio};
use anyhow::{ensure, Result};
use freshpaint_harness::markdown::{self, figure, Table};
use freshpaint_harness::process::{spawn, Owned};
use freshpaint_harness::Port;
use serde_json::json;
use std::fs;
use std::process::Stdio;
use std::time::Instant;

/// One contender's runs of `envoy --mode validate`, in milliseconds.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) kind: Kind,
    pub(crate) cpu: Vec<f64>,
    wall: Vec<f64>,
}

/// Validates each contender's configuration in turns, and counts `runs` of them.
pub(crate) fn run(rig: &Rig, runs: usize, kinds: &[Kind]) -> Result<Vec<Start>> {
    let mut all: Vec<_> = kinds
        .iter()
        .map(|kind| Start {
            kind: *kind,
            cpu: Vec::new(),
            wall: Vec::new(),
        })
        .collect();
    for round in 0..=runs {
        for start in &mut all {
            let (cpu, wall) = validate(rig, start.kind)?;
            // The first run reads files that may not be in memory yet.
            if round > 0 {
                start.cpu.push(cpu);
                start.wall.push(wall);
            }
        }
    }
    Ok(all)
}

fn validate(rig: &Rig, kind: Kind) -> Result<(f64, f64)> {
    let ports = contender::ports()?;
    let site = Site {
        settings: &rig.settings,
        shape: &Shape::new(1, 1, false),
        webhooks: &[ports[2].address()],
        extra: json!({}),
        core: rig.proxy_core,
    };
    let bootstrap = configure::bootstrap(
        kind,
        &site,
        [&ports[0], &ports[1], &ports[2]].map(Port::address),
    )?;
    let folder = tempfile::Builder::new()
        .prefix("freshpaint-bench-")
        .tempdir()?;
    let file = folder.path().join("envoy.json");
    fs::write(&file, bootstrap.json().to_string())?;
    let mut command = contender::envoy_command(&file, 1)?;
    command
        .args(["--mode", "validate"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let (before, start) = (process::children_cpu_time()?, Instant::now());
    let status = Owned(spawn(command)?).0.wait()?;
    let cpu = process::children_cpu_time()? - before;
    ensure!(
        status.success(),
        "envoy --mode validate of {}: {status}",
        kind.name()
    );
    Ok((cpu.as_secs_f64() * 1e3, start.elapsed().as_secs_f64() * 1e3))
}

/// The CPU time of one by that of another.
pub(crate) fn cpu_ratio(all: &[Start], kind: Kind, to: Kind) -> Option<f64> {
    let of = |kind| all.iter().find(|start| start.kind == kind);
    ratio(&of(kind)?.cpu, &of(to)?.cpu)
}

/// The table.
pub(crate) fn report(all: &[Start]) -> String {
    let mut table = Table::new(
        1,
        [
            "`envoy --mode validate`",
            "CPU, ms",
            "wall, ms",
            "CPU x floor-2",
        ],
    );
    for start in all {
        table.row([
            start.kind.name().to_owned(),
            figure(median(&start.cpu)),
            figure(median(&start.wall)),
            markdown::ratio(cpu_ratio(all, start.kind, Kind::Floor2)),
        ]);
    }
    format!("\n\n{table}")
}
