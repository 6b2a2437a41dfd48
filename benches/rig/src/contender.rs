//! The contenders, and how each is started for a shape.

use crate::configure::bootstrap;
use crate::kind::{Kind, Site};
use crate::process;
use anyhow::{bail, Context, Result};
use freshpaint_harness::process::{spawn, Owned};
use freshpaint_harness::wait::poll;
use freshpaint_harness::{envoy, Port, Request};
use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const START: Duration = Duration::from_secs(60);

/// A contender that serves; its processes end with the value.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) kind: Kind,
    pub(crate) address: SocketAddr,
    /// Every process whose CPU and memory it uses.
    pub(crate) pids: Vec<u32>,
    _processes: Vec<Owned>,
    ports: [Port; 3],
    _folder: TempDir,
}

impl Running {
    /// Starts it and waits until it serves; an error carries what Envoy wrote.
    pub(crate) fn start(kind: Kind, site: &Site<'_>) -> Result<Self> {
        let [listener, admin, service] = ports()?;
        let folder = tempfile::Builder::new()
            .prefix("freshpaint-bench-")
            .tempdir()?;
        let mut processes = Vec::new();
        if kind.has_service() {
            processes.push(Owned(spawn(service_command(
                kind,
                site,
                service.address(),
            ))?));
        }
        if kind == Kind::ServiceAlone {
            let open = || TcpStream::connect(service.address()).ok();
            poll(START, open).context("the service does not listen")?;
        } else {
            let ports = [&listener, &admin, &service].map(Port::address);
            let bootstrap = bootstrap(kind, site, ports)?;
            let file = folder.path().join("envoy.json");
            fs::write(&file, bootstrap.json().to_string())?;
            let log = folder.path().join("envoy.log");
            let mut command = envoy_command(&file, kind.workers())?;
            command.stdout(Stdio::null()).stderr(File::create(&log)?);
            let mut proxy = Owned(spawn(command)?);
            wait_until_serving(&mut proxy, admin.address()).with_context(|| {
                let written = fs::read_to_string(&log).unwrap_or_default();
                format!("{} of {}:\n{written}", kind.name(), site.shape.id())
            })?;
            processes.push(proxy);
        }
        let address = if kind == Kind::ServiceAlone {
            service.address()
        } else {
            listener.address()
        };
        let pids: Vec<u32> = processes.iter().map(|process| process.0.id()).collect();
        for pid in &pids {
            process::pin(*pid, site.core)?;
        }
        Ok(Self {
            kind,
            address,
            pids,
            _processes: processes,
            ports: [listener, admin, service],
            _folder: folder,
        })
    }
}

impl Running {
    /// Where its live page is served.
    pub(crate) fn monitor(&self) -> Option<SocketAddr> {
        let [.., monitor] = &self.ports;
        (self.kind == Kind::ModuleWatched).then(|| monitor.address())
    }
}

/// Envoy on this file, with so many workers.
pub(crate) fn envoy_command(file: &std::path::Path, workers: usize) -> Result<Command> {
    let mut command = Command::new(envoy::binary()?);
    command
        .arg("--config-path")
        .arg(file)
        .args(["--concurrency", &workers.to_string()])
        .args(["--disable-hot-restart", "--log-level", "error"])
        .stdin(Stdio::null());
    Ok(command)
}

fn service_command(kind: Kind, site: &Site<'_>, listen: SocketAddr) -> Command {
    let mut command = Command::new(&site.settings.service);
    command
        .arg(listen.port().to_string())
        .arg(if site.shape.http2 { "2" } else { "1" })
        .arg(if kind.batches() { "all" } else { "one" })
        .args(site.webhooks.iter().map(|to| to.port().to_string()))
        .stdin(Stdio::null());
    command
}

/// The ports of a contender: listener, admin, service.
pub(crate) fn ports() -> Result<[Port; 3]> {
    let free = || Port::reserve().context("no free port on 127.0.0.1");
    Ok([free()?, free()?, free()?])
}

fn wait_until_serving(proxy: &mut Owned, admin: SocketAddr) -> Result<()> {
    let question = Request::get("/stats?filter=listener_manager.workers_started");
    let serving = poll(START, || {
        if let Ok(Some(status)) = proxy.0.try_wait() {
            return Some(Err(status));
        }
        let stats = question.send(admin).ok()?.text();
        stats.contains("workers_started: 1").then_some(Ok(()))
    });
    match serving {
        Some(Ok(())) => Ok(()),
        Some(Err(status)) => bail!("Envoy ended with {status}"),
        None => bail!("Envoy does not serve after {START:?}"),
    }
}
