//! `make run`: two local webhooks and an Envoy with the module, and every delivery shown as it
//! arrives.

mod fate;
mod leave;
mod outcome;
mod proxy;
mod render;
mod settings;

use anyhow::{bail, Context, Result};
use freshpaint_harness::receiver::{status, Protocol};
use freshpaint_harness::runtime::runtime;
use freshpaint_harness::{envoy, show, Receiver};
use proxy::Proxy;
use settings::Settings;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::mpsc::{channel, Receiver as Inbox, Sender};
use tokio::signal::unix::{signal, SignalKind};

/// The events of a run.
#[derive(Debug)]
pub(crate) enum News {
    /// Something to show.
    Line(String),
    /// Ctrl-C, or the same by another name.
    Stop,
    /// Envoy is gone.
    EnvoyEnded,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let settings = Settings::read()?;
    let (binary, module) = (envoy::binary()?, envoy::module()?);
    let (news, inbox) = channel();
    stop_on_signals(&news)?;
    let receivers = receivers(&settings, &news)?;
    let addresses: Vec<_> = receivers.iter().map(Receiver::address).collect();
    let bootstrap = render::render(&settings, &module, &addresses)?;
    let proxy = Proxy::start(&binary, &bootstrap, &news)?;
    if !proxy.wait_until_serving(&settings, &inbox)? {
        return Ok(());
    }
    fate::watch(settings.admin, &news);
    // A closed output means that nobody reads it any more.
    let shown = greet(&settings).and_then(|()| follow(&inbox));
    match shown.and_then(|()| leave::drain(settings.admin, &inbox)) {
        Err(error) if error.downcast_ref::<io::Error>().is_some() => Ok(()),
        other => other,
    }
}

/// The local webhooks, or the one that gets copies of what the user's own webhook is sent.
fn receivers(settings: &Settings, news: &Sender<News>) -> Result<Vec<Receiver>> {
    let webhooks = match settings.webhook_url {
        Some(_) => vec![("webhook", SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))],
        None => settings.receivers.clone(),
    };
    let start = |(name, address): (&'static str, SocketAddr)| {
        let receiver = Receiver::listen(address, Protocol::Http1)?;
        let news = news.clone();
        // Shown, and not kept: this may run for days.
        receiver.stop_recording();
        receiver.decide(move |request, _| {
            let _ = news.send(News::Line(show::delivery(name, &request.body)));
            status(200)
        });
        Ok(receiver)
    };
    webhooks.into_iter().map(start).collect()
}

fn stop_on_signals(news: &Sender<News>) -> Result<()> {
    let _inside = runtime().enter();
    for kind in [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ] {
        let mut signals = signal(kind).context("cannot listen for signals")?;
        let news = news.clone();
        runtime().spawn(async move {
            while signals.recv().await.is_some() {
                let _ = news.send(News::Stop);
            }
        });
    }
    Ok(())
}

fn greet(settings: &Settings) -> Result<()> {
    let webhooks = match &settings.webhook_url {
        Some(url) => url.clone(),
        None => {
            let named = |(name, address)| format!("{name} (http://{address})");
            settings
                .receivers
                .iter()
                .copied()
                .map(named)
                .collect::<Vec<_>>()
                .join(" and ")
        }
    };
    let (port, admin) = (settings.envoy.port(), settings.admin);
    let url = format!("http://localhost:{port}");
    // A new id each time, or an event that is sent again would be taken for a repetition.
    let id = "'$(date +%s%N)'";
    let monitor = settings.monitor.port();
    writeln!(
        io::stdout(),
        r#"
Watch deliveries, and send test events, at http://localhost:{monitor}

Send events from another terminal, for example:

  curl {url}/track -d '{{"event":"Signed Up","properties":{{"distinct_id":"ada@example.com","$device_id":"d-1","$insert_id":"{id}","plan":"pro"}}}}'

or one of each other kind, and a pixel:

  curl {url}/v1/page -d '{{"messageId":"{id}","anonymousId":"d-1","name":"Pricing","properties":{{"url":"https://example.com/pricing"}}}}'
  curl {url}/v1/identify -d '{{"messageId":"{id}","userId":"ada@example.com","traits":{{"plan":"pro"}}}}'
  curl {url}/v1/group -d '{{"messageId":"{id}","userId":"ada@example.com","groupId":"g-1","traits":{{"plan":"pro"}}}}'
  curl -G {url}/track --data-urlencode data='{{"event":"Opened","properties":{{"distinct_id":"ada@example.com","$insert_id":"{id}"}}}}'

Delivering to {webhooks}
Statistics at http://{admin}/stats/prometheus?filter=freshpaint
Ctrl-C stops everything.
"#
    )?;
    Ok(())
}

/// Shows what comes until it is time to go.
fn follow(inbox: &Inbox<News>) -> Result<()> {
    for news in inbox {
        match news {
            News::Line(line) => writeln!(io::stdout(), "{line}")?,
            News::Stop => return Ok(()),
            News::EnvoyEnded => bail!("Envoy ended by itself; what it said is above"),
        }
    }
    Ok(())
}
