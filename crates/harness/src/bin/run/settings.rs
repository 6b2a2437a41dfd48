//! Settings from the environment.

use anyhow::{bail, ensure, Result};
use std::env;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// The settings of one `run`.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The user's own webhook; without one two local receivers are started.
    pub(crate) webhook_url: Option<String>,
    /// Whether that webhook may be on a private address.
    pub(crate) allow_private: bool,
    pub(crate) envoy: SocketAddr,
    pub(crate) admin: SocketAddr,
    /// Where the live page is.
    pub(crate) monitor: SocketAddr,
    /// The local receivers, by the names of their webhooks; none beside a webhook of the user's
    /// own.
    pub(crate) receivers: Vec<(&'static str, SocketAddr)>,
}

impl Settings {
    /// Reads the variables that `make run NAME=value` passes on.
    pub(crate) fn read() -> Result<Self> {
        let webhook_url = variable("WEBHOOK_URL");
        if let Some(url) = &webhook_url {
            let absolute = ["http://", "https://"]
                .iter()
                .any(|scheme| url.starts_with(scheme));
            ensure!(absolute, "WEBHOOK_URL is {url:?}; write an absolute URL such as https://hooks.example.com/in");
        }
        let receivers = match webhook_url {
            Some(_) => Vec::new(),
            None => vec![
                ("crm", port("CRM_PORT", 9001)?),
                ("warehouse", port("WAREHOUSE_PORT", 9002)?),
            ],
        };
        Ok(Self {
            webhook_url,
            allow_private: variable("ALLOW_PRIVATE").is_some_and(|value| value != "0"),
            envoy: port("ENVOY_PORT", 10000)?,
            admin: port("ADMIN_PORT", 9901)?,
            monitor: port("MONITOR_PORT", 9902)?,
            receivers,
        })
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// A port of 127.0.0.1 from the environment; an error when it is not free at this moment.
fn port(name: &str, default: u16) -> Result<SocketAddr> {
    let port = match variable(name) {
        None => default,
        Some(text) => match text.parse() {
            Ok(0) | Err(_) => bail!("{name} is {text:?}; write a port from 1 to 65535"),
            Ok(port) => port,
        },
    };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match TcpListener::bind(address) {
        Ok(_) => Ok(address),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            bail!("port {port} is taken; `make run {name}=...` uses another")
        }
        Err(error) => {
            bail!("port {port} cannot be used: {error}; `make run {name}=...` uses another")
        }
    }
}
