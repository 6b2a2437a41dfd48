//! A webhook that writes HTTP/2 frames by hand: what a library would refuse to send.

use crate::http2::{block, ACK, END_HEADERS, PREFACE, WINDOW_UPDATE};
use crate::http2::{frame, DATA, END_STREAM, HEADERS, PING, SETTINGS};
use crate::ledger::Ledger;
use freshpaint_harness::runtime::runtime;
use freshpaint_harness::Port;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

/// Between the pieces of a flood, so that it costs its sender little.
const PAUSE: Duration = Duration::from_millis(1);

/// A way to behave.
pub(crate) struct Mood {
    /// The webhook in the configuration.
    pub(crate) name: &'static str,
    /// Sent when a connection begins.
    pub(crate) hello: fn() -> Vec<u8>,
    /// Done for a request that has come whole, on this stream.
    pub(crate) answer: fn(u32) -> Vec<Step>,
    /// How the manual says that a call ends.
    pub(crate) outcome: &'static str,
}

/// One thing done on a connection.
pub(crate) enum Step {
    Send(Vec<u8>),
    /// Sends this over and over, and reads on, or not.
    Flood {
        piece: Vec<u8>,
        reads: bool,
    },
    Close,
}

/// As it should be.
pub(crate) const GOOD: Mood = Mood {
    name: "good",
    hello: settings,
    answer: |stream| vec![Step::Send(accepted(stream))],
    outcome: DELIVERED,
};

pub(crate) const DELIVERED: &str = "delivered";

pub(crate) fn settings() -> Vec<u8> {
    frame(SETTINGS, 0, 0, &[])
}

/// A whole answer of 200.
pub(crate) fn accepted(stream: u32) -> Vec<u8> {
    frame(
        HEADERS,
        END_HEADERS | END_STREAM,
        stream,
        &block(&[(":status", "200")]),
    )
}

/// A webhook on a port of its own that misbehaves until it is told to behave.
pub(crate) struct Webhook {
    pub(crate) mood: &'static Mood,
    pub(crate) address: SocketAddr,
    /// The events that it has accepted.
    pub(crate) accepted: Arc<Ledger>,
    behaves: watch::Sender<bool>,
    serving: JoinHandle<()>,
    _port: Port,
}

impl Webhook {
    pub(crate) fn start(mood: &'static Mood) -> Self {
        let _inside = runtime().enter();
        let port = Port::reserve().unwrap();
        let listener = port.listen().unwrap();
        listener.set_nonblocking(true).unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        let (behaves, seen) = watch::channel(false);
        let accepted = Arc::<Ledger>::default();
        let serving = runtime().spawn(serve(listener, mood, seen, Arc::clone(&accepted)));
        Self {
            mood,
            address: port.address(),
            accepted,
            behaves,
            serving,
            _port: port,
        }
    }

    /// From now on, and on connections that begin now.
    pub(crate) fn behave(&self) {
        self.behaves.send(true).unwrap();
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(
    listener: TcpListener,
    mood: &'static Mood,
    seen: watch::Receiver<bool>,
    accepted: Arc<Ledger>,
) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (mut seen, accepted) = (seen.clone(), Arc::clone(&accepted));
        connections.spawn(async move {
            let _ = stream.set_nodelay(true);
            let mood = if *seen.borrow_and_update() {
                &GOOD
            } else {
                mood
            };
            tokio::select! {
                _ = converse(stream, mood, &accepted) => {}
                _ = seen.changed() => {}
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn converse(mut stream: TcpStream, mood: &Mood, ledger: &Ledger) -> io::Result<()> {
    let hello = (mood.hello)();
    stream.write_all(&hello).await?;
    let mut preface = [0; PREFACE.len()];
    stream.read_exact(&mut preface).await?;
    let mut bodies: HashMap<u32, Vec<u8>> = HashMap::new();
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        stream.read_exact(&mut payload).await?;
        let (kind, flags) = (head[3], head[4]);
        let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        match kind {
            // A silent webhook answers no frame.
            _ if hello.is_empty() => {}
            SETTINGS | PING if flags & ACK == 0 => {
                let content: &[u8] = if kind == PING { &payload } else { &[] };
                stream.write_all(&frame(kind, ACK, 0, content)).await?;
            }
            DATA if !payload.is_empty() => {
                bodies.entry(id).or_default().extend_from_slice(&payload);
                let room = u32::try_from(payload.len()).unwrap().to_be_bytes();
                stream.write_all(&frame(WINDOW_UPDATE, 0, 0, &room)).await?;
            }
            _ => {}
        }
        if matches!(kind, HEADERS | DATA) && flags & END_STREAM != 0 {
            let body = bodies.remove(&id).unwrap_or_default();
            if mood.outcome == DELIVERED {
                ledger.receive(&body);
            }
            for step in (mood.answer)(id) {
                take(step, &mut stream).await?;
            }
        }
    }
}

async fn take(step: Step, stream: &mut TcpStream) -> io::Result<()> {
    match step {
        Step::Send(bytes) => stream.write_all(&bytes).await,
        Step::Close => Err(io::ErrorKind::ConnectionAborted.into()),
        Step::Flood { piece, reads } => {
            let mut unread = vec![0; 64 << 10];
            loop {
                stream.write_all(&piece).await?;
                sleep(PAUSE).await;
                if reads && stream.try_read(&mut unread).is_ok_and(|read| read == 0) {
                    return Ok(());
                }
            }
        }
    }
}
