//! A webhook for tests and benchmarks: records what it gets, answers by a script that can change at
//! any time.

mod http1;
pub(crate) mod http2;
mod record;
mod reply;

pub use record::Recorded;
pub use reply::{status, Answer, Gate, Reply, Step};

use crate::port::Port;
use crate::runtime::runtime;
use crate::tls::Certificate;
use crate::wait::poll;
use anyhow::{ensure, Context, Result};
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// The longest that a receiver takes to close.
const CLOSES: Duration = Duration::from_secs(10);

/// A server on a free port of 127.0.0.1, or on one that was asked for; gone when the value goes.
pub struct Receiver {
    port: Option<Port>,
    address: SocketAddr,
    protocol: Protocol,
    shared: Arc<record::Shared>,
    serving: Mutex<Option<JoinHandle<()>>>,
}

/// The protocol of a receiver.
#[derive(Clone, Default)]
pub enum Protocol {
    /// HTTP/1.1 without TLS.
    #[default]
    Http1,
    /// HTTP/2 without TLS, with prior knowledge (h2c).
    Http2,
    /// TLS with this certificate; HTTP/2 when the client's ALPN offers it and `http2` allows it,
    /// else HTTP/1.1.
    Tls {
        /// Whom the server says to be.
        certificate: Arc<Certificate>,
        /// Whether `h2` is offered.
        http2: bool,
    },
    /// TLS over HTTP/1.1, for a client that has the key of a certificate that is trusted.
    MutualTls {
        /// Whom the server says to be.
        certificate: Arc<Certificate>,
        /// The authority whose clients are let in.
        client: Arc<Certificate>,
    },
}

impl Receiver {
    /// Starts one that speaks HTTP/1.1 and answers 200 to everything.
    pub fn start() -> Result<Self> {
        Self::with(Protocol::Http1)
    }

    /// Starts one on a free port.
    pub fn with(protocol: Protocol) -> Result<Self> {
        let port = Port::reserve().context("no free port on 127.0.0.1")?;
        Self::on(port.address(), Some(port), protocol)
    }

    /// Starts one on this address; an error names the address when it is taken.
    pub fn listen(address: SocketAddr, protocol: Protocol) -> Result<Self> {
        Self::on(address, None, protocol)
    }

    fn on(address: SocketAddr, port: Option<Port>, protocol: Protocol) -> Result<Self> {
        let mut receiver = Self {
            port,
            address,
            protocol,
            shared: Arc::default(),
            serving: Mutex::default(),
        };
        receiver.address = receiver.open()?;
        Ok(receiver)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers everything with this from now on.
    pub fn set(&self, reply: impl Into<Reply>) {
        let reply = reply.into();
        self.shared.set(record::Script::Always(reply));
    }

    /// Decides on each request what to do; the second argument counts the requests before it.
    pub fn decide<R: Into<Reply>>(
        &self,
        decide: impl Fn(&Recorded, usize) -> R + Send + Sync + 'static,
    ) {
        let decide = move |request: &Recorded, before| decide(request, before).into();
        self.shared.set(record::Script::Decide(Arc::new(decide)));
    }

    /// Stops keeping requests: [`Receiver::count`] goes on, [`Receiver::requests`] does not. For
    /// benchmarks.
    pub fn stop_recording(&self) {
        self.shared.stop_recording();
    }

    /// Calls `watch` with each request as it is recorded.
    pub fn watch(&self, watch: impl Fn(&Recorded) + Send + Sync + 'static) {
        self.shared.watch(Arc::new(watch));
    }

    /// Everything recorded so far, in order of arrival.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.requests()
    }

    /// Takes what was recorded so far; the next look begins empty.
    pub fn take(&self) -> Vec<Recorded> {
        self.shared.take()
    }

    /// Requests seen since the start, recorded or not.
    pub fn count(&self) -> usize {
        self.shared.count()
    }

    /// The recorded requests as soon as there are `n`, or an error that says how many came within
    /// `limit`.
    pub fn wait_for(&self, n: usize, limit: Duration) -> Result<Vec<Recorded>> {
        let enough = poll(limit, || (self.shared.recorded() >= n).then_some(()));
        let requests = self.requests();
        ensure!(
            enough.is_some(),
            "waited {limit:?} for {n} requests, got {}",
            requests.len()
        );
        Ok(requests)
    }

    /// The recorded requests as soon as `enough` says so, or an error when `limit` has passed.
    pub fn wait_until(
        &self,
        limit: Duration,
        enough: impl Fn(&[Recorded]) -> bool,
    ) -> Result<Vec<Recorded>> {
        poll(limit, || Some(self.requests()).filter(|all| enough(all)))
            .with_context(|| format!("waited {limit:?}, got {} requests", self.count()))
    }

    /// Stops listening and drops every connection: from now on connections are refused.
    ///
    /// A program that is being started shares every socket of this process between its fork and
    /// its exec, so connections may be taken, and reset, for a moment longer: that is waited for.
    pub fn close(&self) {
        let task = self.serving.lock().ok().and_then(|mut task| task.take());
        if let Some(task) = task {
            task.abort();
            poll(CLOSES, || task.is_finished().then_some(()));
            let is_refused = || std::net::TcpStream::connect(self.address).is_err();
            poll(CLOSES, || is_refused().then_some(()));
        }
    }

    /// Listens (again); gives the address.
    pub fn open(&self) -> Result<SocketAddr> {
        let _inside = runtime().enter();
        let listener = match &self.port {
            Some(port) => port.listen(),
            None => std::net::TcpListener::bind(self.address),
        }
        .with_context(|| format!("cannot listen on {}", self.address))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let listener = TcpListener::from_std(listener)?;
        let acceptor = match &self.protocol {
            Protocol::Http1 => Acceptor::Http1,
            Protocol::Http2 => Acceptor::Http2,
            Protocol::Tls { certificate, http2 } => {
                let protocols: &[_] = if *http2 {
                    &["h2", "http/1.1"]
                } else {
                    &["http/1.1"]
                };
                Acceptor::Tls(certificate.server(protocols)?.into())
            }
            Protocol::MutualTls {
                certificate,
                client,
            } => Acceptor::Tls(certificate.server_for(client)?.into()),
        };
        let serving = runtime().spawn(serve(listener, acceptor, Arc::clone(&self.shared)));
        if let Ok(mut task) = self.serving.lock() {
            *task = Some(serving);
        }
        Ok(address)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receiver({}, {} requests)", self.address, self.count())
    }
}

#[derive(Clone)]
enum Acceptor {
    Http1,
    Http2,
    Tls(tokio_rustls::TlsAcceptor),
}

/// Owns its connections: when this task is aborted they go with it.
async fn serve(listener: TcpListener, acceptor: Acceptor, shared: Arc<record::Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        connections.spawn(connection(stream, acceptor.clone(), Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}

/// A connection ends as it likes; the other end has the error.
async fn connection(stream: TcpStream, acceptor: Acceptor, shared: Arc<record::Shared>) {
    let id = shared.next_connection();
    let _ = match acceptor {
        Acceptor::Http1 => http1::serve(stream, &shared, id).await,
        Acceptor::Http2 => http2::serve(stream, shared, id).await,
        Acceptor::Tls(tls) => match tls.accept(stream).await {
            Ok(stream) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
                http2::serve(stream, shared, id).await
            }
            Ok(stream) => http1::serve(stream, &shared, id).await,
            Err(error) => Err(error.into()),
        },
    };
}
