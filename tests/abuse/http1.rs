//! Many HTTP/1.1 clients at once: each is a task of the harness's runtime.

use freshpaint_harness::runtime::runtime;
use freshpaint_harness::wire;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep_until, timeout};

/// The answer to one request.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// The number of the request, from 0.
    pub(crate) index: usize,
    /// `None` when the connection was refused or ended, or no answer came in time.
    pub(crate) status: Option<u16>,
    pub(crate) took: Duration,
}

/// Sends `count` requests, the n-th made by `request`, evenly over `time`, each on a connection of
/// its own, whether or not those before are answered. Returns when the last has been answered or
/// `patience` is over.
pub(crate) fn at_rate(
    to: SocketAddr,
    count: usize,
    time: Duration,
    patience: Duration,
    mut request: impl FnMut(usize) -> Vec<u8>,
) -> Vec<Outcome> {
    runtime().block_on(async {
        let start = Instant::now();
        let mut tasks = Vec::with_capacity(count);
        for index in 0..count {
            let due = start + time.mul_f64(index as f64 / count as f64);
            sleep_until(due.into()).await;
            let bytes = request(index);
            tasks.push(tokio::spawn(async move {
                let start = Instant::now();
                let status = timeout(patience, exchange(to, &bytes)).await;
                Outcome {
                    index,
                    status: status.ok().flatten(),
                    took: start.elapsed(),
                }
            }));
        }
        let mut outcomes = Vec::with_capacity(count);
        for task in tasks {
            outcomes.push(task.await.unwrap());
        }
        outcomes
    })
}

/// The status of the answer to one request on a connection of its own.
async fn exchange(to: SocketAddr, bytes: &[u8]) -> Option<u16> {
    let mut stream = TcpStream::connect(to).await.ok()?;
    stream.set_nodelay(true).ok()?;
    // An answer may come before everything has been written.
    let (mut reading, mut writing) = stream.split();
    let answer = async {
        let mut buffer = Vec::new();
        loop {
            let read = reading.read_buf(&mut buffer).await.ok()?;
            let whole = wire::response(&buffer, false, read == 0).ok()?;
            if let Some((message, _)) = whole {
                return Some(message.start);
            }
        }
    };
    let send = async {
        let _ = writing.write_all(bytes).await;
        // The way stays open until the answer is here.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        answer = answer => answer,
        () = send => None,
    }
}

/// Opens connections, some 1,500 a second, and sends `first` on each; fewer when the peer refuses
/// one.
pub(crate) fn open(to: SocketAddr, count: usize, first: &'static [u8]) -> Vec<TcpStream> {
    const WAVE: usize = 30;
    runtime().block_on(async {
        let start = Instant::now();
        let mut streams = Vec::with_capacity(count);
        while streams.len() < count {
            let due = start + Duration::from_secs(1).mul_f64(streams.len() as f64 / 1_500.0);
            sleep_until(due.into()).await;
            let tasks: Vec<_> = (0..WAVE.min(count - streams.len()))
                .map(|_| tokio::spawn(connect(to, first)))
                .collect();
            for task in tasks {
                match task.await.unwrap() {
                    Some(stream) => streams.push(stream),
                    None => return streams,
                }
            }
        }
        streams
    })
}

async fn connect(to: SocketAddr, first: &[u8]) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(to).await.ok()?;
    stream.write_all(first).await.ok()?;
    Some(stream)
}

/// Sends one byte a second on each connection for `time`, spread over the second; those that were
/// closed are opened again.
pub(crate) fn drip(
    to: SocketAddr,
    mut streams: Vec<TcpStream>,
    first: &'static [u8],
    time: Duration,
) {
    const SLICES: usize = 50;
    let slice = streams.len().div_ceil(SLICES).max(1);
    runtime().block_on(async {
        let start = Instant::now();
        let mut due = start;
        while start.elapsed() < time {
            for some in streams.chunks_mut(slice) {
                for stream in some {
                    if stream.try_write(b"a").is_err() {
                        let again = connect(to, first);
                        if let Ok(Some(new)) = timeout(Duration::from_secs(1), again).await {
                            *stream = new;
                        }
                    }
                }
                due += Duration::from_secs(1) / SLICES as u32;
                sleep_until(due.into()).await;
            }
        }
    });
}
