//! The state that all measurements share.

use crate::process;
use crate::settings::Settings;
use anyhow::{bail, Result};
use rustix::thread::{sched_getaffinity, CpuSet};
use std::sync::atomic::AtomicU64;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Settings, cores, and the message ids given so far.
#[derive(Debug)]
pub(crate) struct Rig {
    pub(crate) settings: Settings,
    /// Where contenders run; this process runs on another core.
    pub(crate) proxy_core: usize,
    pub(crate) serial: Arc<AtomicU64>,
    /// How many cores this process might use before it took its own.
    pub(crate) cores: usize,
    start: Instant,
    machine_at_start: Duration,
}

impl Rig {
    /// Takes the first two cores that this process may use; the second is its own from now on.
    pub(crate) fn new(settings: Settings) -> Result<Self> {
        process::raise_open_files()?;
        let allowed = sched_getaffinity(None)?;
        let mut cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
        let (Some(proxy_core), Some(own)) = (cores.next(), cores.next()) else {
            bail!("two cores are needed: one for the proxies, one for load and webhooks");
        };
        process::pin_self(own)?;
        Ok(Self {
            settings,
            proxy_core,
            serial: Arc::default(),
            cores: allowed.count() as usize,
            machine_at_start: process::machine_cpu_time()?,
            start: Instant::now(),
        })
    }

    /// The share of the machine (0 to 1) that processes besides this one and its contenders have
    /// had since the start. All contenders have to have ended.
    pub(crate) fn others_share(&self) -> Result<f64> {
        let machine = process::machine_cpu_time()? - self.machine_at_start;
        let others = machine.saturating_sub(process::own_cpu_time()?);
        Ok(others.as_secs_f64() / (self.start.elapsed().as_secs_f64() * self.cores as f64))
    }

    /// Says on stderr what is being done, and when.
    pub(crate) fn say(&self, what: &str) {
        eprintln!(">> {:4.0} s  {what}", self.start.elapsed().as_secs_f64());
    }
}
