//! The program as a child, on ports of its own.

use freshpaint_harness::wait::poll;
use freshpaint_harness::{Port, Request};
use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);
const PORTS: [&str; 5] = [
    "ENVOY_PORT",
    "ADMIN_PORT",
    "MONITOR_PORT",
    "CRM_PORT",
    "WAREHOUSE_PORT",
];

/// A program that is running, or about to.
pub(crate) struct Program {
    command: Command,
    child: Mutex<Option<Child>>,
    ports: Vec<Port>,
    folder: TempDir,
}

impl Program {
    /// Prepares it with these variables. Ports that they do not name are free ones.
    pub(crate) fn prepare(variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let output = File::create(folder.path().join("output")).unwrap();
        let ports: Vec<_> = PORTS.iter().map(|_| Port::reserve().unwrap()).collect();
        let mut command = Command::new(binary());
        command
            .env_remove("WEBHOOK_URL")
            .env_remove("ALLOW_PRIVATE");
        for (name, port) in PORTS.iter().zip(&ports) {
            command.env(name, port.address().port().to_string());
        }
        command
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output);
        Self {
            command,
            child: Mutex::default(),
            ports,
            folder,
        }
    }

    /// Runs it until it is ready for events.
    pub(crate) fn start(mut self) -> Self {
        self.spawn();
        self.wait_for("Ctrl-C stops everything.");
        self
    }

    /// Runs it to its end, and gives its exit code and all that it said.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        self.spawn();
        let code = self.wait_for_end();
        (code, self.said())
    }

    fn spawn(&mut self) {
        *self.child.lock().unwrap() = Some(self.command.spawn().unwrap());
    }

    /// Where to send events.
    pub(crate) fn envoy(&self) -> SocketAddr {
        self.ports[0].address()
    }

    /// Waits until Envoy knows that so many events are kept.
    pub(crate) fn wait_until_kept(&self, events: usize) {
        let question = Request::get("/stats?filter=held_events");
        let gauge = format!("held_events: {events}\n");
        let known = poll(PATIENCE, || {
            let answer = question.send(self.ports[1].address()).ok()?;
            answer.text().contains(&gauge).then_some(())
        });
        assert!(known.is_some(), "not {gauge}");
    }

    /// Waits until Envoy's health checks fail, which a drain begins with.
    pub(crate) fn wait_until_it_drains(&self) {
        let question = Request::get("/ready");
        let drains = poll(PATIENCE, || {
            let answer = question.send(self.ports[1].address()).ok()?;
            (answer.status == 503).then_some(())
        });
        assert!(drains.is_some(), "{}", self.said());
    }

    /// Everything that it has said so far.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("output")).unwrap()
    }

    /// Waits until it has said this.
    pub(crate) fn wait_for(&self, text: &str) {
        self.wait_for_times(text, 1);
    }

    /// Waits until it has said this so many times.
    pub(crate) fn wait_for_times(&self, text: &str, times: usize) {
        let said = poll(PATIENCE, || {
            (self.said().matches(text).count() >= times).then_some(())
        });
        assert!(
            said.is_some(),
            "it did not say {text:?} but\n{}",
            self.said()
        );
    }

    /// Sends a signal to this process alone.
    pub(crate) fn signal(&self, name: &str) {
        let id = self
            .child
            .lock()
            .unwrap()
            .as_ref()
            .unwrap()
            .id()
            .to_string();
        assert!(Command::new("kill")
            .args(["-s", name, &id])
            .status()
            .unwrap()
            .success());
    }

    /// Waits until the process has ended; its exit code, none when a signal ended it.
    pub(crate) fn wait_for_end(&self) -> Option<i32> {
        let mut child = self.child.lock().unwrap();
        let child = child.as_mut().unwrap();
        let ended = poll(PATIENCE, || child.try_wait().unwrap());
        ended
            .unwrap_or_else(|| panic!("it goes on: {}", self.said()))
            .code()
    }

    /// Ends it in order.
    pub(crate) fn stop(self) {
        self.signal("INT");
        assert_eq!(self.wait_for_end(), Some(0), "{}", self.said());
    }

    /// Whether any of its ports takes a connection.
    pub(crate) fn still_listens(&self) -> bool {
        self.ports
            .iter()
            .any(|port| TcpStream::connect(port.address()).is_ok())
    }

    /// Waits until none of its ports takes a connection.
    pub(crate) fn wait_until_nothing_listens(&self) {
        let quiet = poll(PATIENCE, || (!self.still_listens()).then_some(()));
        assert!(quiet.is_some(), "something of it still listens");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(child) = self.child.get_mut().unwrap() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The program, built when it is not yet: it belongs to another package than this test.
fn binary() -> &'static PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let build = [
            "build",
            "--quiet",
            "--locked",
            "--package",
            "freshpaint-harness",
            "--bin",
            "run",
        ];
        assert!(Command::new(env!("CARGO"))
            .args(build)
            .status()
            .unwrap()
            .success());
        // target/<profile>/deps/<this test>
        let here = std::env::current_exe().unwrap();
        let profile = here.ancestors().nth(2).unwrap();
        let binary = profile.join("run");
        assert!(binary.is_file(), "there is no {}", binary.display());
        binary
    })
}
