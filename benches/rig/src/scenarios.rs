//! Every scenario of `make bench`, in the order in which they run. A new one is one entry here.

use crate::bounds::Results;
use crate::kind::Kind;
use crate::rig::Rig;
use crate::settings::Settings;
use crate::shape::Shape;
use crate::{kept, memory, report, rounds, scaling, slow, start, watched};
use anyhow::Result;
use serde_json::json;
use std::time::Duration;

/// One scenario: who takes part, and what is measured.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    /// `BENCH_ONLY` chooses by `<id>/<contender>`.
    pub(crate) id: String,
    /// The contenders, in the order of their turns.
    contenders: Vec<Kind>,
    measure: Measure,
}

/// A kind of measurement; each is one file.
#[derive(Clone, Debug)]
enum Measure {
    /// CPU, throughput and latency under one shape of load.
    Rounds(Shape),
    /// The cost of events that are kept for a retry.
    Kept(kept::Plan),
    /// Throughput to webhooks that are slow.
    Slow(slow::Plan),
    /// CPU while somebody looks at the live page.
    Watched(watched::Plan),
    /// Memory with many requests in flight, and after them.
    Memory(memory::Plan),
    /// `envoy --mode validate`.
    Start { runs: usize },
    /// CPU for a call, as batches and webhooks grow.
    Scaling(scaling::Plan),
}

/// The module, another build of it, and the floors.
const MODULE_AND_FLOORS: &[Kind] = &[Kind::Floor1, Kind::Floor2, Kind::Module, Kind::OtherModule];

/// Every contender that does the job, and the floors.
const ALL: &[Kind] = &[
    Kind::Floor1,
    Kind::Floor2,
    Kind::Module,
    Kind::OtherModule,
    Kind::Lua,
    Kind::Service,
];

/// Over HTTP/1.1, where users begin, also what else one may run.
const MORE: &[Kind] = &[
    Kind::Floor1,
    Kind::Floor2,
    Kind::Module,
    Kind::OtherModule,
    Kind::ModuleBatch,
    Kind::ModuleEgress,
    Kind::ModuleTwice,
    Kind::Lua,
    Kind::Service,
    Kind::ServiceBatch,
    Kind::ServiceAlone,
];

/// Every scenario.
pub(crate) fn all() -> Vec<Scenario> {
    let small = Shape::new(1, 1, false);
    let mut shapes = Vec::new();
    for http2 in [false, true] {
        for (events, webhooks) in [(1, 1), (1, 3), (20, 1), (20, 3)] {
            shapes.push(Shape::new(events, webhooks, http2));
        }
    }
    let (dead, properties) = (1, 10_000);
    shapes.push(Shape { dead, ..small });
    shapes.push(Shape {
        properties,
        ..small
    });
    let mut all: Vec<_> = shapes
        .into_iter()
        .map(|shape| Scenario {
            id: shape.id(),
            contenders: contenders(&shape),
            measure: Measure::Rounds(shape),
        })
        .collect();

    all.push(Scenario {
        id: "kept".to_owned(),
        contenders: vec![Kind::Module],
        measure: Measure::Kept(kept::Plan {
            events: 1000,
            idle: Duration::from_secs(5),
            states: vec![
                kept::State::without("floor-2", Kind::Floor2),
                kept::State::without("module, none", Kind::Module),
                kept::State::with(
                    "module, 1,000 that wait",
                    json!({"initial_backoff": "300s", "max_backoff": "3600s"}),
                ),
                kept::State::with("module, 1,000 that are tried", json!({})),
            ],
        }),
    });
    all.push(Scenario {
        id: "slow".to_owned(),
        contenders: vec![Kind::Module, Kind::OtherModule],
        measure: Measure::Slow(slow::Plan {
            rounds: 3,
            latencies: [&[0][..], &[2], &[5], &[10], &[50], &[500], &[1, 1000]]
                .map(|turns| turns.iter().copied().map(Duration::from_millis).collect())
                .to_vec(),
        }),
    });
    all.push(Scenario {
        id: "watched".to_owned(),
        contenders: vec![Kind::Module, Kind::ModuleWatched],
        measure: Measure::Watched(watched::Plan {
            shape: Shape::new(20, 3, false),
        }),
    });
    all.push(Scenario {
        id: "memory".to_owned(),
        contenders: MODULE_AND_FLOORS.to_vec(),
        measure: Measure::Memory(memory::Plan {
            in_flight: 1000,
            // The module has 256 calls in flight, so the last answer comes after four of these.
            latency: Duration::from_millis(2500),
        }),
    });
    all.push(Scenario {
        id: "start".to_owned(),
        contenders: MODULE_AND_FLOORS.to_vec(),
        measure: Measure::Start { runs: 5 },
    });
    let webhooks = [1, 2, 4, 10, 16, 32];
    all.push(Scenario {
        id: "scaling".to_owned(),
        contenders: vec![Kind::Floor2, Kind::Module, Kind::OtherModule],
        measure: Measure::Scaling(scaling::Plan {
            rounds: 5,
            // Floor 2 makes all calls at once, each on a connection over HTTP/1.1. With more
            // calls it would measure the kernel.
            max_floor_2_calls: 640,
            curves: vec![
                (
                    "1 to 2,500 events, 1 webhook",
                    [1, 10, 100, 1000, 2500]
                        .map(|events| Shape::new(events, 1, false))
                        .to_vec(),
                ),
                (
                    "1 event, 1 to 32 webhooks",
                    webhooks
                        .map(|webhooks| Shape::new(1, webhooks, false))
                        .to_vec(),
                ),
                (
                    "20 events, 1 to 32 webhooks",
                    webhooks
                        .map(|webhooks| Shape::new(20, webhooks, false))
                        .to_vec(),
                ),
            ],
        }),
    });
    all
}

