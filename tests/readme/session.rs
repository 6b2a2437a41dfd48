//! A reader's terminals: one where `make run` goes on, one for everything else.

use freshpaint_harness::shipped::repository;
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Port, Request};
use std::fs::{self, File};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Long enough for a first build.
const START: Duration = Duration::from_secs(600);
const SHOW: Duration = Duration::from_secs(60);

/// Two payloads as a dead letter webhook got them.
const DEAD_LETTERS: &str = concat!(
    r#"{"event":"Signed Up","type":"track","timestamp":"2022-12-28T21:16:50Z","messageId":"m-8","#,
    r#""anonymousId":"d-1","userId":"ada@example.com","context":{"page":null},"#,
    r#""properties":{"plan":"pro"}}"#,
    "\n",
    r#"{"event":"Paid","type":"track","timestamp":"2022-12-28T21:16:51Z","messageId":"m-9","#,
    r#""anonymousId":"d-1","userId":"ada@example.com","context":{"page":null},"#,
    r#""properties":{"total":4.50}}"#,
    "\n",
);

/// Free ports, which take the place of the README's 10000 and so on.
struct Ports([(&'static str, Port); 5]);

struct Running {
    child: Child,
    folder: TempDir,
    ports: Ports,
}

/// Runs commands one after the other.
#[derive(Default)]
pub(crate) struct Session {
    running: Option<Running>,
    answer: Option<String>,
}

impl Session {
    /// Does what a reader does with this command.
    pub(crate) fn run(&mut self, command: &str) {
        if command.starts_with("make run") {
            self.interrupt();
            self.running = Some(Running::start(command));
        } else if command.starts_with("curl ") {
            let running = self.running.as_ref().expect("a `make run` before curl");
            let (status, answer) = shell(&running.here(command));
            assert!(status, "{command}: {answer}");
            self.answer = Some(answer);
        } else if command.contains(" -c envoy/envoy.yaml") {
            self.interrupt();
            run_envoy(command);
        } else if command.starts_with("while read") {
            self.interrupt();
            let running = Running::start("make run");
            let file = running.folder.path().join("dead-letters.jsonl");
            fs::write(&file, DEAD_LETTERS).unwrap();
            let here = running.here(command);
            let here = here.replace("dead-letters.jsonl", &file.display().to_string());
            let (status, answers) = shell(&here);
            assert!(status, "{command}: {answers}");
            assert_eq!(answers, r#"{"success":true}"#.repeat(2), "{command}");
            for payload in DEAD_LETTERS.lines() {
                let shown = freshpaint_harness::show::delivery("crm", payload.as_bytes());
                let came = poll(SHOW, || running.said().contains(&shown).then_some(()));
                assert!(came.is_some(), "{shown}\nnot in\n{}", running.said());
            }
            running.interrupt();
        } else if command == "make build" {
            let (status, said) = shell(command);
            assert!(status, "{command}: {said}");
        } else if command == "make test" {
            // It is what runs this test.
            let (status, said) = shell("make --dry-run test");
            assert!(status, "{command}: {said}");
        } else if command == "docker compose -f envoy/docker-compose.yaml up" {
            // tests/compose runs it where there is a Docker engine.
            assert!(repository().join("envoy/docker-compose.yaml").is_file());
        } else {
            panic!("tests/readme does not know how to run {command:?}");
        }
    }

    /// The answer of the last `curl`, or what `make run` shows.
    pub(crate) fn expect(&mut self, text: &str) {
        if let Some(answer) = self.answer.take() {
            assert_eq!(answer, text);
            return;
        }
        let running = self
            .running
            .as_ref()
            .expect("a `make run` before what it shows");
        let shown = poll(SHOW, || running.said().contains(text).then_some(()));
        assert!(
            shown.is_some(),
            "`make run` did not show\n{text}\nbut\n{}",
            running.said()
        );
    }

    /// Ctrl-C in the terminal of `make run`: nothing of it may be left.
    pub(crate) fn interrupt(&mut self) {
        if let Some(running) = self.running.take() {
            running.interrupt();
        }
    }
}

impl Running {
    fn start(command: &str) -> Self {
        let ports = [
            "ENVOY_PORT",
            "ADMIN_PORT",
            "MONITOR_PORT",
            "CRM_PORT",
            "WAREHOUSE_PORT",
        ];
        let ports = Ports(ports.map(|name| (name, Port::reserve().unwrap())));
        let folder = tempfile::tempdir().unwrap();
        let output = File::create(folder.path().join("output")).unwrap();
        let variables = ports
            .0
            .iter()
            .map(|(name, port)| (*name, port.address().port().to_string()));
        let child = reader(command)
            .envs(variables)
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .process_group(0)
            .spawn()
            .unwrap();
        let mut running = Self {
            child,
            folder,
            ports,
        };
        let ready = poll(START, || {
            let ended = running.child.try_wait().unwrap().is_some();
            (ended || running.said().contains("Ctrl-C stops everything.")).then_some(ended)
        });
        assert_eq!(ready, Some(false), "{command}: {}", running.said());
        running
    }

    fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("output")).unwrap()
    }

    /// The command with the port of this run.
    fn here(&self, command: &str) -> String {
        let port = self.ports.0[0].1.address().port();
        command.replace("localhost:10000", &format!("localhost:{port}"))
    }

    fn interrupt(mut self) {
        signal(&self.child, "INT");
        let ended = poll(SHOW, || self.child.try_wait().unwrap());
        assert!(
            ended.is_some(),
            "`make run` goes on after Ctrl-C: {}",
            self.said()
        );
        for (name, port) in &self.ports.0 {
            let open = TcpStream::connect(port.address()).is_ok();
            assert!(!open, "something of `make run` still listens on {name}");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            signal(&self.child, "TERM");
            let _ = self.child.wait();
        }
    }
}

/// Runs a command with `envoy/envoy.yaml` on free ports: to its end when it validates, else until
/// Envoy answers.
fn run_envoy(command: &str) {
    let ports = [(); 2].map(|()| Port::reserve().unwrap());
    let mut yaml = fs::read_to_string(repository().join("envoy/envoy.yaml")).unwrap();
    for (written, port) in ["port_value: 10000", "port_value: 9901"].iter().zip(&ports) {
        assert_eq!(yaml.matches(written).count(), 1, "{written}");
        yaml = yaml.replace(written, &format!("port_value: {}", port.address().port()));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("envoy.yaml");
    fs::write(&file, yaml).unwrap();
    // Two tests may run an Envoy at the same time.
    let here = format!("-c {} --use-dynamic-base-id", file.display());
    let command = command.replace("-c envoy/envoy.yaml", &here);
    if command.contains("--mode validate") {
        let output = reader(&command).output().unwrap();
        assert!(output.status.success(), "{command}: {output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{command}");
        return;
    }
    let log = folder.path().join("log");
    let mut child = reader(&command)
        .stdout(Stdio::null())
        .stderr(File::create(&log).unwrap())
        .process_group(0)
        .spawn()
        .unwrap();
    let health = Request::get("/healthz");
    let serves = poll(START, || {
        let answer = health.send(ports[0].address()).ok()?;
        (answer.status == 200).then_some(())
    });
    let announced = "configured: 2 webhooks (crm, warehouse)";
    let read = || fs::read_to_string(&log).unwrap();
    let is_announced = poll(SHOW, || read().contains(announced).then_some(())).is_some();
    let said = read();
    signal(&child, "INT");
    assert!(serves.is_some(), "{command}: {said}");
    assert!(poll(SHOW, || child.try_wait().unwrap()).is_some());
    assert!(is_announced, "{command}: {said}");
    assert_eq!(
        said.lines().count(),
        1,
        "Envoy says more of a valid file: {said}"
    );
}

/// Sends a signal to every process of the group, as a terminal does.
fn signal(child: &Child, name: &str) {
    let group = format!("-{}", child.id());
    let _ = Command::new("kill")
        .args(["-s", name, "--", &group])
        .status();
}

/// A shell at the root of the repository that knows nothing of the `make` that may run this test.
fn reader(command: &str) -> Command {
    let mut shell = Command::new("bash");
    shell
        .args(["-c", command])
        .current_dir(repository())
        .stdin(Stdio::null());
    for name in [
        "MAKEFLAGS",
        "MAKELEVEL",
        "MFLAGS",
        "ENVOY_BIN",
        "FRESHPAINT_WASM",
        "WEBHOOK_URL",
    ] {
        shell.env_remove(name);
    }
    shell
}

/// Whether it succeeded, and what it wrote to its output.
fn shell(command: &str) -> (bool, String) {
    let output = reader(command).output().unwrap();
    (
        output.status.success(),
        String::from_utf8(output.stdout).unwrap(),
    )
}
