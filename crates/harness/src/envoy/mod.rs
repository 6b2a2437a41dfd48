//! A real Envoy as a child process.

mod admin;
mod cluster;
mod config;
mod epochs;
mod faulty;
mod files;
mod parts;
mod shipped;
mod whole;

pub use admin::Stats;
pub use cluster::Cluster;
pub use config::{Config, Plugin, READY_PATH};
pub use epochs::Epochs;
pub use faulty::{faulty_module, FAULT_HEADER};
pub use files::{binary, module, ENVOY_VERSION};
pub use parts::{address, ext, filter};
pub use whole::{Place, Whole};

use crate::client::Request;
use crate::port::Port;
use crate::process::{self, Owned};
use crate::wait::poll;
use anyhow::{bail, ensure, Context, Result};
use config::Site;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;
use tempfile::TempDir;

/// How long Envoy may take to serve; it takes half a second on an idle machine.
const START: Duration = Duration::from_secs(60);

/// A running Envoy; killed and reaped when the value goes.
#[derive(Debug)]
pub struct Envoy {
    child: Mutex<Owned>,
    ports: Ports,
    folder: TempDir,
    module: Option<PathBuf>,
}

#[derive(Debug)]
struct Ports {
    listener: Port,
    admin: Port,
    monitor: Port,
}

impl Ports {
    fn reserve() -> Result<Self> {
        let free = || Port::reserve().context("no free port on 127.0.0.1");
        Ok(Self {
            listener: free()?,
            admin: free()?,
            monitor: free()?,
        })
    }

    fn site<'s>(&self, folder: &'s Path, module: Option<&'s Path>) -> Site<'s> {
        Site {
            listener: self.listener.address(),
            admin: self.admin.address(),
            monitor: self.monitor.address(),
            folder,
            module,
        }
    }
}

/// How `envoy --mode validate`, or a start that was refused, ended.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Whether the configuration was taken.
    pub accepted: bool,
    /// Everything Envoy wrote.
    pub output: String,
}

impl Verdict {
    /// Runs the command to its end.
    fn of(command: &mut Command) -> Result<Self> {
        let output = command.stdin(Stdio::null()).output()?;
        let written = [output.stdout, output.stderr].concat();
        Ok(Self {
            accepted: output.status.success(),
            output: String::from_utf8_lossy(&written).into_owned(),
        })
    }
}

impl Envoy {
    /// Starts Envoy and waits until every worker answers; an error carries the end of Envoy's log.
    pub fn start(config: &Config) -> Result<Self> {
        let ports = Ports::reserve()?;
        let folder = folder()?;
        let module = config.needed_module()?;
        let command = prepare(config, &ports.site(folder.path(), module.as_deref()))?;
        Self::run(command, ports, folder, module)
    }

    /// Runs the command with its output in `envoy.log`, and waits until every worker answers.
    fn run(
        mut command: Command,
        ports: Ports,
        folder: TempDir,
        module: Option<PathBuf>,
    ) -> Result<Self> {
        let log = File::create(folder.path().join("envoy.log"))?;
        command.stdout(log.try_clone()?).stderr(log);
        let envoy = Self {
            child: Mutex::new(Owned(process::spawn(command)?)),
            ports,
            folder,
            module,
        };
        envoy.wait_until_serving()?;
        Ok(envoy)
    }

    /// Runs `envoy --mode validate`, which creates the VM and lets the module judge its
    /// configuration.
    pub fn validate(config: &Config) -> Result<Verdict> {
        let ports = Ports::reserve()?;
        let folder = folder()?;
        let module = config.needed_module()?;
        let mut command = prepare(config, &ports.site(folder.path(), module.as_deref()))?;
        command.args(["--mode", "validate"]);
        Verdict::of(&mut command)
    }

    /// Where clients send requests.
    pub fn address(&self) -> SocketAddr {
        self.ports.listener.address()
    }

    /// Where the live page is, if the configuration has one.
    pub fn monitor(&self) -> SocketAddr {
        self.ports.monitor.address()
    }

    /// Where Envoy's admin interface is.
    pub fn admin(&self) -> SocketAddr {
        self.ports.admin.address()
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.lock().map_or(0, |child| child.0.id())
    }

    /// Resident memory of the process, as Linux counts it.
    pub fn resident_bytes(&self) -> Result<u64> {
        self.memory("VmRSS:")
    }

