//! The live page's cost: collection while somebody looks, against an Envoy without the page.

use crate::kind::Kind;
use crate::rig::Rig;
use crate::rounds::{Field, Turn};
use crate::shape::Shape;
use crate::stats::{median, ratio};
use anyhow::{ensure, Result};
use freshpaint_harness::markdown::{figure, Table};
use freshpaint_harness::Request;
use serde_json::{json, Value};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often an open page asks for each of its two parts.
const PAGE_ASKS_EVERY: Duration = Duration::from_secs(1);
/// By now each worker knows that somebody looks.
const KNOWN_AFTER: Duration = Duration::from_secs(2);

/// The measured cases.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// So few events that no request is cut, and so many webhooks that deliveries are many.
    pub(crate) shape: Shape,
}

/// An open page, which closes with the value.
struct Page {
    is_open: Arc<AtomicBool>,
    records: Arc<AtomicUsize>,
    asking: Option<JoinHandle<()>>,
}

impl Page {
    fn open(monitor: SocketAddr) -> Self {
        let is_open = Arc::new(AtomicBool::new(true));
        let records = Arc::<AtomicUsize>::default();
        let (goes_on, seen) = (Arc::clone(&is_open), Arc::clone(&records));
        let asking = thread::spawn(move || {
            let mut cursor = String::new();
            let get = |path: String| -> Option<Value> {
                let answer = Request::get(&path).send(monitor).ok()?;
                serde_json::from_str(&answer.text()).ok()
            };
            while goes_on.load(Ordering::Relaxed) {
                get("/api/v1/status".into());
                if let Some(answer) = get(format!("/api/v1/records?after={cursor}")) {
                    cursor = answer["cursor"].as_str().unwrap_or_default().to_owned();
                    let new = answer["records"].as_array().map_or(0, Vec::len);
                    seen.fetch_add(new, Ordering::Relaxed);
                }
                thread::sleep(PAGE_ASKS_EVERY);
            }
        });
        Self {
            is_open,
            records,
            asking: Some(asking),
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.is_open.store(false, Ordering::Relaxed);
        let asking = self.asking.take().map(JoinHandle::join);
        drop(asking);
    }
}

/// Measures the contenders in turn and gives the table.
pub(crate) async fn run(rig: &Rig, plan: &Plan, kinds: &[Kind]) -> Result<String> {
    let field = Field::start(rig, &plan.shape, kinds, json!({})).await?;
    let monitors = field.running.iter().filter_map(|(one, _)| one.monitor());
    let pages: Vec<_> = monitors.map(Page::open).collect();
    tokio::time::sleep(KNOWN_AFTER).await;
    let mut found = vec![Vec::new(); kinds.len()];
    let mut rates = found.clone();
    for round in 0..=rig.settings.rounds {
        for (index, (found, rates)) in found.iter_mut().zip(&mut rates).enumerate() {
            let Turn {
                answers,
                cpu,
                calls,
            } = field.load(index, rig.settings.seconds).await?;
            // The first round warms up.
            if round > 0 {
                found.push(cpu.as_secs_f64() * 1e6 / calls as f64);
                rates.push(calls as f64 / answers.took.as_secs_f64());
            }
        }
    }
    for page in &pages {
        let records = page.records.load(Ordering::Relaxed);
        ensure!(records > 0, "the page was shown nothing");
    }
    Ok(report(plan, kinds, &found, &rates))
}

fn report(plan: &Plan, kinds: &[Kind], found: &[Vec<f64>], rates: &[Vec<f64>]) -> String {
    let heads = ["", "deliveries/s", "CPU per delivery, µs", "x the first"];
    let mut table = Table::new(1, heads);
    for ((kind, cpu), rates) in kinds.iter().zip(found).zip(rates) {
        let times = found.first().and_then(|first| ratio(cpu, first));
        table.row([
            kind.name().to_owned(),
            figure(median(rates)),
            figure(median(cpu)),
            times.map_or_else(String::new, |times| format!("{times:.3}")),
        ]);
    }
    format!(": {}\n\n{table}", plan.shape)
}
