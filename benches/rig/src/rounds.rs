//! One shape: its contenders side by side, in interleaved rounds.

use crate::body::Template;
use crate::contender::Running;
use crate::job;
use crate::kind::{Kind, Site};
use crate::load::{self, Answers};
use crate::process;
use crate::rig::Rig;
use crate::shape::Shape;
use crate::stats::{median, quantile};
use crate::webhooks::Webhooks;
use anyhow::{Context, Result};
use serde_json::{json, Value};
use std::time::Duration;

/// Rounds at a fixed rate for each of the others, which are twice as long: over HTTP/1.1, and in
/// all other shapes. A p99 needs many.
const FIXED_ROUNDS: [f64; 2] = [2.0, 0.5];
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
    /// At a fixed rate, in the order of [`Outcome::rates`].
    pub(crate) fixed: [Fixed; 2],
    /// Resident memory at the end, in bytes.
    pub(crate) resident: u64,
    pub(crate) requests: u64,
    /// Answers other than 200.
    pub(crate) refused: u64,
    /// Calls at the webhooks for these requests.
    pub(crate) calls: u64,
}

/// The measurements of one contender at a rate, in microseconds in each round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fixed {
    /// CPU time per collection request.
    pub(crate) cpu: Vec<f64>,
    /// Half and 99 of a hundred requests took at most this long.
    pub(crate) p50: Vec<f64>,
    pub(crate) p99: Vec<f64>,
}

/// A shape and what was found out about its contenders.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) shape: Shape,
    /// An eighth and a half of the requests per second of the slowest contender, which all can
    /// carry.
    pub(crate) rates: [f64; 2],
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
        let load = Load::Closed(connections(&self.shape));
        self.load_with(index, &self.shape, &self.running[index].1, load, time)
            .await
    }

    /// Loads one contender; what came back, its CPU time, and its calls, those that came after the
    /// answers included.
    pub(crate) async fn load_with(
        &self,
        index: usize,
        shape: &Shape,
        template: &Template,
        load: Load,
        time: Duration,
    ) -> Result<Turn> {
        let (contender, _) = &self.running[index];
        self.webhooks.count_events(contender.kind.batches());
        let calls = self.webhooks.calls();
        let cpu = process::cpu_time(&contender.pids)?;
        let to = contender.address;
        let answers = match load {
            Load::Closed(connections) => load::closed(to, template, connections, time).await,
            Load::Open(rate) => load::open(to, template, rate, time).await,
        };
        let answers = answers.with_context(|| contender.kind.name())?;
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
pub(crate) fn connections(shape: &Shape) -> usize {
    let calls = shape.events * shape.webhooks.max(4);
    (800 / calls.max(1)).clamp(1, load::CONNECTIONS)
}

/// How requests are sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Load {
    /// On so many connections, each when the one before is answered.
    Closed(usize),
    /// So many per second.
    Open(f64),
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
    let rates = rates(&findings);
    let [often, seldom] = FIXED_ROUNDS;
    let times = if shape.http2 || shape.is_special() {
        seldom
    } else {
        often
    };
    let fixed_rounds = (rig.settings.rounds as f64 * times).ceil() as usize;
    for round in 0..fixed_rounds {
        // The lower rate has no p99 that anybody asks for.
        for (at, rate) in rates.into_iter().enumerate().skip(round % 2) {
            for (index, findings) in findings.iter_mut().enumerate() {
                let time = rig.settings.seconds.as_secs_f64() / 2.0;
                let time = Duration::from_secs_f64(time.max(4.0 / rate));
                let load = Load::Open(rate);
                let template = &field.running[index].1;
                let turn = field.load_with(index, shape, template, load, time).await?;
                findings.fixed[at].add(&turn);
            }
        }
    }
    for (findings, (contender, _)) in findings.iter_mut().zip(&field.running) {
        findings.resident = process::resident(&contender.pids)?;
    }
    Ok(Outcome {
        shape: *shape,
        rates,
        findings,
    })
}

impl Findings {
    pub(crate) fn new(kind: Kind, does_the_job: bool) -> Self {
        Self {
            kind,
            does_the_job,
            cpu: Vec::new(),
            throughput: Vec::new(),
            busy: Vec::new(),
            fixed: Default::default(),
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

impl Fixed {
    fn add(&mut self, turn: &Turn) {
        self.cpu.push(turn.cpu_per_request());
        self.p50.extend(quantile(&turn.answers.latencies, 0.5));
        self.p99.extend(quantile(&turn.answers.latencies, 0.99));
    }
}

/// An eighth and a half of what the slowest can do, in whole requests per second.
fn rates(findings: &[Findings]) -> [f64; 2] {
    let all = findings.iter();
    let slowest = all.filter_map(|findings| median(&findings.throughput));
    let slowest = slowest.reduce(f64::min).unwrap_or(2.0);
    [8.0, 2.0].map(|part| (slowest / part).floor().max(1.0))
}
