//! Settings from the environment.

use anyhow::{bail, Context, Result};
use regex_lite::Regex;
use serde_json::{json, Value};
use std::env;
use std::path::PathBuf;
use std::time::Duration;

/// The knobs and the files; `scripts/bench` sets the files.
#[derive(Debug)]
pub(crate) struct Settings {
    /// `BENCH_SECONDS` (0.4): how long one contender is loaded in one round.
    pub(crate) seconds: Duration,
    /// `BENCH_ROUNDS` (10): how often each contender gets its turn.
    pub(crate) rounds: usize,
    /// `BENCH_ONLY`: a regular expression that chooses `<shape>/<contender>`.
    only: Option<Regex>,
    /// `FRESHPAINT_WASM`: the module.
    pub(crate) module: PathBuf,
    /// `BENCH_MODULE`: another build of the module, measured beside it.
    pub(crate) other_module: Option<PathBuf>,
    /// `BENCH_CONFIG`: JSON that is laid over that one's configuration.
    pub(crate) other_configuration: Value,
    /// `BENCH_FLOOR_2`: the smallest filter.
    pub(crate) floor_2: PathBuf,
    /// `BENCH_SERVICE`: the service.
    pub(crate) service: PathBuf,
}

impl Settings {
    /// Reads the environment; an error names the variable.
    pub(crate) fn from_environment() -> Result<Self> {
        let only = text("BENCH_ONLY")?
            .map(|pattern| Regex::new(&pattern).context("BENCH_ONLY is no regular expression"))
            .transpose()?;
        let seconds: f64 = number("BENCH_SECONDS", 0.4)?;
        if !(0.05..=60.0).contains(&seconds) {
            bail!("BENCH_SECONDS is {seconds}; write 0.05 to 60");
        }
        Ok(Self {
            seconds: Duration::from_secs_f64(seconds),
            rounds: number("BENCH_ROUNDS", 10)?.max(1),
            only,
            module: file("FRESHPAINT_WASM")?.context(RUN_THE_SCRIPT)?,
            other_module: file("BENCH_MODULE")?,
            other_configuration: text("BENCH_CONFIG")?.map_or(Ok(json!({})), |text| {
                serde_json::from_str(&text).context("BENCH_CONFIG is no JSON")
            })?,
            floor_2: file("BENCH_FLOOR_2")?.context(RUN_THE_SCRIPT)?,
            service: file("BENCH_SERVICE")?.context(RUN_THE_SCRIPT)?,
        })
    }

    /// Whether this contender of this shape was asked for.
    pub(crate) fn wants(&self, shape: &str, contender: &str) -> bool {
        self.only
            .as_ref()
            .is_none_or(|only| only.is_match(&format!("{shape}/{contender}")))
    }

    /// Whether this is a run of everything, whose figures are worth keeping.
    pub(crate) fn is_whole(&self) -> bool {
        self.only.is_none()
    }
}

const RUN_THE_SCRIPT: &str = "the contenders' files are not named; run `make bench`";

fn text(name: &str) -> Result<Option<String>> {
    match env::var(name) {
        Ok(value) => Ok((!value.is_empty()).then_some(value)),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(error) => Err(error).context(name.to_owned()),
    }
}

fn number<T: std::str::FromStr>(name: &str, default: T) -> Result<T> {
    match text(name)? {
        None => Ok(default),
        Some(value) => value
            .parse()
            .ok()
            .with_context(|| format!("{name} is \"{value}\"; write a number")),
    }
}

fn file(name: &str) -> Result<Option<PathBuf>> {
    let Some(path) = env::var_os(name).filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let path = PathBuf::from(path);
    if !path.is_file() {
        bail!("{name} names {}, which is not a file", path.display());
    }
    Ok(Some(std::path::absolute(path)?))
}
