//! Both hosts in turns, side by side.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{ensure, Context as _};
use freshpaint_harness::markdown::Table;
use freshpaint_in_v8::{time_all, Timing};
use serde_json::json;

/// Native, V8, native, V8, ...: what slows the machine down for a while slows both.
const TURNS: usize = 3;
/// The module reads so much of its configuration at once, as it would of a body.
const CONFIGURATION_BYTES: usize = 12_000;

pub(crate) fn print() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(envoy), Some(module)) = (arguments.next(), arguments.next()) else {
        anyhow::bail!("write: in-v8 <envoy> <module>");
    };
    let (mut native, mut v8) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let started = Instant::now();
        let clock = || u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        time_all(&clock, |timing| keep_best(&mut native, timing));
        for timing in in_envoy(envoy.as_ref(), module.as_ref())? {
            keep_best(&mut v8, timing);
        }
    }
    let mut table = Table::new(2, ["group", "case", "native, ns", "V8, ns", "V8 / native"]);
    for timing in &v8 {
        let Timing { group, name, nanos } = timing;
        let (ours, ratio) = match native.iter().find(|native| is_same(native, timing)) {
            Some(native) => (figure(native.nanos), format!("{:.1}", nanos / native.nanos)),
            None => Default::default(),
        };
        table.row([group, name, &ours, &figure(*nanos), &ratio]);
    }
    write!(std::io::stdout(), "{table}")?;
    Ok(())
}

fn figure(nanos: f64) -> String {
    if nanos < 100.0 {
        return format!("{nanos:.1}");
    }
    let mut digits = format!("{nanos:.0}");
    for at in (1..digits.len()).rev() {
        if (digits.len() - at) % 4 == 3 {
            digits.insert(at, ',');
        }
    }
    digits
}

fn is_same(one: &Timing, other: &Timing) -> bool {
    (&one.group, &one.name) == (&other.group, &other.name)
}

fn keep_best(all: &mut Vec<Timing>, timing: Timing) {
    match all.iter_mut().find(|known| is_same(known, &timing)) {
        Some(known) => known.nanos = known.nanos.min(timing.nanos),
        None => all.push(timing),
    }
}

/// `--mode validate` configures the module, and so runs it, without a port or a worker.
fn in_envoy(envoy: &Path, module: &Path) -> anyhow::Result<Vec<Timing>> {
    let mut bootstrap = tempfile::Builder::new().suffix(".json").tempfile()?;
    write!(bootstrap, "{}", bootstrap_with(module))?;
    let output = Command::new(envoy)
        .args(["--mode", "validate", "--log-level", "info"])
        .args(["--log-format", "%v", "--config-path"])
        .arg(bootstrap.path())
        .output()
        .with_context(|| format!("{} does not start", envoy.display()))?;
    let log = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "Envoy refuses the module:\n{log}");
    // Envoy writes `wasm log <plugin>: ` before each line.
    let lines = log.lines().filter_map(|line| line.split_once(": "));
    let timings: Vec<_> = lines.filter_map(|(_, line)| Timing::parse(line)).collect();
    ensure!(!timings.is_empty(), "the module has logged nothing:\n{log}");
    Ok(timings)
}

fn bootstrap_with(module: &Path) -> serde_json::Value {
    let ext = |name: &str| format!("type.googleapis.com/envoy.extensions.filters.{name}");
    let plugin = json!({
        "name": "in_v8",
        "configuration": {
            "@type": "type.googleapis.com/google.protobuf.StringValue",
            "value": "x".repeat(CONFIGURATION_BYTES),
        },
        "vm_config": {"runtime": "envoy.wasm.runtime.v8", "code": {"local": {"filename": module}}},
    });
    json!({"static_resources": {"listeners": [{
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [{"filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": {
                "@type": ext("network.http_connection_manager.v3.HttpConnectionManager"),
                "stat_prefix": "in_v8",
                "route_config": {},
                "http_filters": [
                    {"name": "wasm", "typed_config": {"@type": ext("http.wasm.v3.Wasm"), "config": plugin}},
                    {"name": "router", "typed_config": {"@type": ext("http.router.v3.Router")}},
                ],
            },
        }]}],
    }]}})
}
