//! HTTP/1.1 over a plain socket.

use super::{Request, Response, PATIENCE};
use crate::wire;
use anyhow::{Context, Result};
use socket2::SockRef;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// A connection that is kept alive.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects, without waiting for small packets.
    pub fn open(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(to).with_context(|| format!("cannot connect to {to}"))?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream,
            buffer: Vec::new(),
        })
    }

    /// Sends these bytes, whatever they are.
    pub fn send(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(bytes)?)
    }

    /// Sends these pieces one by one, each in a packet of its own as far as the kernel allows.
    pub fn send_pieces<'p>(&mut self, pieces: impl IntoIterator<Item = &'p [u8]>) -> Result<()> {
        for piece in pieces {
            self.send(piece)?;
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Says that nothing more will be sent (FIN).
    pub fn half_close(&self) -> Result<()> {
        Ok(self.stream.shutdown(Shutdown::Write)?)
    }

    /// Hangs up with RST.
    pub fn reset(self) -> Result<()> {
        Ok(SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))?)
    }

    /// Sends a request and waits for its answer.
    pub fn request(&mut self, request: &Request) -> Result<Response> {
        self.send(&request.to_bytes())?;
        self.read(request.method == "HEAD", PATIENCE)
    }

    /// The next answer to something other than a HEAD; a `100 Continue` is skipped.
    pub fn response(&mut self) -> Result<Response> {
        self.read(false, PATIENCE)
    }

    /// As [`Connection::response`], within `limit`.
    pub fn response_within(&mut self, limit: Duration) -> Result<Response> {
        self.read(false, limit)
    }

    fn read(&mut self, to_head: bool, limit: Duration) -> Result<Response> {
        let deadline = Instant::now() + limit;
        let mut closed = false;
        loop {
            if let Some((message, length)) = wire::response(&self.buffer, to_head, closed)? {
                self.buffer.drain(..length);
                if message.start >= 200 {
                    return Ok(Response {
                        status: message.start,
                        headers: message.headers,
                        body: message.body,
                    });
                }
                continue;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            self.stream
                .set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
            let mut chunk = [0; 64 << 10];
            let read = self
                .stream
                .read(&mut chunk)
                .with_context(|| format!("no whole answer within {limit:?}"))?;
            closed = read == 0;
            self.buffer.extend_from_slice(&chunk[..read]);
        }
    }
}
