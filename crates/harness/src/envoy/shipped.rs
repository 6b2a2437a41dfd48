//! A real Envoy on what the project ships.

use super::{command, folder, module, Envoy, Ports, Verdict, READY_PATH};
use crate::shipped::Shipped;
use anyhow::Result;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

impl Envoy {
    /// Starts Envoy on the shipped configuration with ports of its own, and waits until every
    /// worker answers.
    ///
    /// `environment` is Envoy's own, from which `host_env_keys` take secrets. It has one worker.
    pub fn start_shipped(shipped: Shipped, environment: &BTreeMap<&str, &str>) -> Result<Self> {
        Self::start_shipped_on(1, shipped, environment)
    }

    /// As [`Envoy::start_shipped`], with this many workers.
    pub fn start_shipped_on(
        workers: u32,
        mut shipped: Shipped,
        environment: &BTreeMap<&str, &str>,
    ) -> Result<Self> {
        let ports = Ports::reserve()?;
        let folder = folder()?;
        let module = module()?;
        shipped.listen_on(ports.listener.address())?;
        shipped.admin_on(ports.admin.address());
        if shipped.plugin().is_ok() {
            shipped.load_module(&module)?;
        }
        shipped.routes("collect")?.insert(
            0,
            json!({"match": {"path": READY_PATH}, "direct_response": {"status": 200}}),
        );
        let file = folder.path().join("envoy.json");
        fs::write(&file, shipped.bootstrap().to_string())?;
        let mut command = command(&file, "info")?;
        command
            .args(["--concurrency", &workers.to_string()])
            .envs(environment);
        Self::run(command, ports, folder, Some(module))
    }

    /// Runs `envoy --mode validate` on a file, from the folder that paths in it are relative to.
    pub fn validate_file(
        file: &Path,
        from: &Path,
        environment: &BTreeMap<&str, &str>,
    ) -> Result<Verdict> {
        let mut command = command(file, "info")?;
        command
            .args(["--mode", "validate"])
            .current_dir(from)
            .envs(environment);
        Verdict::of(&mut command)
    }
}
