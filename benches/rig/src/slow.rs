//! Throughput to slow webhooks: a webhook gets as many calls at a time as its latency needs.

use crate::body::Template;
use crate::kind::Kind;
use crate::rig::Rig;
use crate::rounds::{Field, Load};
use crate::shape::Shape;
use crate::stats::median;
use anyhow::Result;
use freshpaint_harness::markdown::{figure, Table};
use serde_json::json;
use std::time::Duration;

/// Requests of 20 events, and so five times the calls that may be under way.
const CONNECTIONS: usize = 64;

/// The latencies to measure.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    /// How long a webhook takes in turn, each for a second.
    pub(crate) latencies: Vec<Vec<Duration>>,
}

/// Measures all contenders at each latency and gives the table.
pub(crate) async fn run(rig: &Rig, plan: &Plan, kinds: &[Kind]) -> Result<String> {
    let shape = Shape::new(20, 1, false);
    let field = Field::start(rig, &shape, kinds, json!({})).await?;
    let template = Template::new(&shape, &rig.serial);
    let mut found = vec![vec![Vec::new(); kinds.len()]; plan.latencies.len()];
    for _ in 0..plan.rounds.min(rig.settings.rounds) {
        for (latencies, found) in plan.latencies.iter().zip(&mut found) {
            for (index, found) in found.iter_mut().enumerate() {
                let turns = field.webhooks.take_turns(latencies.clone());
                let longest = latencies.iter().max().copied().unwrap_or_default();
                let time = Duration::from_secs(latencies.len() as u64).max(longest * 4);
                let load = Load::Closed(CONNECTIONS);
                let turn = field
                    .load_with(index, &shape, &template, load, time)
                    .await?;
                turns.abort();
                found.push(turn.calls as f64 / turn.answers.took.as_secs_f64());
            }
        }
    }
    Ok(report(plan, kinds, &found))
}

fn report(plan: &Plan, kinds: &[Kind], found: &[Vec<Vec<f64>>]) -> String {
    let names = kinds.iter().map(|kind| kind.name());
    let mut table = Table::new(1, ["events/s"].into_iter().chain(names));
    for (latencies, found) in plan.latencies.iter().zip(found) {
        let latencies = latencies.iter().map(Duration::as_millis);
        let latencies: Vec<_> = latencies.map(|millis| format!("{millis} ms")).collect();
        let rates = found.iter().map(|rates| figure(median(rates)));
        table.row([latencies.join(" and ")].into_iter().chain(rates));
    }
    format!(": {CONNECTIONS} batches of 20 at a time, one webhook, by how long it takes\n\n{table}")
}
