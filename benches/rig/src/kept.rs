//! The cost of events that are kept for a retry, while they wait and while they are tried.

use crate::body::Template;
use crate::client::Connection;
use crate::contender::Running;
use crate::kind::{Kind, Site};
use crate::load;
use crate::process;
use crate::rig::Rig;
use crate::shape::Shape;
use crate::stats::{median, ratio};
use crate::webhooks::Webhooks;
use anyhow::{ensure, Result};
use freshpaint_harness::markdown::{self, figure, mebibytes, Table};
use serde_json::{json, Value};
use std::time::Duration;

/// The name of the events that are kept: only the dead webhook wants them, and nothing else.
const NAME: &str = "Kept For Later";

/// The states to measure.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// How many events each state keeps that keeps any.
    pub(crate) events: usize,
    /// How long nothing is sent while idle CPU is measured.
    pub(crate) idle: Duration,
    /// A floor first, then the module without kept events, then the module with them.
    pub(crate) states: Vec<State>,
}

/// One contender in one state.
#[derive(Clone, Debug)]
pub(crate) struct State {
    name: &'static str,
    kind: Kind,
    /// `retry` of the module's configuration where events are kept.
    retry: Option<Value>,
}

impl State {
    /// Keeps no events.
    pub(crate) const fn without(name: &'static str, kind: Kind) -> Self {
        let retry = None;
        Self { name, kind, retry }
    }

    /// The module with kept events and this `retry`.
    pub(crate) fn with(name: &'static str, retry: Value) -> Self {
        Self {
            name,
            kind: Kind::Module,
            retry: Some(retry),
        }
    }
}

/// The measurements of one state.
#[derive(Debug)]
struct Found {
    name: &'static str,
    /// CPU time per second without any request, in milliseconds.
    idle: f64,
    /// CPU time per request in each round, in microseconds.
    cpu: Vec<f64>,
    resident: u64,
    linear: u64,
}

/// Measures every state and gives the table. All requests go to a webhook that works.
pub(crate) async fn run(rig: &Rig, plan: &Plan) -> Result<String> {
    let works = Webhooks::start(1, false)?;
    let dead = Webhooks::refusing(1)?;
    let all = contenders(rig, plan, &works, &dead)?;
    let kept_events = Template::named(NAME, &shape(), &rig.serial);
    for (state, contender) in plan.states.iter().zip(&all) {
        if state.retry.is_some() {
            fail(contender, &kept_events, plan.events).await?;
        }
    }
    let before: Vec<_> = all
        .iter()
        .map(|contender| process::cpu_time(&contender.pids))
        .collect::<Result<_>>()?;
    tokio::time::sleep(plan.idle).await;
    let mut kept = Vec::new();
    for ((state, contender), before) in plan.states.iter().zip(&all).zip(before) {
        let idle = process::cpu_time(&contender.pids)? - before;
        kept.push(Found {
            name: state.name,
            idle: idle.as_secs_f64() * 1e3 / plan.idle.as_secs_f64(),
            cpu: Vec::new(),
            resident: process::resident(&contender.pids)?,
            linear: process::wasm_memory(&contender.pids)?,
        });
    }
    let template = Template::new(&shape(), &rig.serial);
    // The first round warms up. Half of the floor's calls would go to the dead webhook, so it is
    // measured only while it is idle.
    for round in 0..=rig.settings.rounds {
        for (kept, contender) in kept.iter_mut().zip(&all).skip(1) {
            let calls = works.calls();
            let cpu = process::cpu_time(&contender.pids)?;
            let (address, time) = (contender.address, rig.settings.seconds);
            let answers = load::closed(address, &template, load::CONNECTIONS, time).await?;
            works.settle(calls + answers.requests()).await;
            let cpu = process::cpu_time(&contender.pids)? - cpu;
            if round > 0 {
                kept.cpu
                    .push(cpu.as_secs_f64() * 1e6 / answers.requests() as f64);
            }
        }
    }
    Ok(report(plan, &kept))
}

fn shape() -> Shape {
    Shape {
        dead: 1,
        ..Shape::new(1, 1, false)
    }
}

fn contenders(rig: &Rig, plan: &Plan, works: &Webhooks, dead: &Webhooks) -> Result<Vec<Running>> {
    let addresses: Vec<_> = works.addresses().chain(dead.addresses()).collect();
    let start = |state: &State| {
        let retry = state.retry.clone().unwrap_or_else(|| json!({}));
        let site = Site {
            settings: &rig.settings,
            shape: &shape(),
            webhooks: &addresses,
            extra: json!({"webhooks": webhooks(), "retry": retry}),
            core: rig.proxy_core,
        };
        Running::start(state.kind, &site)
    };
    plan.states.iter().map(start).collect()
}

/// The first webhook works and gets every other event; the second gets those to be kept.
fn webhooks() -> Value {
    let url = "http://webhook.example.com/in";
    let webhook = |name: &str, events: Value| json!({"name": name, "url": url, "cluster": name, "events": events});
    let (others, kept) = (json!({"deny": [NAME]}), json!({"allow": [NAME]}));
    json!([webhook("w0", others), webhook("w1", kept)])
}

async fn fail(contender: &Running, template: &Template, events: usize) -> Result<()> {
    let mut template = template.clone();
    let mut connection = Connection::open(contender.address).await?;
    for _ in 0..events {
        let status = connection.exchange(template.next()).await?;
        ensure!(status == 503, "a dead webhook led to status {status}");
    }
    Ok(())
}

/// The table.
fn report(plan: &Plan, all: &[Found]) -> String {
    let mut table = Table::new(
        1,
        [
            "kept events",
            "idle CPU, ms per s",
            "CPU per request, µs",
            "x none",
            "RSS, MiB",
            "linear memory, MiB",
        ],
    );
    let none = all.get(1);
    for kept in all {
        table.row([
            kept.name.to_owned(),
            figure(Some(kept.idle)),
            figure(median(&kept.cpu)),
            markdown::ratio(none.and_then(|none| ratio(&kept.cpu, &none.cpu))),
            mebibytes(kept.resident as f64),
            mebibytes(kept.linear as f64),
        ]);
    }
    let about = format!(
        ": idle in the first {} s after they failed, then under requests for another webhook",
        plan.idle.as_secs()
    );
    format!("{about}\n\n{table}")
}
