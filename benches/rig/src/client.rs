//! One keep-alive HTTP/1.1 connection that costs as little as it can.

use anyhow::{bail, Context, Result};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection to a proxy.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        let buffer = Vec::with_capacity(4096);
        Ok(Self { stream, buffer })
    }

    /// Sends a request and reads its whole answer; the status.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<u16> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the proxy closed the connection");
            }
            if let Some((status, length)) = answer(&self.buffer)? {
                if self.buffer.len() >= length {
                    return Ok(status);
                }
            }
        }
    }
}

/// Status and whole length of the answer that begins here, once its head is complete.
fn answer(bytes: &[u8]) -> Result<Option<(u16, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(bytes)? else {
        return Ok(None);
    };
    let status = response.code.context("an answer without a status")?;
    let length = response
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .context("an answer without a content-length")?;
    let body: usize = std::str::from_utf8(length.value)?.trim().parse()?;
    Ok(Some((status, head + body)))
}

#[cfg(test)]
mod tests {
    use super::answer;

    #[test]
    fn knows_when_an_answer_is_whole() {
        assert_eq!(answer(b"HTTP/1.1 200 OK\r\ncontent-le").unwrap(), None);
        let whole = b"HTTP/1.1 503 No\r\nContent-Length: 3\r\n\r\nabc";
        assert_eq!(answer(whole).unwrap(), Some((503, whole.len())));
        assert!(answer(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(answer(b"SSH-2.0-x\r\n\r\n").is_err());
    }
}
