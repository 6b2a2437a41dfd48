//! What a thousand events that are kept for a retry cost, while they wait and while they are tried.

use crate::body::Template;
use crate::client::Connection;
use crate::contender::{Kind, Running, Site};
use crate::load;
use crate::process;
use crate::rig::Rig;
use crate::shape::Shape;
use crate::stats::{median, ratio};
use crate::table::{self, figure, mebibytes, Table};
use crate::webhooks::Webhooks;
use anyhow::{ensure, Result};
use serde_json::{json, Value};
use std::time::Duration;

const ID: &str = "kept";
const EVENTS: usize = 1000;
const IDLE: Duration = Duration::from_secs(5);
/// The name of the events that are kept: only the dead webhook wants them, and nothing else.
const NAME: &str = "Kept For Later";

/// The module in one state, or the floor beside it.
#[derive(Debug)]
pub(crate) struct Kept {
    name: &'static str,
    /// CPU time per second without any request, in milliseconds.
    idle: f64,
    /// CPU time per request in each round, in microseconds.
    cpu: Vec<f64>,
    resident: u64,
    linear: u64,
}

/// Measures the module with no kept event, with a thousand that wait long, and with a thousand that are tried with the
/// defaults. All requests go to a webhook that works.
pub(crate) async fn run(rig: &Rig) -> Result<Vec<Kept>> {
    if !Kind::Module.takes_part(&rig.settings, ID) {
        return Ok(Vec::new());
    }
    rig.say(&format!("{EVENTS} kept events"));
    let works = Webhooks::start(1, false)?;
    let dead = Webhooks::refusing(1)?;
    let all = contenders(rig, &works, &dead)?;
    let kept_events = Template::named(NAME, &shape(), &rig.serial);
    for (_, contender) in &all[2..] {
        fail(contender, &kept_events).await?;
    }
    let before = all
        .each_ref()
        .map(|(_, contender)| process::cpu_time(&contender.pids));
    tokio::time::sleep(IDLE).await;
    let mut kept = Vec::new();
    for ((name, contender), before) in all.iter().zip(before) {
        let idle = process::cpu_time(&contender.pids)? - before?;
        kept.push(Kept {
            name,
            idle: idle.as_secs_f64() * 1e3 / IDLE.as_secs_f64(),
            cpu: Vec::new(),
            resident: process::resident(&contender.pids)?,
            linear: process::wasm_memory(&contender.pids)?,
        });
    }
    let template = Template::new(&shape(), &rig.serial);
    // The first round warms up. Half of the floor's calls would go to the dead webhook, so it is only looked at idle.
    for round in 0..=rig.settings.rounds {
        for (kept, (_, contender)) in kept.iter_mut().zip(&all).skip(1) {
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
    Ok(kept)
}

fn shape() -> Shape {
    Shape {
        dead: 1,
        ..Shape::new(1, 1, false)
    }
}

fn contenders(
    rig: &Rig,
    works: &Webhooks,
    dead: &Webhooks,
) -> Result<[(&'static str, Running); 4]> {
    let addresses: Vec<_> = works.addresses().chain(dead.addresses()).collect();
    let start = |kind, retry: &Value| {
        let site = Site {
            settings: &rig.settings,
            shape: &shape(),
            webhooks: &addresses,
            extra: json!({"webhooks": webhooks(), "retry": retry}),
            core: rig.proxy_core,
        };
        Running::start(kind, &site)
    };
    let waits_long = json!({"initial_backoff": "300s", "max_backoff": "3600s"});
    Ok([
        ("floor-2", start(Kind::Floor2, &json!({}))?),
        ("module, none", start(Kind::Module, &json!({}))?),
        ("module, 1,000 that wait", start(Kind::Module, &waits_long)?),
        (
            "module, 1,000 that are tried",
            start(Kind::Module, &json!({}))?,
        ),
    ])
}

/// The first, which works, gets everything but what is to be kept.
fn webhooks() -> Value {
    let webhook = |name: &str, events: Value| json!({"name": name, "url": "http://webhook.example.com/in", "cluster": name, "events": events});
    let (others, kept) = (json!({"deny": [NAME]}), json!({"allow": [NAME]}));
    json!([webhook("w0", others), webhook("w1", kept)])
}

async fn fail(contender: &Running, template: &Template) -> Result<()> {
    let mut template = template.clone();
    let mut connection = Connection::open(contender.address).await?;
    for _ in 0..EVENTS {
        let status = connection.exchange(template.next()).await?;
        ensure!(status == 503, "a dead webhook led to status {status}");
    }
    Ok(())
}

/// The table.
pub(crate) fn report(all: &[Kept]) -> String {
    let mut table = Table::new([
        "kept events",
        "idle CPU, ms per s",
        "CPU per request, µs",
        "x none",
        "RSS, MiB",
        "linear memory, MiB",
    ]);
    let none = all.get(1);
    for kept in all {
        table.row([
            kept.name.to_owned(),
            figure(Some(kept.idle)),
            figure(median(&kept.cpu)),
            table::ratio(none.and_then(|none| ratio(&kept.cpu, &none.cpu))),
            mebibytes(kept.resident as f64),
            mebibytes(kept.linear as f64),
        ]);
    }
    let about = format!(
        "`{ID}`: idle in the first {} s after they failed, then under requests for another webhook",
        IDLE.as_secs()
    );
    format!("### 1,000 kept events\n\n{about}\n\n{table}")
}
