//! The webhooks: 200 with an empty body to everything, counted by call, or by event where a call
//! may carry several.

use anyhow::Result;
use bytes::Bytes;
use freshpaint_harness::Port;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};

/// Some webhooks of one protocol, on a port each.
#[derive(Debug)]
pub(crate) struct Webhooks {
    ports: Vec<Port>,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    calls: AtomicU64,
    /// Before each answer, in milliseconds.
    delay: AtomicU64,
    counts_events: AtomicBool,
    keeps: AtomicBool,
    kept: Mutex<Vec<Bytes>>,
}

impl Webhooks {
    /// Starts them on the runtime of the caller.
    pub(crate) fn start(many: usize, http2: bool) -> Result<Self> {
        let webhooks = Self::refusing(many)?;
        webhooks.listen(http2)?;
        Ok(webhooks)
    }

    /// Takes the ports, which refuse connections until [`Self::listen`].
    pub(crate) fn refusing(many: usize) -> Result<Self> {
        let ports = (0..many)
            .map(|_| Port::reserve())
            .collect::<Result<_, _>>()?;
        let state = Arc::default();
        Ok(Self { ports, state })
    }

    /// Accepts connections from now on.
    pub(crate) fn listen(&self, http2: bool) -> Result<()> {
        for port in &self.ports {
            let listener = std::net::TcpListener::bind(port.address())?;
            listener.set_nonblocking(true)?;
            let listener = TcpListener::from_std(listener)?;
            tokio::spawn(accept(listener, http2, Arc::clone(&self.state)));
        }
        Ok(())
    }

    pub(crate) fn addresses(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.ports.iter().map(Port::address)
    }

    /// Counts the events of each call from now on, else calls.
    pub(crate) fn count_events(&self, on: bool) {
        self.state.counts_events.store(on, Ordering::Relaxed);
    }

    /// All calls so far, or events, at all of them.
    pub(crate) fn calls(&self) -> u64 {
        self.state.calls.load(Ordering::Relaxed)
    }

    /// Waits until there were `wanted` calls, or none came for a tenth of a second.
    pub(crate) async fn settle(&self, wanted: u64) {
        let mut last = (self.calls(), Instant::now());
        while last.0 < wanted && last.1.elapsed() < Duration::from_millis(100) {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let calls = self.calls();
            if calls != last.0 {
                last = (calls, Instant::now());
            }
        }
    }

    /// Has every further answer wait.
    pub(crate) fn answer_after(&self, delay: Duration) {
        let delay = milliseconds(delay);
        self.state.delay.store(delay, Ordering::Relaxed);
    }

    /// Has answers wait for each of these in turn, for a second each, until the task is ended.
    pub(crate) fn take_turns(&self, delays: Vec<Duration>) -> tokio::task::AbortHandle {
        let state = Arc::clone(&self.state);
        let turns = async move {
            for delay in delays.iter().cycle() {
                state.delay.store(milliseconds(*delay), Ordering::Relaxed);
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        tokio::spawn(turns).abort_handle()
    }

    /// Keeps the bodies of calls from now on.
    pub(crate) fn keep(&self) {
        self.state.keeps.store(true, Ordering::Relaxed);
    }

    /// The bodies kept; no further ones are.
    pub(crate) fn take(&self) -> Vec<Bytes> {
        self.state.keeps.store(false, Ordering::Relaxed);
        self.state
            .kept
            .lock()
            .map(|mut kept| std::mem::take(&mut *kept))
            .unwrap_or_default()
    }
}

fn milliseconds(delay: Duration) -> u64 {
    u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)
}

async fn accept(listener: TcpListener, http2: bool, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        tokio::spawn(serve(stream, http2, Arc::clone(&state)));
    }
}

async fn serve(stream: TcpStream, http2: bool, state: Arc<State>) {
    let service = service_fn(|request| answer(request, Arc::clone(&state)));
    let stream = TokioIo::new(stream);
    // A proxy that is stopped resets its connections: that is no error here.
    if http2 {
        let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .serve_connection(
                stream,
                service_fn(|request| answer(request, Arc::clone(&state))),
            )
            .await;
    } else {
        let _ = hyper::server::conn::http1::Builder::new()
            .serve_connection(stream, service)
            .await;
    }
}

async fn answer(
    request: Request<Incoming>,
    state: Arc<State>,
) -> Result<Response<Empty<Bytes>>, hyper::Error> {
    let mut body = request.into_body();
    let mut calls = 1;
    let counts_events = state.counts_events.load(Ordering::Relaxed);
    let keeps = state.keeps.load(Ordering::Relaxed);
    if keeps || counts_events {
        let whole = body.collect().await?.to_bytes();
        if counts_events {
            let text = std::str::from_utf8(&whole).unwrap_or_default();
            calls = text.matches(r#""messageId":"#).count() as u64;
        }
        if let Some(mut kept) = keeps.then(|| state.kept.lock().ok()).flatten() {
            kept.push(whole);
        }
    } else {
        while let Some(frame) = body.frame().await {
            frame?;
        }
    }
    state.calls.fetch_add(calls, Ordering::Relaxed);
    let delay = state.delay.load(Ordering::Relaxed);
    if delay > 0 {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    Ok(Response::new(Empty::new()))
}
