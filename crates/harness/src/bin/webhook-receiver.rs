//! A webhook that shows each delivery as it arrives.

use anyhow::{bail, Context, Result};
use freshpaint_harness::receiver::{status, Protocol};
use freshpaint_harness::{show, Receiver};
use lexopt::prelude::*;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

const USAGE: &str = "\
Shows each webhook delivery as it arrives: webhook, type, event name, JSON.

usage: webhook-receiver [--listen ADDRESS] [--name NAME] [--status CODE] [--delay TIME]

  --listen ADDRESS  where to listen, 127.0.0.1:9001 by default
  --name NAME       what to call this webhook, `webhook` by default
  --status CODE     what to answer, 200 by default
  --delay TIME      how long to wait before answering, e.g. 1.5s or 300ms; 0s by default";

struct Settings {
    listen: SocketAddr,
    name: String,
    status: u16,
    delay: Duration,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "webhook-receiver: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let Some(settings) = Settings::read()? else {
        return Ok(writeln!(io::stdout(), "{USAGE}")?);
    };
    let receiver = Receiver::listen(settings.listen, Protocol::Http1)?;
    receiver.stop_recording();
    let name = settings.name;
    let answer = status(settings.status).after(settings.delay);
    let (listening, at) = (receiver.address(), name.clone());
    receiver.decide(move |request, _| {
        // A closed pipe is no reason to stop answering.
        let _ = writeln!(io::stdout(), "{}", show::delivery(&name, &request.body));
        answer.clone()
    });
    writeln!(io::stdout(), "{at} listens on http://{listening}")?;
    loop {
        thread::park();
    }
}

impl Settings {
    /// Reads the arguments; `None` when they ask for help.
    fn read() -> Result<Option<Self>> {
        let mut settings = Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 9001)),
            name: "webhook".to_owned(),
            status: 200,
            delay: Duration::ZERO,
        };
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("listen") => settings.listen = arguments.value()?.parse()?,
                Long("name") => settings.name = arguments.value()?.string()?,
                Long("status") => {
                    settings.status = arguments.value()?.parse()?;
                    if !(200..600).contains(&settings.status) {
                        bail!("--status {} is not between 200 and 599", settings.status);
                    }
                }
                Long("delay") => settings.delay = arguments.value()?.parse_with(duration)?,
                Short('h') | Long("help") => return Ok(None),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Some(settings))
    }
}

fn duration(text: &str) -> Result<Duration> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1e-3),
        None => (
            text.strip_suffix('s')
                .context("write a time as 1.5s or 300ms")?,
            1.0,
        ),
    };
    let seconds = number
        .parse::<f64>()
        .context("write a time as 1.5s or 300ms")?
        * unit;
    Ok(Duration::try_from_secs_f64(seconds)?)
}
