//! What every measurement shares.

use crate::process;
use crate::settings::Settings;
use anyhow::{bail, Result};
use rustix::thread::{sched_getaffinity, CpuSet};
use std::sync::atomic::AtomicU64;
use std::sync::Arc;
use std::time::Instant;

/// Settings, cores, and the message ids given so far.
#[derive(Debug)]
pub(crate) struct Rig {
    pub(crate) settings: Settings,
    /// Where contenders run; this process runs on another core.
    pub(crate) proxy_core: usize,
    pub(crate) serial: Arc<AtomicU64>,
    start: Instant,
}

impl Rig {
    /// Takes the first two cores that this process may use; the second is its own from now on.
    pub(crate) fn new(settings: Settings) -> Result<Self> {
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
            start: Instant::now(),
        })
    }

    /// Says on stderr what is being done, and when.
    pub(crate) fn say(&self, what: &str) {
        eprintln!(">> {:4.0} s  {what}", self.start.elapsed().as_secs_f64());
    }
}
