//! A real Envoy on what the project ships.

use super::{command, folder, module, Envoy, Ports, Verdict, READY_PATH};
use crate::process::{self, Owned};
use crate::shipped::Shipped;
use anyhow::Result;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;

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
        let log = File::create(folder.path().join("envoy.log"))?;
        let mut command = command(&file, "info")?;
        command
            .args(["--concurrency", &workers.to_string()])
            .envs(environment)
            .stdout(log.try_clone()?)
            .stderr(log);
        let envoy = Self {
            child: Mutex::new(Owned(process::spawn(command)?)),
            ports,
            folder,
            module: Some(module),
        };
        envoy.wait_until_serving()?;
        Ok(envoy)
    }

    /// Runs `envoy --mode validate` on a file, from the folder that paths in it are relative to.
    pub fn validate_file(
        file: &Path,
        from: &Path,
        environment: &BTreeMap<&str, &str>,
    ) -> Result<Verdict> {
        let output = command(file, "info")?
            .args(["--mode", "validate"])
            .current_dir(from)
            .envs(environment)
            .stdin(Stdio::null())
            .output()?;
        let written = [output.stdout, output.stderr].concat();
        Ok(Verdict {
            accepted: output.status.success(),
            output: String::from_utf8_lossy(&written).into_owned(),
        })
    }
}
