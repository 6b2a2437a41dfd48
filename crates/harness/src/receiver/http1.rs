//! HTTP/1.1, with every liberty that a broken server takes.

use super::record::{Recorded, Shared};
use super::reply::{Reply, Step};
use crate::wire;
use anyhow::Result;
use socket2::SockRef;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_rustls::server::TlsStream;

/// A stream that can be made to end with RST.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {
    fn tcp(&self) -> &TcpStream;
}

impl Stream for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Stream for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

pub(super) async fn serve(mut stream: impl Stream, shared: &Shared, connection: u64) -> Result<()> {
    let mut buffer = Vec::with_capacity(16 << 10);
    loop {
        let Some(reply) = next(&buffer, shared, connection)? else {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
            continue;
        };
        let (reply, used) = reply;
        buffer.drain(..used);
        match reply {
            Reply::Answer(answer) => {
                answer.wait().await;
                stream.write_all(&answer.encode()).await?;
                stream.flush().await?;
            }
            Reply::Steps(steps) => {
                for step in steps {
                    if !take(step, &mut stream).await? {
                        return Ok(());
                    }
                }
            }
        }
    }
}

/// The next step for the request at the front of the buffer, once it is complete.
fn next(buffer: &[u8], shared: &Shared, connection: u64) -> Result<Option<(Reply, usize)>> {
    let Some(length) = wire::request_length(buffer)? else {
        return Ok(None);
    };
    if let Some(reply) = shared.unseen() {
        return Ok(Some((reply, length)));
    }
    let Some((message, length)) = wire::request(buffer)? else {
        return Ok(None);
    };
    let (method, target) = message.start;
    let reply = shared.see(Recorded {
        at: Instant::now(),
        connection,
        http: 1,
        method,
        target,
        headers: message.headers,
        body: message.body,
        trailers: message.trailers,
    });
    Ok(Some((reply, length)))
}

/// Does one step; false when the connection is over.
async fn take(step: Step, stream: &mut impl Stream) -> Result<bool> {
    match step {
        Step::Send(bytes) => {
            stream.write_all(&bytes).await?;
            stream.flush().await?;
        }
        Step::Wait(time) => sleep(time).await,
        Step::Drip(bytes, pause) => loop {
            stream.write_all(&bytes).await?;
            stream.flush().await?;
            sleep(pause).await;
        },
        Step::Hang => {
            let mut sink = [0; 1024];
            while stream.read(&mut sink).await? > 0 {}
            return Ok(false);
        }
        Step::Close => {
            stream.shutdown().await?;
            return Ok(false);
        }
        Step::Reset => {
            SockRef::from(stream.tcp()).set_linger(Some(Duration::ZERO))?;
            return Ok(false);
        }
    }
    Ok(true)
}
