//! SDKs: they send single events and batches, send again what was not accepted, and some do not
//! wait.

use crate::ledger::{Answer, Ledger};
use freshpaint_harness::{Connection, Request};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How many events requests carry, in turns.
const SIZES: [usize; 6] = [1, 1, 3, 1, 10, 25];

/// A crowd of clients that sends events whose ids begin with `prefix`.
pub(crate) struct Clients<'a> {
    pub(crate) to: SocketAddr,
    pub(crate) ledger: &'a Ledger,
    pub(crate) prefix: &'a str,
    /// How long they wait for an answer.
    pub(crate) patience: Duration,
    /// How many work at the same time.
    pub(crate) threads: usize,
}

impl Clients<'_> {
    /// Sends about this many events, spread over this time.
    pub(crate) fn run(&self, events: usize, time: Duration) {
        let (start, next) = (Instant::now(), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..self.threads {
                scope.spawn(|| loop {
                    let turn = next.fetch_add(1, Ordering::Relaxed);
                    let size = SIZES[turn % SIZES.len()];
                    // The mean size is 41/6.
                    let due = time.mul_f64((turn * 41) as f64 / (6 * events) as f64);
                    if turn * 41 >= events * 6 || start.elapsed() >= time {
                        return;
                    }
                    thread::sleep(due.saturating_sub(start.elapsed()));
                    let ids: Vec<_> = (0..size)
                        .map(|n| format!("{}{turn}-{n}", self.prefix))
                        .collect();
                    self.one(turn, &ids);
                });
            }
        });
    }

    /// One client's request, with what this client is like.
    fn one(&self, turn: usize, ids: &[String]) {
        match turn / SIZES.len() % 10 {
            0 => self.hang_up(ids),
            1 => {
                self.hang_up(ids);
                self.send(ids);
            }
            2 => self.send_at_once(ids, 3),
            3 => {
                self.send(ids);
                self.send(ids);
            }
            4..7 => {
                // An SDK that sends again, sooner than it was told to.
                for _ in 0..3 {
                    if self.send(ids) == Answer::Success {
                        return;
                    }
                    thread::sleep(Duration::from_millis(200));
                }
            }
            _ => {
                self.send(ids);
            }
        }
    }

    /// Sends on a connection of its own, which may go to any worker, and waits for the answer.
    pub(crate) fn send(&self, ids: &[String]) -> Answer {
        self.ledger.sent(ids);
        let answer = open(self.to, ids)
            .and_then(|mut connection| self.read(&mut connection))
            .unwrap_or(Answer::Broken);
        self.ledger.answered(ids, answer);
        answer
    }

    /// Sends the same on several connections before the first answer is read.
    fn send_at_once(&self, ids: &[String], times: usize) {
        self.ledger.sent(ids);
        let mut connections: Vec<_> = (0..times).map(|_| open(self.to, ids)).collect();
        for connection in &mut connections {
            let answer = match connection {
                Some(connection) => self.read(connection).unwrap_or(Answer::Broken),
                None => Answer::Broken,
            };
            self.ledger.answered(ids, answer);
        }
    }

    /// Leaves as soon as the request is written.
    fn hang_up(&self, ids: &[String]) {
        self.ledger.sent(ids);
        let answer = open(self.to, ids).map_or(Answer::Broken, |_| Answer::HungUp);
        self.ledger.answered(ids, answer);
    }

    fn read(&self, connection: &mut Connection) -> Option<Answer> {
        let response = connection.response_within(self.patience).ok()?;
        Some(match (response.status, response.text()) {
            (200, _) => Answer::Success,
            (503, text) if text.contains("They are kept") => Answer::Kept,
            (503, text) if text.contains("end the request again") => Answer::NotKept,
            _ => Answer::Broken,
        })
    }
}

fn open(to: SocketAddr, ids: &[String]) -> Option<Connection> {
    let mut connection = Connection::open(to).ok()?;
    connection.send(&request(ids).to_bytes()).ok()?;
    Some(connection)
}

/// A batch as Segment's SDKs send it.
pub(crate) fn request(ids: &[String]) -> Request {
    let events: Vec<_> = ids
        .iter()
        .map(|id| {
            json!({
                "type": "track", "event": "Order Completed", "messageId": id,
                "userId": "ada@example.com", "timestamp": "2022-12-28T21:16:50Z",
                "properties": {"plan": "pro", "total": 42.5, "items": ["one", "two", "three"]},
            })
        })
        .collect();
    Request::post("/v1/batch", json!({"batch": events}).to_string())
        .header("content-type", "application/json")
}
