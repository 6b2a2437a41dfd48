//! A port at which one Envoy takes the place of another.

use super::{binary, folder, module, READY_PATH};
use crate::client::Request;
use crate::port::Port;
use crate::process::{spawn, Owned};
use crate::shipped::Shipped;
use crate::wait::poll;
use anyhow::{Context, Result};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// A configuration whose Envoys follow one another, with the arguments of docs/recipes.md.
#[derive(Debug)]
pub struct Epochs {
    folder: TempDir,
    collect: Port,
    /// A base id belongs to a machine; that of a port that is ours is ours.
    base_id: u32,
    _admin: Port,
}

impl Epochs {
    /// Takes ports for it, and writes it down.
    pub fn of(mut shipped: Shipped) -> Result<Self> {
        let (collect, admin) = (Port::reserve()?, Port::reserve()?);
        shipped.listen_on(collect.address())?;
        shipped.admin_on(admin.address());
        shipped.load_module(&module()?)?;
        let ready = json!({"match": {"path": READY_PATH}, "direct_response": {"status": 200}});
        shipped.routes("collect")?.insert(0, ready);
        let folder = folder()?;
        fs::write(
            folder.path().join("envoy.json"),
            shipped.bootstrap().to_string(),
        )?;
        Ok(Self {
            folder,
            base_id: u32::from(admin.address().port()),
            collect,
            _admin: admin,
        })
    }

    /// Where clients send requests.
    pub fn address(&self) -> SocketAddr {
        self.collect.address()
    }

    /// Starts the Envoy of this epoch with one worker, and shorter times than the page has. It
    /// takes over from the one before, if that still runs.
    pub fn start(&self, epoch: u32, environment: &BTreeMap<&str, &str>) -> Result<Owned> {
        let folder = self.folder.path();
        let log = folder.join("envoy.log");
        let log = File::options().create(true).append(true).open(log)?;
        let mut command = Command::new(binary()?);
        command
            .arg("--config-path")
            .arg(folder.join("envoy.json"))
            .args(["--base-id", &self.base_id.to_string()])
            .args(["--restart-epoch", &epoch.to_string()])
            .args(["--drain-time-s", "2", "--parent-shutdown-time-s", "4"])
            .args(["--concurrency", "1", "--component-log-level", "misc:error"])
            .envs(environment)
            .stdout(log.try_clone()?)
            .stderr(log);
        Ok(Owned(spawn(command)?))
    }

    /// Everything that all of them have written so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("envoy.log")).unwrap_or_default()
    }

    /// Waits until one of them answers; the error carries their log.
    pub fn wait_until_serving(&self, limit: Duration) -> Result<()> {
        let serves = || {
            let answer = Request::get(READY_PATH).send(self.address()).ok()?;
            (answer.status == 200).then_some(())
        };
        poll(limit, serves).with_context(|| self.log())
    }
}