    /// The most resident memory that the process has had, as Linux counts it.
    pub fn peak_resident_bytes(&self) -> Result<u64> {
        self.memory("VmHWM:")
    }

    fn memory(&self, line: &str) -> Result<u64> {
        let file = format!("/proc/{}/status", self.pid());
        let status = fs::read_to_string(&file).with_context(|| file.clone())?;
        let kibibytes = status
            .lines()
            .find_map(|found| found.strip_prefix(line)?.strip_suffix("kB"))
            .with_context(|| format!("no {line} in {file}"))?;
        Ok(kibibytes.trim().parse::<u64>()? << 10)
    }

    /// Everything Envoy has written so far.
    pub fn log(&self) -> String {
        let bytes = fs::read(self.folder.path().join("envoy.log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Puts another listener, made from `config`, into the watched file.
    pub fn update(&self, config: &Config) -> Result<()> {
        let site = self.ports.site(self.folder.path(), self.module.as_deref());
        write_listeners(config, &site)
    }

    /// Waits for the process to end by itself; its exit code, or an error after `limit`.
    pub fn wait_for_exit(&self, limit: Duration) -> Result<Option<i32>> {
        poll(limit, || self.exit_code())
            .with_context(|| format!("Envoy still runs after {limit:?}"))
    }

    fn exit_code(&self) -> Option<Option<i32>> {
        let mut child = self.child.lock().ok()?;
        child
            .0
            .try_wait()
            .ok()
            .flatten()
            .map(|status| status.code())
    }

    fn wait_until_serving(&self) -> Result<()> {
        // `/ready` says LIVE before the workers have loaded the module, so ask the listener itself.
        let serving = poll(START, || {
            if let Some(code) = self.exit_code() {
                return Some(Err(code));
            }
            let started = self.stat("listener_manager.workers_started").ok()? == 1;
            let answered = Request::get(READY_PATH).send(self.address()).ok()?;
            // One that a test has left no memory refuses every request.
            let is_overloaded = answered.text() == "envoy overloaded";
            (started && (answered.status == 200 || is_overloaded)).then_some(Ok(()))
        });
        match serving {
            Some(Ok(())) => Ok(()),
            Some(Err(code)) => bail!("Envoy ended with {code:?}:\n{}", tail(&self.log())),
            None => bail!(
                "Envoy does not serve after {START:?}:\n{}",
                tail(&self.log())
            ),
        }
    }
}

impl Config {
    fn needed_module(&self) -> Result<Option<PathBuf>> {
        Ok(match self.stand_in {
            Some(_) => None,
            None => Some(self.module.clone().map_or_else(module, Ok)?),
        })
    }
}

fn folder() -> Result<TempDir> {
    Ok(tempfile::Builder::new()
        .prefix("freshpaint-test-")
        .tempdir()?)
}

/// Writes the files and gives the command that starts Envoy on them.
fn prepare(config: &Config, site: &Site<'_>) -> Result<Command> {
    let file = site.folder.join("envoy.json");
    fs::write(&file, config.bootstrap(site).to_string())?;
    if config.file_lds {
        write_listeners(config, site)?;
    }
    let mut command = command(&file, config.wasm_log_level)?;
    command
        .envs(&config.host_environment)
        .args(["--concurrency", &config.concurrency.to_string()])
        .args(["--drain-time-s", &config.drain_seconds.to_string()]);
    Ok(command)
}

/// `wasm_log_level` is the level of what has to do with Wasm, the module's own lines included.
fn command(file: &Path, wasm_log_level: &str) -> Result<Command> {
    let mut command = Command::new(binary()?);
    command
        .arg("--config-path")
        .arg(file)
        .arg("--use-dynamic-base-id")
        .args(["--log-level", "warning", "--component-log-level"])
        .arg(format!("wasm:{wasm_log_level},misc:error"))
        .stdin(Stdio::null());
    Ok(command)
}

/// Envoy watches for a file that is moved into place; a file written in place could be read half.
fn write_listeners(config: &Config, site: &Site<'_>) -> Result<()> {
    let written = site.folder.join("lds.json.new");
    fs::write(&written, config.listeners(site).to_string())?;
    Ok(fs::rename(written, site.folder.join("lds.json"))?)
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

impl Envoy {
    /// Asks the admin interface; any status but 200 is an error.
    pub fn ask_admin(&self, target: &str) -> Result<String> {
        let response = Request::get(target).send(self.admin())?;
        ensure!(response.status == 200, "{target}: {}", response.status);
        Ok(response.text())
    }
}
