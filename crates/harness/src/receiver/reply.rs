//! How a receiver treats a request.

use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// How a receiver treats a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A correct answer.
    Answer(Answer),
    /// Anything at all, over HTTP/1.1; over HTTP/2 the stream is reset instead.
    Steps(Vec<Step>),
}

/// A correct answer, over either protocol.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers besides `content-length`; values may be any bytes.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The whole body.
    pub body: Bytes,
    /// How long the receiver thinks before it answers.
    pub delay: Duration,
    /// Opened before it answers at all.
    pub gate: Option<Gate>,
}

/// Holds answers back until a test opens it, so that a test need not guess how long something else
/// takes.
#[derive(Clone, Debug)]
pub struct Gate(Arc<watch::Sender<bool>>);

impl Gate {
    /// A closed one.
    pub fn closed() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Lets every answer through, from now on.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    pub(super) async fn pass(&self) {
        let _ = self.0.subscribe().wait_for(|is_open| *is_open).await;
    }
}

/// One thing done on the connection.
#[derive(Clone, Debug)]
pub enum Step {
    /// Sends these bytes as they are.
    Send(Bytes),
    /// Does nothing for a while.
    Wait(Duration),
    /// Sends these bytes again and again, with a pause after each, until the peer goes.
    Drip(Bytes, Duration),
    /// Does nothing until the peer goes.
    Hang,
    /// Closes in order (FIN).
    Close,
    /// Resets (RST).
    Reset,
}

/// An answer with this status and an empty body.
pub fn status(status: u16) -> Answer {
    Answer {
        status,
        headers: Vec::new(),
        body: Bytes::new(),
        delay: Duration::ZERO,
        gate: None,
    }
}

impl Answer {
    /// Adds a body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// After a pause.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Once the gate is open.
    pub fn behind(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }

    /// Waits for the gate, and thinks.
    pub(super) async fn wait(&self) {
        if let Some(gate) = &self.gate {
            gate.pass().await;
        }
        if !self.delay.is_zero() {
            sleep(self.delay).await;
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(128 + self.body.len());
        bytes.extend_from_slice(format!("HTTP/1.1 {} Scripted\r\n", self.status).as_bytes());
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        // RFC 9110, section 8.6: a 1xx or 204 has no content-length.
        if self.status >= 200 && self.status != 204 {
            bytes.extend_from_slice(format!("content-length: {}\r\n", self.body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        if self.status != 204 && self.status != 304 {
            bytes.extend_from_slice(&self.body);
        }
        bytes
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}

impl Reply {
    /// RST before a byte is answered.
    pub fn reset_before_headers() -> Self {
        Self::Steps(vec![Step::Reset])
    }

    /// Half a response head, then RST.
    pub fn reset_in_headers() -> Self {
        let half = Bytes::from_static(b"HTTP/1.1 200 OK\r\ncontent-le");
        Self::Steps(vec![
            Step::Send(half),
            Step::Wait(Duration::from_millis(20)),
            Step::Reset,
        ])
    }

    /// A 200 that promises 1,000 bytes, then RST.
    pub fn reset_after_headers() -> Self {
        Self::Steps(vec![
            Step::Send(promise_of_1000(b"")),
            Step::Wait(Duration::from_millis(20)),
            Step::Reset,
        ])
    }

    /// A 200 that promises 1,000 bytes, sends seven of them and closes.
    pub fn partial() -> Self {
        Self::Steps(vec![Step::Send(promise_of_1000(b"partial")), Step::Close])
    }

    /// A 200 whose body never ends: one byte every 50 ms.
    pub fn drip() -> Self {
        Self::Steps(vec![
            Step::Send(promise_of_1000(b"")),
            Step::Drip(Bytes::from_static(b"."), Duration::from_millis(50)),
        ])
    }

    /// Bytes that are not HTTP.
    pub fn garbage() -> Self {
        let bytes = Bytes::from_static(b"\x00\xff\x16\x03 not http at all\r\n\r\n");
        Self::Steps(vec![Step::Send(bytes), Step::Close])
    }

    /// No answer at all; the connection stays open.
    pub fn silence() -> Self {
        Self::Steps(vec![Step::Hang])
    }
}

fn promise_of_1000(begun: &[u8]) -> Bytes {
    let mut bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n".to_vec();
    bytes.extend_from_slice(begun);
    bytes.into()
}
