//! The cost of a call as batches grow and webhooks are added: it must not depend on either.

use crate::body::Template;
use crate::kind::Kind;
use crate::plot::{Line, Plot};
use crate::rig::Rig;
use crate::rounds::{connections, Field, Load};
use crate::shape::Shape;
use crate::stats::{median, ratio};
use anyhow::{Context, Result};
use freshpaint_harness::markdown::{figure, Table};
use serde_json::json;
use std::collections::BTreeSet;

/// The points to measure.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Rounds at most, after one that warms up.
    pub(crate) rounds: usize,
    /// Floor 2 is left out of points with more calls.
    pub(crate) max_floor_2_calls: u64,
    /// Each curve's name and points.
    pub(crate) curves: Vec<(&'static str, Vec<Shape>)>,
}

/// The points of one curve.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    pub(crate) name: &'static str,
    points: Vec<Point>,
}

#[derive(Clone, Debug)]
struct Point {
    shape: Shape,
    /// CPU time per call in microseconds in each round, by contender.
    costs: Vec<(Kind, Vec<f64>)>,
}

impl Point {
    fn costs(&self, kind: Kind) -> Option<&[f64]> {
        let (_, costs) = self.costs.iter().find(|(of, _)| *of == kind)?;
        Some(costs)
    }

    fn cost(&self, kind: Kind) -> Option<f64> {
        median(self.costs(kind)?)
    }
}

impl Plan {
    /// How many webhooks the points have, each number once.
    fn webhooks(&self) -> BTreeSet<usize> {
        let shapes = self.curves.iter().flat_map(|(_, shapes)| shapes);
        shapes.map(|shape| shape.webhooks).collect()
    }
}

impl Series {
    fn new(name: &'static str, shapes: &[Shape]) -> Self {
        let points = shapes.iter().map(|shape| Point {
            shape: *shape,
            costs: Vec::new(),
        });
        Self {
            name,
            points: points.collect(),
        }
    }

    /// How far the module's points from 10 calls up are from the mean of their round at most, as a
    /// share of it.
    pub(crate) fn spread(&self) -> Option<f64> {
        let points: Vec<_> = self
            .points
            .iter()
            .filter(|point| point.shape.calls() >= 10)
            .filter_map(|point| point.costs(Kind::Module))
            .collect();
        spread(&points)
    }
}

/// The farthest of the points, each with its figures of the same rounds, from the mean of all
/// points.
fn spread(points: &[&[f64]]) -> Option<f64> {
    let rounds = points.iter().map(|costs| costs.len()).min()?;
    // Not the median: of three points one is that in every round, and would seem to be no distance
    // from it.
    let means: Vec<_> = (0..rounds)
        .map(|round| points.iter().map(|costs| costs[round]).sum::<f64>() / points.len() as f64)
        .collect();
    points
        .iter()
        .filter_map(|costs| Some((ratio(costs, &means)? - 1.0).abs()))
        .reduce(f64::max)
}

/// Measures all curves. All points get their turn in each round, because they are compared with
/// each other.
pub(crate) async fn run(rig: &Rig, plan: &Plan, kinds: &[Kind]) -> Result<Vec<Series>> {
    // Large batches are larger than the bodies that are taken by default.
    let limits = json!({"limits": {"max_body_bytes": 8 << 20, "max_decoded_bytes": 8 << 20}});
    let mut fields = Vec::new();
    for webhooks in plan.webhooks() {
        rig.say(&format!("scaling: starting with {webhooks} webhooks"));
        let shape = Shape::new(1, webhooks, false);
        fields.push(Field::start(rig, &shape, kinds, limits.clone()).await?);
    }
    let curves = plan.curves.iter();
    let mut all: Vec<_> = curves
        .map(|(name, shapes)| Series::new(name, shapes))
        .collect();
    // The first round warms up.
    for round in 0..=plan.rounds.min(rig.settings.rounds) {
        rig.say(&format!("scaling: round {round}"));
        for point in all.iter_mut().flat_map(|series| &mut series.points) {
            let field = fields
                .iter()
                .find(|field| field.shape.webhooks == point.shape.webhooks);
            let field = field.context("a number of webhooks that was not started")?;
            measure(rig, plan, field, point, round > 0).await?;
        }
    }
    Ok(all)
}

async fn measure(
    rig: &Rig,
    plan: &Plan,
    field: &Field,
    point: &mut Point,
    counts: bool,
) -> Result<()> {
    let template = Template::new(&point.shape, &rig.serial);
    for (index, (contender, _)) in field.running.iter().enumerate() {
        let kind = contender.kind;
        if kind == Kind::Floor2 && point.shape.calls() > plan.max_floor_2_calls {
            continue;
        }
        let time = rig.settings.seconds * 3 / 4;
        let load = Load::Closed(connections(&point.shape));
        let turn = field
            .load_with(index, &point.shape, &template, load, time)
            .await?;
        let cost = turn.cpu.as_secs_f64() * 1e6 / turn.calls as f64;
        match point.costs.iter_mut().find(|(of, _)| *of == kind) {
            _ if !counts => {}
            Some((_, costs)) => costs.push(cost),
            None => point.costs.push((kind, vec![cost])),
        }
    }
    Ok(())
}

/// The table.
pub(crate) fn report(all: &[Series]) -> String {
    let mut table = Table::new(
        1,
        [
            "CPU per call, µs",
            "events",
            "webhooks",
            "calls",
            "module",
            "floor-2",
            "other-module",
        ],
    );
    for series in all {
        for point in &series.points {
            table.row([
                series.name.to_owned(),
                point.shape.events.to_string(),
                point.shape.webhooks.to_string(),
                point.shape.calls().to_string(),
                figure(point.cost(Kind::Module)),
                figure(point.cost(Kind::Floor2)),
                figure(point.cost(Kind::OtherModule)),
            ]);
        }
    }
    format!(", HTTP/1.1 upstream, CPU per call\n\n{table}")
}

/// The same as a picture.
pub(crate) fn plot(all: &[Series]) -> Plot {
    let line = |series: &Series, kind: Kind| Line {
        name: format!("{}: {}", kind.name(), series.name),
        faint: kind != Kind::Module,
        points: series
            .points
            .iter()
            .filter_map(|point| Some((point.shape.calls() as f64, point.cost(kind)?)))
            .collect(),
    };
    Plot {
        title: "CPU per call at the webhook, HTTP/1.1".to_owned(),
        x: "calls of one collection request (events x webhooks)".to_owned(),
        y: "µs".to_owned(),
        lines: [Kind::Module, Kind::Floor2]
            .into_iter()
            .flat_map(|kind| all.iter().map(move |series| line(series, kind)))
            .filter(|line| !line.points.is_empty())
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn a_round_that_was_slow_for_all_points_is_no_spread() {
        assert_eq!(
            spread(&[&[10.0, 20.0], &[10.0, 20.0], &[10.0, 20.0]]),
            Some(0.0)
        );
        assert_eq!(
            spread(&[&[7.0, 14.0], &[7.0, 14.0], &[10.0, 20.0]]),
            Some(0.25)
        );
        assert_eq!(spread(&[]), None);
    }
}
