//! A thousand requests in flight: what they take, and what stays.

use crate::contender::Kind;
use crate::load;
use crate::process;
use crate::rig::Rig;
use crate::rounds::Field;
use crate::shape::Shape;
use crate::table::{mebibytes, Table};
use anyhow::Result;
use serde_json::json;
use std::time::Duration;

const ID: &str = "memory";
/// Requests of one event each.
const IN_FLIGHT: usize = 1000;
/// How long the webhook takes; the module has 256 calls in flight, so that the last request is answered after four of these.
const SLOW: Duration = Duration::from_millis(2500);

/// Bytes of a contender at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Of all its processes.
    pub(crate) resident: u64,
    /// Of its VMs; 0 without any.
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
    /// Answers that were 200, of a thousand.
    accepted: u64,
}

impl Memory {
    /// What the linear memory has grown by, in bytes.
    pub(crate) fn growth(&self) -> f64 {
        self.in_flight.linear as f64 - self.idle.linear as f64
    }

    /// What the resident memory has grown by, in bytes; most of it is Envoy's, for its connections.
    pub(crate) fn resident_growth(&self) -> f64 {
        self.in_flight.resident as f64 - self.idle.resident as f64
    }

    /// Resident memory afterwards, by what it was before.
    pub(crate) fn back(&self) -> f64 {
        self.after.resident as f64 / self.idle.resident as f64
    }
}

/// Measures each contender alone.
pub(crate) async fn run(rig: &Rig) -> Result<Vec<Memory>> {
    let kinds = [Kind::Floor1, Kind::Floor2, Kind::Module, Kind::OtherModule];
    let mut all = Vec::new();
    for kind in kinds
        .into_iter()
        .filter(|kind| kind.takes_part(&rig.settings, ID))
    {
        rig.say(&format!("{IN_FLIGHT} requests in flight: {}", kind.name()));
        all.push(one(rig, kind).await?);
    }
    Ok(all)
}

async fn one(rig: &Rig, kind: Kind) -> Result<Memory> {
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
    field.webhooks.answer_after(SLOW);
    let burst = tokio::spawn({
        let (address, template) = (contender.address, template.clone());
        async move { load::burst(address, &template, IN_FLIGHT).await }
    });
    tokio::time::sleep(SLOW * 4 / 5).await;
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
pub(crate) fn report(all: &[Memory]) -> String {
    let mut table = Table::new([
        "RSS (linear memory), MiB",
        "idle",
        "1,000 in flight",
        "2 s after",
        "linear memory grew by",
        "answers 200",
    ]);
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
        "### Memory\n\n`{ID}`: one worker, one event each, a webhook that takes {} s\n\n{table}",
        SLOW.as_secs_f64()
    )
}
