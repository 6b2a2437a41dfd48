//! An HTTP client that sends exactly the bytes it is told to.

mod http1;
mod http2;

pub use http1::Connection;
pub use http2::H2Connection;

use crate::wire::{self, Headers};
use anyhow::Result;
use std::net::SocketAddr;
use std::time::Duration;

/// How long a client waits for an answer unless told otherwise: longer than a batch may take (25
/// s).
pub const PATIENCE: Duration = Duration::from_secs(40);

/// A request, for either protocol.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query, sent as they are.
    pub target: String,
    /// Headers besides `host` and the framing; values may be any bytes.
    pub headers: Headers,
    /// The whole body.
    pub body: Vec<u8>,
    /// Sends the body in chunks of this many bytes and without a length; over HTTP/2, in DATA
    /// frames of that size.
    pub chunk: Option<usize>,
    /// Sent after the body; over HTTP/1.1 only with `chunk`.
    pub trailers: Headers,
}

impl Request {
    /// A request without a body.
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Headers::new(),
            body: Vec::new(),
            chunk: None,
            trailers: Headers::new(),
        }
    }

    /// A GET.
    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// A POST with a body and no content type.
    pub fn post(target: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: body.into(),
            ..Self::new("POST", target)
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// In chunks of this many bytes.
    pub fn chunked(mut self, bytes: usize) -> Self {
        self.chunk = Some(bytes.max(1));
        self
    }

    /// Adds a trailer.
    pub fn trailer(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.trailers.push((name.to_owned(), value.into()));
        self
    }

    /// The request as HTTP/1.1 has it, for `host: collect.test`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.head();
        match self.chunk {
            None => bytes.extend_from_slice(&self.body),
            Some(size) => {
                for chunk in self.body.chunks(size) {
                    bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    bytes.extend_from_slice(chunk);
                    bytes.extend_from_slice(b"\r\n");
                }
                bytes.extend_from_slice(b"0\r\n");
                push_lines(&mut bytes, &self.trailers);
                bytes.extend_from_slice(b"\r\n");
            }
        }
        bytes
    }

    fn head(&self) -> Vec<u8> {
        let Self { method, target, .. } = self;
        let mut bytes =
            format!("{method} {target} HTTP/1.1\r\nhost: collect.test\r\n").into_bytes();
        push_lines(&mut bytes, &self.headers);
        if self.chunk.is_some() {
            bytes.extend_from_slice(b"transfer-encoding: chunked\r\n");
        } else if !self.body.is_empty() || self.method == "POST" {
            bytes.extend_from_slice(format!("content-length: {}\r\n", self.body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes
    }

    /// Sends it on a connection of its own and waits for the answer.
    pub fn send(&self, to: SocketAddr) -> Result<Response> {
        Connection::open(to)?.request(self)
    }
}

fn push_lines(bytes: &mut Vec<u8>, headers: &Headers) {
    for (name, value) in headers {
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(b"\r\n");
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers in the order they came.
    pub headers: Headers,
    /// The body with its framing taken away.
    pub body: Vec<u8>,
}

impl Response {
    /// The first value of a header, when it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        wire::header(&self.headers, name)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
