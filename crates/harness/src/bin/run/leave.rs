//! The end: Envoy is taken out of service as in production, but for less time.

use crate::News;
use anyhow::Result;
use freshpaint_harness::process::{spawn, Owned};
use freshpaint_harness::shipped::repository;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver as Inbox, RecvTimeoutError};
use std::time::Duration;

/// How long requests and kept events are waited for, in seconds.
const PATIENCE: &str = "5";
/// The module tells Envoy once a second how many events it keeps.
const AT_LEAST: &str = "1";
const STEP: Duration = Duration::from_millis(50);

/// Waits until no request is open and no event is kept, and shows what comes meanwhile. Another
/// Ctrl-C ends it.
pub(crate) fn drain(admin: SocketAddr, inbox: &Inbox<News>) -> Result<()> {
    let mut command = Command::new("bash");
    command
        .arg(repository().join("deploy/kubernetes/base/drain"))
        .arg(admin.ip().to_string())
        .arg(admin.port().to_string())
        .arg(PATIENCE)
        .env("DRAIN_AT_LEAST", AT_LEAST)
        .stdin(Stdio::null())
        // Ctrl-C reaches us alone.
        .process_group(0);
    let mut drain = Owned(spawn(command)?);
    loop {
        match inbox.recv_timeout(STEP) {
            Ok(News::Line(line)) => writeln!(io::stdout(), "{line}")?,
            Err(RecvTimeoutError::Timeout) => {
                if drain.0.try_wait()?.is_some() {
                    return Ok(());
                }
            }
            Ok(News::Stop | News::EnvoyEnded) | Err(RecvTimeoutError::Disconnected) => {
                return Ok(());
            }
        }
    }
}
