//! One shape: its contenders side by side, in interleaved rounds.

use crate::body::Template;
use crate::contender::{Kind, Running, Site};
use crate::job;
use crate::load::{self, Answers};
use crate::process;
use crate::rig::Rig;
use crate::shape::Shape;
use crate::stats::{median, quantile};
use crate::webhooks::Webhooks;
use anyhow::{Context, Result};
use serde_json::{json, Value};
use std::time::Duration;

/// Rounds at a fixed rate, at most; each takes twice the time of the others, because a p99 needs
/// many requests.
const LATENCY_ROUNDS: usize = 5;
/// Connections to the webhooks are made and tables are filled in this time, which is not counted.
const WARM_UP: Duration = Duration::from_millis(700);

/// The measurements of one contender.
#[derive(Clone, Debug)]
pub(crate) struct Findings {
    pub(crate) kind: Kind,
    /// The webhooks got the contract's payloads.
    pub(crate) does_the_job: bool,
    /// CPU time per collection request in each round, in microseconds.
    pub(crate) cpu: Vec<f64>,
    /// Requests per second in each round.
    pub(crate) throughput: Vec<f64>,
    /// The share of a core that it used in each round; far below 1, something else was what kept it
    /// from more.
    pub(crate) busy: Vec<f64>,
    /// Half and 99 of a hundred requests took at most this long in each round, in microseconds.
    pub(crate) p50: Vec<f64>,
    pub(crate) p99: Vec<f64>,
    /// Resident memory at the end, in bytes.
    pub(crate) resident: u64,
    pub(crate) requests: u64,
    /// Answers other than 200.
    pub(crate) refused: u64,
    /// Calls at the webhooks for these requests.
    pub(crate) calls: u64,
}

/// A shape and what was found out about its contenders.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) shape: Shape,
    /// Requests per second at which latency was measured, the same for all.
    pub(crate) rate: f64,
    pub(crate) findings: Vec<Findings>,
}

impl Outcome {
    pub(crate) fn of(&self, kind: Kind) -> Option<&Findings> {
        self.findings.iter().find(|findings| findings.kind == kind)
    }
}

/// The contenders of a shape, started.
pub(crate) struct Field {
    pub(crate) shape: Shape,
    pub(crate) webhooks: Webhooks,
    _dead: Webhooks,
    pub(crate) running: Vec<(Running, Template)>,
}

impl Field {
    /// Starts these contenders and webhooks; `extra` is laid over the module's configuration.
    pub(crate) async fn start(
        rig: &Rig,
        shape: &Shape,
        kinds: &[Kind],
        extra: Value,
    ) -> Result<Self> {
        let webhooks = Webhooks::start(shape.webhooks, shape.http2)?;
        let dead = Webhooks::refusing(shape.dead)?;
        let addresses: Vec<_> = webhooks.addresses().chain(dead.addresses()).collect();
        let site = Site {
            settings: &rig.settings,
            shape,
            webhooks: &addresses,
            extra,
            core: rig.proxy_core,
        };
        let mut running = Vec::new();
        for kind in kinds {
            let template = Template::new(&kind.sent(shape), &rig.serial);
            running.push((Running::start(*kind, &site)?, template));
        }
        Ok(Self {
            shape: *shape,
            webhooks,
            _dead: dead,
            running,
        })
    }

    /// Loads one contender with what the field was started for.
    pub(crate) async fn load(&self, index: usize, time: Duration) -> Result<Turn> {
        self.load_with(index, &self.shape, &self.running[index].1, time)
            .await
    }

    /// Loads one contender; what came back, its CPU time, and its calls, those that came after the
    /// answers included.
    pub(crate) async fn load_with(
        &self,
        index: usize,
        shape: &Shape,
        template: &Template,
        time: Duration,
    ) -> Result<Turn> {
        let (contender, _) = &self.running[index];
        let calls = self.webhooks.calls();
        let cpu = process::cpu_time(&contender.pids)?;
        let answers = load::closed(contender.address, template, connections(shape), time)
            .await
            .with_context(|| contender.kind.name())?;
        let due = calls + answers.requests() * shape.calls();
        self.webhooks.settle(due).await;
        let cpu = process::cpu_time(&contender.pids)? - cpu;
        let calls = self.webhooks.calls() - calls;
        Ok(Turn {
            answers,
            cpu,
            calls,
        })
    }
}

