//! A real Envoy on a configuration that somebody else wrote, such as a control plane.

use super::{command, folder, module, Envoy, Ports};
use anyhow::Result;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

/// The addresses and the folder that a configuration needs.
#[derive(Debug)]
pub struct Place<'p> {
    /// Where requests are sent. The configuration answers 200 to [`super::READY_PATH`] there.
    pub listener: SocketAddr,
    /// Where the admin interface has to be.
    pub admin: SocketAddr,
    /// For further files; it goes with the Envoy.
    pub folder: &'p Path,
    /// The module.
    pub module: &'p Path,
}

/// A configuration, and how Envoy is started on it.
#[derive(Debug, Default)]
pub struct Whole {
    /// The whole bootstrap.
    pub bootstrap: Value,
    /// Merged into it, as `--config-yaml` does.
    pub merged: Option<Value>,
    /// Envoy's own environment.
    pub environment: BTreeMap<String, String>,
    /// More options.
    pub arguments: Vec<String>,
}

impl Envoy {
    /// Starts Envoy on what `make` makes for the place, and waits until it serves.
    pub fn start_whole(make: impl FnOnce(&Place<'_>) -> Result<Whole>) -> Result<Self> {
        let (ports, folder, module) = (Ports::reserve()?, folder()?, module()?);
        let whole = make(&Place {
            listener: ports.listener.address(),
            admin: ports.admin.address(),
            folder: folder.path(),
            module: &module,
        })?;
        let file = folder.path().join("envoy.json");
        fs::write(&file, whole.bootstrap.to_string())?;
        let mut command = command(&file, "info")?;
        if let Some(merged) = &whole.merged {
            command.arg("--config-yaml").arg(merged.to_string());
        }
        command
            .args(["--concurrency", "1"])
            .args(&whole.arguments)
            .envs(&whole.environment);
        Self::run(command, ports, folder, Some(module))
    }
}
