//! Envoy as this program's child.

use crate::settings::Settings;
use crate::{outcome, News};
use anyhow::{anyhow, bail, Context, Result};
use freshpaint_harness::process;
use freshpaint_harness::wait::poll;
use freshpaint_harness::Request;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver as Inbox, Sender};
use std::thread;
use std::time::Duration;
use tempfile::NamedTempFile;

const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(5);

/// A running Envoy; told to stop and waited for when the value goes.
pub(crate) struct Proxy {
    child: Child,
    /// Envoy reads it at its start only, but a user may want to look.
    _bootstrap: NamedTempFile,
}

impl Proxy {
    pub(crate) fn start(binary: &Path, bootstrap: &Value, news: &Sender<News>) -> Result<Self> {
        let mut file = tempfile::Builder::new()
            .prefix("freshpaint-run-")
            .suffix(".json")
            .tempfile()
            .context("cannot write Envoy's configuration")?;
        file.write_all(bootstrap.to_string().as_bytes())?;
        let mut command = Command::new(binary);
        command
            .arg("--config-path")
            .arg(file.path())
            .arg("--use-dynamic-base-id")
            .args(["--concurrency", "1"])
            .args([
                "--log-level",
                "error",
                "--component-log-level",
                "wasm:warning",
            ])
            .args(["--log-format", "envoy: %v"])
            // The access log of the egress is shown as it happens.
            .args(["--file-flush-interval-msec", "100"])
            // The header of envoy.yaml's webhooks asks for it; a value of one's own goes first.
            .env(
                "CRM_KEY",
                std::env::var_os("CRM_KEY").unwrap_or_else(|| "local-trial".into()),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // Ctrl-C reaches us alone, and we stop Envoy.
            .process_group(0);
        let mut child = process::spawn(command)?;
        if let Some(output) = child.stdout.take() {
            let news = news.clone();
            thread::spawn(move || listen(output, &news));
        }
        Ok(Self {
            child,
            _bootstrap: file,
        })
    }

    /// Waits until the module itself answers, here a browser's preflight: nothing is delivered by
    /// that. False when it is told to stop before.
    pub(crate) fn wait_until_serving(
        &self,
        settings: &Settings,
        inbox: &Inbox<News>,
    ) -> Result<bool> {
        let preflight = Request::new("OPTIONS", "/track")
            .header("origin", "http://localhost")
            .header("access-control-request-method", "POST");
        let serving = poll(START, || match inbox.try_recv() {
            Ok(News::Stop) => Some(Ok(false)),
            Ok(News::EnvoyEnded) => {
                Some(Err(anyhow!("Envoy could not start; what it said is above")))
            }
            _ => {
                let answer = preflight.send(settings.envoy).ok()?;
                (200..300).contains(&answer.status).then_some(Ok(true))
            }
        });
        serving.unwrap_or_else(|| {
            bail!(
                "Envoy does not answer on {} after {START:?}",
                settings.envoy
            )
        })
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let child = &mut self.child;
        if let (Ok(None), Ok(pid)) = (child.try_wait(), libc::pid_t::try_from(child.id())) {
            // SAFETY: kill is a plain system call; the child has not been reaped, so the id is
            // still its own.
            unsafe { libc::kill(pid, libc::SIGTERM) };
        }
        if poll(STOP, || child.try_wait().ok().flatten()).is_none() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Turns Envoy's output into news until there is no more.
fn listen(output: impl Read, news: &Sender<News>) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        if let Some(sentence) = outcome::describe(&line) {
            let _ = news.send(News::Line(sentence));
        }
    }
    let _ = news.send(News::EnvoyEnded);
}
