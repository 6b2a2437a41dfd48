//! A thousand requests in flight: what they take, and what stays.

use crate::kind::Kind;
use crate::load;
use crate::process;
use crate::rig::Rig;
use crate::rounds::Field;
use crate::shape::Shape;
use anyhow::Result;
use freshpaint_harness::markdown::{mebibytes, Table};
use serde_json::json;
use std::time::Duration;

/// How many requests are in flight, and how long.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Requests of one event each.
    pub(crate) in_flight: usize,
    /// How long the webhook takes to answer.
    pub(crate) latency: Duration,
}

/// Bytes of a contender at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// RSS of all its processes.
    pub(crate) resident: u64,
    /// Linear memory of its VMs; 0 without any.
    pub(crate) linear: u64,
}

/// The three moments.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    pub(crate) kind: Kind,
    /// Warm, with nothing to do.
    pub(crate) idle: Sample,
    pub(crate) in_flight: Sample,
    /// Two seconds after the last answer.
    pub(crate) after: Sample,
    /// How many answers were 200.
    accepted: u64,
}

impl Memory {
    /// By how many bytes the linear memory has grown.
    pub(crate) fn growth(&self) -> f64 {
        self.in_flight.linear as f64 - self.idle.linear as f64
    }

    /// By how many bytes RSS has grown; most of it is Envoy's, for its connections.
    pub(crate) fn resident_growth(&self) -> f64 {
        self.in_flight.resident as f64 - self.idle.resident as f64
    }

    /// Resident memory afterwards, by what it was before.
    pub(crate) fn back(&self) -> f64 {
        self.after.resident as f64 / self.idle.resident as f64
    }
}

/// Measures each contender alone.
pub(crate) async fn run(rig: &Rig, plan: &Plan, kinds: &[Kind]) -> Result<Vec<Memory>> {
    let mut all = Vec::new();
    for kind in kinds {
        all.push(one(rig, plan, *kind).await?);
    }
    Ok(all)
}

async fn one(rig: &Rig, plan: &Plan, kind: Kind) -> Result<Memory> {
    let field = Field::start(rig, &Shape::new(1, 1, false), &[kind], json!({})).await?;
    let (contender, template) = &field.running[0];
    field.load(0, Duration::from_secs(1)).await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let sample = || -> Result<Sample> {
        Ok(Sample {
            resident: process::resident(&contender.pids)?,
            linear: process::wasm_memory(&contender.pids)?,
        })
    };
    let idle = sample()?;
    field.webhooks.answer_after(plan.latency);
    let burst = tokio::spawn({
        let (address, template) = (contender.address, template.clone());
        let requests = plan.in_flight;
        async move { load::burst(address, &template, requests).await }
    });
    tokio::time::sleep(plan.latency * 4 / 5).await;
    let in_flight = sample()?;
    let accepted = burst.await??.accepted;
    tokio::time::sleep(Duration::from_secs(2)).await;
    Ok(Memory {
        kind,
        idle,
        in_flight,
        after: sample()?,
        accepted,
    })
}

/// The table.
pub(crate) fn report(plan: &Plan, all: &[Memory]) -> String {
    let mut table = Table::new(
        1,
        [
            "RSS (linear memory), MiB",
            "idle",
            "1,000 in flight",
            "2 s after",
            "linear memory grew by",
            "answers 200",
        ],
    );
    let shown = |sample: Sample| {
        let (resident, linear) = (
            mebibytes(sample.resident as f64),
            mebibytes(sample.linear as f64),
        );
        format!("{resident} ({linear})")
    };
    for memory in all {
        table.row([
            memory.kind.name().to_owned(),
            shown(memory.idle),
            shown(memory.in_flight),
            shown(memory.after),
            mebibytes(memory.growth()),
            memory.accepted.to_string(),
        ]);
    }
    format!(
        ": one worker, one event each, a webhook that takes {} s\n\n{table}",
        plan.latency.as_secs_f64()
    )
}
