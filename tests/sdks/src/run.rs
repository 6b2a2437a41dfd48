//! One run of the program that drives an SDK, and what the SDK says of its own calls.

use crate::sdk::Sdk;
use anyhow::{Context, Result};
use freshpaint_harness::process::{self, Owned};
use freshpaint_harness::wait::poll;
use serde::Deserialize;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The SDK's own verdict on one call: a line of JSON on the program's standard output.
#[derive(Clone, Debug, Deserialize)]
pub struct Verdict {
    /// The call.
    pub call: String,
    /// Whether the SDK took it for done.
    pub ok: bool,
    /// The message ids that the SDK says it sent; empty where it does not say.
    #[serde(default)]
    pub ids: Vec<String>,
    /// The SDK's own words when it failed.
    #[serde(default)]
    pub why: String,
}

/// Where the programs find what they need.
#[derive(Debug)]
pub struct Programs {
    /// This folder.
    pub folder: PathBuf,
    /// The Python that has the packages of requirements.txt.
    pub python: PathBuf,
    /// Chromium, or why there is none.
    pub chromium: Result<PathBuf, String>,
}

/// A program that runs; killed when the value goes.
pub struct Run {
    child: Owned,
    verdicts: Arc<Mutex<Vec<Verdict>>>,
    output: JoinHandle<()>,
    errors: JoinHandle<String>,
}

impl Programs {
    /// Has the SDK make these calls, one after the other, and stay for its `first_resend` after the
    /// last.
    pub fn run(&self, sdk: &Sdk, calls: &[&str], to: SocketAddr) -> Result<Run> {
        let mut command = match Path::new(sdk.program).extension() {
            Some(extension) if extension == "py" => Command::new(&self.python),
            _ => Command::new("node"),
        };
        command
            .arg(self.folder.join(sdk.program))
            .args(calls)
            .env("COLLECT_URL", format!("http://{to}"))
            .env("STAY_MS", sdk.first_resend.as_millis().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Ok(chromium) = &self.chromium {
            command.env("CHROMIUM", chromium);
        }
        let mut child = Owned(process::spawn(command)?);
        let output = child.0.stdout.take().context("no standard output")?;
        let mut errors = child.0.stderr.take().context("no standard error")?;
        let verdicts = Arc::<Mutex<Vec<Verdict>>>::default();
        let said = Arc::clone(&verdicts);
        let output = thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Ok(verdict) = serde_json::from_str(&line) {
                    said.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(verdict);
                }
            }
        });
        let errors = thread::spawn(move || {
            let mut text = Vec::new();
            let _ = errors.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        Ok(Run {
            child,
            verdicts,
            output,
            errors,
        })
    }
}

impl Run {
    /// How many calls the SDK is through with.
    pub fn calls_done(&self) -> usize {
        self.verdicts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// Waits until the program ends; gives what the SDK said and what the program wrote to its
    /// standard error.
    pub fn finish(mut self, limit: Duration) -> (Vec<Verdict>, String) {
        let ended = poll(limit, || self.child.0.try_wait().ok().flatten());
        let complaint = match ended {
            Some(status) if status.success() => String::new(),
            Some(status) => format!("the program ended with {status}\n"),
            None => format!("the program still ran after {limit:?}\n"),
        };
        drop(self.child);
        let _ = self.output.join();
        let errors = self.errors.join().unwrap_or_default();
        let verdicts = self.verdicts.lock().unwrap_or_else(PoisonError::into_inner);
        (verdicts.clone(), complaint + &errors)
    }
}