/// How many requests are sent at a time: so many that one core is busy, and so few that calls in
/// flight stay below the 256 to a webhook that the module allows itself, and connections below a
/// thousand.
fn connections(shape: &Shape) -> usize {
    let calls = shape.events * shape.webhooks.max(4);
    (800 / calls.max(1)).clamp(1, load::CONNECTIONS)
}

/// One contender's turn in a round.
pub(crate) struct Turn {
    pub(crate) answers: Answers,
    pub(crate) cpu: Duration,
    pub(crate) calls: u64,
}

impl Turn {
    /// In microseconds.
    pub(crate) fn cpu_per_request(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.answers.requests() as f64
    }
}

/// Measures a shape with every contender that takes part.
pub(crate) async fn run(rig: &Rig, shape: &Shape, kinds: &[Kind]) -> Result<Outcome> {
    let field = Field::start(rig, shape, kinds, json!({})).await?;
    let mut findings = Vec::new();
    for (contender, template) in &field.running {
        let does_the_job =
            job::does_it(contender, template, &field.webhooks, shape.webhooks).await?;
        findings.push(Findings::new(contender.kind, does_the_job));
    }
    for index in 0..kinds.len() {
        field.load(index, WARM_UP).await?;
    }
    for _ in 0..rig.settings.rounds {
        for (index, findings) in findings.iter_mut().enumerate() {
            findings.add(&field.load(index, rig.settings.seconds).await?);
        }
    }
    let rate = rate(&findings);
    for _ in 0..LATENCY_ROUNDS.min(rig.settings.rounds) {
        for (index, findings) in findings.iter_mut().enumerate() {
            let (contender, template) = &field.running[index];
            let calls = field.webhooks.calls();
            let time = rig.settings.seconds * 2;
            let answers = load::open(contender.address, template, rate, time).await?;
            field
                .webhooks
                .settle(calls + answers.requests() * shape.calls())
                .await;
            findings.p50.extend(quantile(&answers.latencies, 0.5));
            findings.p99.extend(quantile(&answers.latencies, 0.99));
        }
    }
    for (findings, (contender, _)) in findings.iter_mut().zip(&field.running) {
        findings.resident = process::resident(&contender.pids)?;
    }
    Ok(Outcome {
        shape: *shape,
        rate,
        findings,
    })
}

impl Findings {
    fn new(kind: Kind, does_the_job: bool) -> Self {
        Self {
            kind,
            does_the_job,
            cpu: Vec::new(),
            throughput: Vec::new(),
            busy: Vec::new(),
            p50: Vec::new(),
            p99: Vec::new(),
            resident: 0,
            requests: 0,
            refused: 0,
            calls: 0,
        }
    }

    fn add(&mut self, turn: &Turn) {
        let requests = turn.answers.requests();
        self.cpu.push(turn.cpu_per_request());
        self.throughput
            .push(requests as f64 / turn.answers.took.as_secs_f64());
        self.busy
            .push(turn.cpu.as_secs_f64() / turn.answers.took.as_secs_f64());
        self.requests += requests;
        self.refused += turn.answers.refused;
        self.calls += turn.calls;
    }
}

/// Half of what the slowest of the module and its floors can do, in whole hundreds where there are
/// some.
fn rate(findings: &[Findings]) -> f64 {
    let slowest = |counts: fn(&Findings) -> bool| {
        findings
            .iter()
            .filter(|findings| counts(findings))
            .filter_map(|findings| median(&findings.throughput))
            .reduce(f64::min)
    };
    let half = slowest(|findings| !is_peer(findings))
        .or_else(|| slowest(is_peer))
        .unwrap_or(2.0)
        / 2.0;
    if half >= 200.0 {
        (half / 100.0).floor() * 100.0
    } else {
        half.max(1.0).floor()
    }
}

fn is_peer(findings: &Findings) -> bool {
    matches!(findings.kind, Kind::Lua | Kind::Service)
}