/// The contenders whose figures for a shape say something that others do not.
fn contenders(shape: &Shape) -> Vec<Kind> {
    if shape.http2 || shape.is_special() {
        return ALL.to_vec();
    }
    let tells = |kind: &Kind| match kind {
        Kind::ModuleEgress | Kind::ModuleTwice => shape.webhooks == 1,
        Kind::ServiceAlone => shape.events > 1,
        _ => true,
    };
    MORE.iter().copied().filter(tells).collect()
}

impl Scenario {
    /// The contenders that this run was asked for.
    pub(crate) fn taking_part(&self, settings: &Settings) -> Vec<Kind> {
        let wanted = |kind: &Kind| kind.takes_part(settings, &self.id);
        self.contenders.iter().copied().filter(wanted).collect()
    }

    /// Measures these contenders, adds what it found to `results`, and gives the report's section.
    pub(crate) async fn run(
        &self,
        rig: &Rig,
        kinds: &[Kind],
        results: &mut Results,
    ) -> Result<String> {
        let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
        rig.say(&format!("{}: {}", self.id, names.join(", ")));
        Ok(match &self.measure {
            Measure::Rounds(shape) => {
                let outcome = rounds::run(rig, shape, kinds).await?;
                let section = report::shape(&outcome);
                results.outcomes.push(outcome);
                section
            }
            Measure::Kept(plan) => self.section("1,000 kept events", &kept::run(rig, plan).await?),
            Measure::Slow(plan) => {
                self.section("Slow webhooks", &slow::run(rig, plan, kinds).await?)
            }
            Measure::Watched(plan) => {
                self.section("The live page", &watched::run(rig, plan, kinds).await?)
            }
            Measure::Memory(plan) => {
                results.memory = memory::run(rig, plan, kinds).await?;
                self.section("Memory", &memory::report(plan, &results.memory))
            }
            Measure::Start { runs } => {
                results.start = start::run(rig, *runs, kinds)?;
                self.section("Start", &start::report(&results.start))
            }
            Measure::Scaling(plan) => {
                results.scaling = scaling::run(rig, plan, kinds).await?;
                self.section("Scaling", &scaling::report(&results.scaling))
            }
        })
    }

    fn section(&self, title: &str, body: &str) -> String {
        format!("### {title}\n\n`{}`{body}", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique() {
        let all = all();
        let mut ids: Vec<_> = all.iter().map(|scenario| &scenario.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!((ids.len(), all.len()), (16, 16));
    }
}
