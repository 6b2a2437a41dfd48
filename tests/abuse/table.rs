//! One row a case: what was measured, its bound, and whether it is within.

use crate::Plan;
use std::fmt;
use std::panic::resume_unwind;
use std::thread;
use std::time::{Duration, Instant};

/// How often a case may try to stay within its bounds.
const TRIALS: u32 = 3;

/// One way of attacking, or of asking for more than there is.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// Whether it is part of the form that `cargo test` runs.
    pub(crate) in_short: bool,
    pub(crate) run: fn(&Plan) -> Measures,
}

impl Case {
    fn run_timed(&self, plan: &Plan) -> (Measures, Duration) {
        let start = Instant::now();
        let measures = (self.run)(plan);
        (measures, start.elapsed())
    }
}

/// The figures of a case.
#[derive(Default)]
pub(crate) struct Measures(Vec<Measure>);

struct Measure {
    name: &'static str,
    value: f64,
    bound: Bound,
    unit: &'static str,
}

#[derive(Clone, Copy)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Measures {
    pub(crate) fn at_most(
        &mut self,
        name: &'static str,
        value: f64,
        most: f64,
        unit: &'static str,
    ) {
        let bound = Bound::AtMost(most);
        self.0.push(Measure {
            name,
            value,
            bound,
            unit,
        });
    }

    pub(crate) fn at_least(
        &mut self,
        name: &'static str,
        value: f64,
        least: f64,
        unit: &'static str,
    ) {
        let bound = Bound::AtLeast(least);
        self.0.push(Measure {
            name,
            value,
            bound,
            unit,
        });
    }

    /// Something that may not be at all.
    pub(crate) fn none(&mut self, name: &'static str, count: usize) {
        self.at_most(name, count as f64, 0.0, "");
    }

    fn is_within(&self) -> bool {
        self.0.iter().all(Measure::is_within)
    }
}

impl Measure {
    fn is_within(&self) -> bool {
        match self.bound {
            Bound::AtMost(most) => self.value <= most,
            Bound::AtLeast(least) => self.value >= least,
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            value,
            bound,
            unit,
        } = self;
        let digits = usize::from(*value < 10.0 && value.fract() != 0.0);
        let space = if unit.is_empty() { "" } else { " " };
        write!(f, "{name} {value:.digits$}{space}{unit} ")?;
        match bound {
            Bound::AtMost(most) => write!(f, "(≤ {most:.0})"),
            Bound::AtLeast(least) => write!(f, "(≥ {least:.0})"),
        }?;
        f.write_str(if self.is_within() { "" } else { " **over**" })
    }
}

impl fmt::Display for Measures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<_> = self.0.iter().map(Measure::to_string).collect();
        f.write_str(&all.join(", "))
    }
}

/// The rows so far; each is printed as soon as its case is over.
#[derive(Default)]
pub(crate) struct Table {
    rows: usize,
    over: Vec<&'static str>,
}

impl Table {
    /// Runs cases side by side.
    pub(crate) fn run(&mut self, cases: &[&Case], plan: &Plan) {
        let all = thread::scope(|scope| {
            let running = cases
                .iter()
                .map(|case| scope.spawn(|| case.run_timed(plan)));
            let running: Vec<_> = running.collect();
            let ended = running.into_iter().map(|case| case.join());
            ended.collect::<Vec<_>>()
        });
        for (case, ended) in cases.iter().zip(all) {
            let (mut measures, mut took) = ended.unwrap_or_else(|panic| resume_unwind(panic));
            for _ in 1..TRIALS {
                if measures.is_within() {
                    break;
                }
                // Another program may have had the machine. A weak case fails each time.
                let again;
                (measures, again) = case.run_timed(plan);
                took += again;
            }
            self.add(case.name, &measures, took);
        }
    }

    fn add(&mut self, name: &'static str, measures: &Measures, took: Duration) {
        if self.rows == 0 {
            println!("\n| case | measured, with its bound | verdict |\n|---|---|---|");
        }
        self.rows += 1;
        let verdict = if measures.is_within() { "pass" } else { "over" };
        println!("| {name} | {measures} | {verdict}, {} s |", took.as_secs());
        if !measures.is_within() {
            self.over.push(name);
        }
    }

    pub(crate) fn assert_all_within(&self) {
        assert!(self.rows > 0, "no case has such a name");
        assert!(self.over.is_empty(), "over their bounds: {:?}", self.over);
    }
}

/// The time that this share of `times` does not exceed; `share` is between 0 and 1.
pub(crate) fn quantile(times: &mut [Duration], share: f64) -> Duration {
    times.sort_unstable();
    let index = (times.len() as f64 * share) as usize;
    let last = times.len().saturating_sub(1);
    times.get(index.min(last)).copied().unwrap_or_default()
}

pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
