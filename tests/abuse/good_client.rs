//! Somebody who does nothing wrong: 20 events and 20 pages of the application a second.

use crate::table::quantile;
use freshpaint_harness::{Connection, Request, Response};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Between two requests, of which every second one is an event.
const PAUSE: Duration = Duration::from_millis(25);
/// Longer than this it waits for no answer, and counts an error.
const PATIENCE: Duration = Duration::from_secs(5);

/// Event ids are new in the whole run.
static NEXT_EVENT: AtomicUsize = AtomicUsize::new(0);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Event,
    Page,
}

/// One request: what it was, how long it took, whether it went well.
#[derive(Clone, Copy, Debug)]
struct Seen {
    kind: Kind,
    took: Duration,
    is_good: bool,
}

/// The experience of a good client.
#[derive(Debug, Default)]
pub(crate) struct Experience(Vec<Seen>);

impl Experience {
    /// Its experience at another time as well.
    pub(crate) fn add(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) fn errors_percent(&self) -> f64 {
        percent(&self.0)
    }

    /// Of the application's pages alone, for when no webhook can take an event.
    pub(crate) fn page_errors_percent(&self) -> f64 {
        percent(&self.of(Kind::Page))
    }

    pub(crate) fn p99(&self) -> Duration {
        times(&self.0, 0.99)
    }

    pub(crate) fn page_quantile(&self, share: f64) -> Duration {
        times(&self.of(Kind::Page), share)
    }

    pub(crate) fn slowest(&self) -> Duration {
        times(&self.0, 1.0)
    }

    fn of(&self, kind: Kind) -> Vec<Seen> {
        let of_kind = self.0.iter().filter(|seen| seen.kind == kind);
        of_kind.copied().collect()
    }
}

fn percent(seen: &[Seen]) -> f64 {
    let bad = seen.iter().filter(|seen| !seen.is_good).count();
    100.0 * bad as f64 / seen.len().max(1) as f64
}

fn times(seen: &[Seen], share: f64) -> Duration {
    let mut times: Vec<_> = seen.iter().map(|seen| seen.took).collect();
    quantile(&mut times, share)
}

pub(crate) struct GoodClient {
    to: SocketAddr,
    kept: Mutex<Vec<Connection>>,
    seen: Mutex<Vec<Seen>>,
}

impl GoodClient {
    pub(crate) fn new(to: SocketAddr) -> Self {
        Self {
            to,
            kept: Mutex::default(),
            seen: Mutex::default(),
        }
    }

    /// Goes on until `attack` is over.
    pub(crate) fn beside<T>(self, attack: impl FnOnce() -> T) -> (T, Experience) {
        let is_over = AtomicBool::new(false);
        let done = thread::scope(|scope| {
            scope.spawn(|| {
                let (start, mut turn) = (Instant::now(), 0);
                while !is_over.load(Ordering::Relaxed) {
                    let due = PAUSE * turn;
                    thread::sleep(due.saturating_sub(start.elapsed()));
                    let this = &self;
                    // A request that is not answered does not keep the next ones back.
                    scope.spawn(move || this.one(turn));
                    turn += 1;
                }
            });
            let done = attack();
            is_over.store(true, Ordering::Relaxed);
            done
        });
        let seen = self.seen.into_inner();
        (
            done,
            Experience(seen.unwrap_or_else(PoisonError::into_inner)),
        )
    }

    fn one(&self, turn: u32) {
        let kind = if turn % 2 == 0 {
            Kind::Event
        } else {
            Kind::Page
        };
        let request = match kind {
            Kind::Event => event(),
            Kind::Page => Request::get("/page"),
        };
        let is_kept = turn % 4 < 2;
        let start = Instant::now();
        let answer = self.send(&request, is_kept);
        let seen = Seen {
            kind,
            took: start.elapsed(),
            is_good: answer.is_some_and(|answer| answer.status == 200),
        };
        lock(&self.seen).push(seen);
    }

    fn send(&self, request: &Request, is_kept: bool) -> Option<Response> {
        let kept = if is_kept {
            lock(&self.kept).pop()
        } else {
            None
        };
        let mut connection = match kept {
            Some(connection) => connection,
            None => Connection::open(self.to).ok()?,
        };
        connection.send(&request.to_bytes()).ok()?;
        let answer = connection.response_within(PATIENCE).ok()?;
        if is_kept && answer.header("connection") != Some("close") {
            lock(&self.kept).push(connection);
        }
        Some(answer)
    }
}

/// A small event with an id that no other has.
pub(crate) fn event() -> Request {
    let id = NEXT_EVENT.fetch_add(1, Ordering::Relaxed);
    let body = format!(
        r#"{{"event":"Signed Up","properties":{{"distinct_id":"ada@example.com","$device_id":"d-1","time":1672262210,"$insert_id":"good-{id}","plan":"pro"}}}}"#
    );
    Request::post("/track", body).header("content-type", "application/json")
}

/// The id of such an event.
pub(crate) fn id(event: &Request) -> String {
    let body = String::from_utf8_lossy(&event.body);
    let (_, rest) = body.split_once(r#""$insert_id":""#).unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
