//! HTTP/2 frames by hand (RFC 9113): what a library would refuse to send.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
pub(crate) const ACK: u8 = 1;

const SETTINGS_MAX_CONCURRENT_STREAMS: u8 = 3;
const SETTINGS_INITIAL_WINDOW_SIZE: u8 = 4;

/// Until the peer says otherwise (section 6.9.2).
const WINDOW: i64 = 65_535;

/// A connection that does as it is told.
pub(crate) struct Raw {
    stream: TcpStream,
    unread: Vec<u8>,
    /// Bytes that may be sent on the connection, and on each new stream.
    pub(crate) connection_window: i64,
    pub(crate) stream_window: i64,
    /// How many streams the peer takes at a time.
    pub(crate) most_streams: u32,
    /// The peer has said goodbye, or closed.
    pub(crate) is_over: bool,
    /// Streams that the peer reset.
    pub(crate) resets: usize,
}

impl Raw {
    pub(crate) fn open(to: SocketAddr) -> std::io::Result<Self> {
        let mut stream = TcpStream::connect(to)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(Duration::from_secs(2)))?;
        stream.set_read_timeout(Some(Duration::from_millis(20)))?;
        stream.write_all(PREFACE)?;
        let mut raw = Self {
            stream,
            unread: Vec::new(),
            connection_window: WINDOW,
            stream_window: WINDOW,
            most_streams: u32::MAX,
            is_over: false,
            resets: 0,
        };
        raw.send(&frame(SETTINGS, 0, 0, &[]));
        raw.read_for(Duration::from_millis(200));
        Ok(raw)
    }

    /// Writes these bytes; a connection that takes no more is over.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        if !self.is_over && self.stream.write_all(bytes).is_err() {
            self.is_over = true;
        }
    }

    /// Reads what has come, and acknowledges settings.
    pub(crate) fn read_for(&mut self, limit: Duration) {
        let deadline = Instant::now() + limit;
        let mut chunk = [0; 64 << 10];
        while !self.is_over && Instant::now() < deadline {
            match self.stream.read(&mut chunk) {
                Ok(0) => self.is_over = true,
                Ok(read) => {
                    self.unread.extend_from_slice(&chunk[..read]);
                    self.take_frames();
                }
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => self.is_over = true,
            }
        }
    }

    fn take_frames(&mut self) {
        while self.unread.len() >= 9 {
            let length = u32::from_be_bytes([0, self.unread[0], self.unread[1], self.unread[2]]);
            let end = 9 + length as usize;
            if self.unread.len() < end {
                return;
            }
            let frame: Vec<u8> = self.unread.drain(..end).collect();
            let stream = u32::from_be_bytes([frame[5], frame[6], frame[7], frame[8]]);
            self.take(frame[3], frame[4], stream, &frame[9..]);
        }
    }

    fn take(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        match kind {
            SETTINGS if flags & ACK == 0 => {
                for setting in payload.chunks_exact(6) {
                    let value =
                        u32::from_be_bytes([setting[2], setting[3], setting[4], setting[5]]);
                    match setting[1] {
                        SETTINGS_MAX_CONCURRENT_STREAMS => self.most_streams = value,
                        SETTINGS_INITIAL_WINDOW_SIZE => self.stream_window = i64::from(value),
                        _ => {}
                    }
                }
                self.send(&frame(SETTINGS, ACK, 0, &[]));
            }
            WINDOW_UPDATE if stream == 0 && payload.len() == 4 => {
                let more = u32::from_be_bytes([payload[0], payload[1], payload[2], payload[3]]);
                self.connection_window += i64::from(more);
            }
            RST_STREAM => self.resets += 1,
            GOAWAY => self.is_over = true,
            _ => {}
        }
    }
}

/// One frame (section 4.1).
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// A header block of literals without indexing (RFC 7541, section 6.2.2).
pub(crate) fn block(headers: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in headers {
        bytes.push(0);
        for text in [name, value] {
            bytes.push(u8::try_from(text.len()).unwrap());
            bytes.extend_from_slice(text.as_bytes());
        }
    }
    bytes
}

/// The head of an event's request.
pub(crate) fn post(path: &str) -> Vec<u8> {
    block(&[
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", "collect.test"),
        (":path", path),
        ("content-type", "application/json"),
    ])
}
