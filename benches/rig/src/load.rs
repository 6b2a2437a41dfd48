//! Closed-loop load, which finds out what a proxy can do, and open-loop load, which finds out what
//! its clients wait.

use crate::body::Template;
use crate::client::Connection;
use anyhow::Result;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::{yield_now, JoinSet};

/// Connections of the closed loop, which are enough to keep one core busy.
pub(crate) const CONNECTIONS: usize = 8;
/// Connections of the open loop, which must not run out while an answer is late.
const OPEN_CONNECTIONS: usize = 64;

/// The answers of one turn.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Answers {
    /// Answers with status 200.
    pub(crate) accepted: u64,
    /// Answers with any other status.
    pub(crate) refused: u64,
    /// The time from the first request to the last answer.
    pub(crate) took: Duration,
    /// Only for the open loop: the time from the moment a request should have been sent to the end
    /// of its answer, in microseconds.
    pub(crate) latencies: Vec<f64>,
}

impl Answers {
    /// All requests.
    pub(crate) fn requests(&self) -> u64 {
        self.accepted + self.refused
    }

    fn count(&mut self, status: u16) {
        if status == 200 {
            self.accepted += 1;
        } else {
            self.refused += 1;
        }
    }

    fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.latencies.extend(other.latencies);
    }
}

/// Each connection sends its next request when it has the answer to the one before. `time` is not
/// cut short: the last requests are waited for.
pub(crate) async fn closed(
    to: SocketAddr,
    template: &Template,
    connections: usize,
    time: Duration,
) -> Result<Answers> {
    let start = Instant::now();
    let many = connections;
    let mut connections = JoinSet::new();
    for _ in 0..many {
        let mut template = template.clone();
        connections.spawn(async move {
            let mut connection = Connection::open(to).await?;
            let mut answers = Answers::default();
            while start.elapsed() < time {
                answers.count(connection.exchange(template.next()).await?);
            }
            anyhow::Ok(answers)
        });
    }
    sum(connections, start).await
}

/// `many` requests at once, each on a connection of its own.
pub(crate) async fn burst(to: SocketAddr, template: &Template, many: usize) -> Result<Answers> {
    let start = Instant::now();
    let mut connections = JoinSet::new();
    for _ in 0..many {
        let mut template = template.clone();
        connections.spawn(async move {
            let mut connection = Connection::open(to).await?;
            let mut answers = Answers::default();
            answers.count(connection.exchange(template.next()).await?);
            anyhow::Ok(answers)
        });
    }
    sum(connections, start).await
}

/// Sends `rate` requests per second, evenly, however late answers are. A request that has to wait
/// for a connection is late from the moment it should have been sent.
pub(crate) async fn open(
    to: SocketAddr,
    template: &Template,
    rate: f64,
    time: Duration,
) -> Result<Answers> {
    let mut queues = Vec::new();
    let mut connections = JoinSet::new();
    for _ in 0..OPEN_CONNECTIONS {
        let mut connection = Connection::open(to).await?;
        let mut template = template.clone();
        let (queue, mut due) = mpsc::unbounded_channel::<Instant>();
        queues.push(queue);
        connections.spawn(async move {
            let mut answers = Answers::default();
            while let Some(due) = due.recv().await {
                answers.count(connection.exchange(template.next()).await?);
                answers.latencies.push(due.elapsed().as_secs_f64() * 1e6);
            }
            anyhow::Ok(answers)
        });
    }
    let start = Instant::now();
    let requests = (rate * time.as_secs_f64()) as u32;
    for (number, queue) in (0..requests).zip(queues.iter().cycle()) {
        let due = start + Duration::from_secs_f64(f64::from(number) / rate);
        // Timers are a millisecond wide here, which is more than an answer takes.
        while Instant::now() < due {
            yield_now().await;
        }
        if queue.send(due).is_err() {
            break;
        }
    }
    drop(queues);
    sum(connections, start).await
}

async fn sum(mut connections: JoinSet<Result<Answers>>, start: Instant) -> Result<Answers> {
    let mut all = Answers::default();
    while let Some(answers) = connections.join_next().await {
        all.add(answers??);
    }
    all.took = start.elapsed();
    Ok(all)
}
