//! The requests that a receiver has seen, and the replies it is told to give.

use super::reply::{status, Reply};
use crate::wire::{self, Headers};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;

/// One request, whole.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// When its last byte had arrived.
    pub at: Instant,
    /// The connection it came on; they are numbered from 1.
    pub connection: u64,
    /// `1` or `2`.
    pub http: u8,
    /// The method.
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// Headers in the order they came; over HTTP/2 `:authority` is given as `host`, first.
    pub headers: Headers,
    /// The body with its framing taken away.
    pub body: Vec<u8>,
    /// Trailers in the order they came.
    pub trailers: Headers,
}

impl Recorded {
    /// The first value of a header, when it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        wire::header(&self.headers, name)
    }

    /// The body as JSON; null when it is not, or when a number in it does not fit.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The payload's `messageId`, or nothing.
    pub fn message_id(&self) -> String {
        let payload = self.json();
        payload["messageId"].as_str().unwrap_or_default().to_owned()
    }
}

type Decide = Arc<dyn Fn(&Recorded, usize) -> Reply + Send + Sync>;
type Watch = Arc<dyn Fn(&Recorded) + Send + Sync>;

#[derive(Clone)]
pub(super) enum Script {
    Always(Reply),
    Decide(Decide),
}

pub(super) struct Shared {
    script: RwLock<Script>,
    watch: Mutex<Option<Watch>>,
    requests: Mutex<Vec<Recorded>>,
    count: AtomicUsize,
    connections: AtomicU64,
    recording: AtomicBool,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            script: RwLock::new(Script::Always(status(200).into())),
            watch: Mutex::default(),
            requests: Mutex::default(),
            count: AtomicUsize::default(),
            connections: AtomicU64::default(),
            recording: AtomicBool::new(true),
        }
    }
}

impl Shared {
    pub(super) fn set(&self, script: Script) {
        *self.script.write().unwrap_or_else(PoisonError::into_inner) = script;
    }

    pub(super) fn watch(&self, watch: Watch) {
        *self.watch.lock().unwrap_or_else(PoisonError::into_inner) = Some(watch);
    }

    pub(super) fn stop_recording(&self) {
        self.recording.store(false, Ordering::Relaxed);
    }

    pub(super) fn requests(&self) -> Vec<Recorded> {
        self.kept().clone()
    }

    pub(super) fn take(&self) -> Vec<Recorded> {
        std::mem::take(&mut *self.kept())
    }

    pub(super) fn recorded(&self) -> usize {
        self.kept().len()
    }

    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    pub(super) fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The reply when it does not depend on the request and nothing is kept: the request need not
    /// be read into parts.
    pub(super) fn unseen(&self) -> Option<Reply> {
        if self.recording.load(Ordering::Relaxed) {
            return None;
        }
        match &*self.script.read().unwrap_or_else(PoisonError::into_inner) {
            Script::Always(reply) => {
                self.count.fetch_add(1, Ordering::Relaxed);
                Some(reply.clone())
            }
            Script::Decide(_) => None,
        }
    }

    /// Keeps the request and gives the reply to it.
    pub(super) fn see(&self, request: Recorded) -> Reply {
        let before = self.count.fetch_add(1, Ordering::Relaxed);
        let script = self
            .script
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let reply = match script {
            Script::Always(reply) => reply,
            Script::Decide(decide) => decide(&request, before),
        };
        let watch = self
            .watch
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(watch) = watch {
            watch(&request);
        }
        if self.recording.load(Ordering::Relaxed) {
            self.kept().push(request);
        }
        reply
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Recorded>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
