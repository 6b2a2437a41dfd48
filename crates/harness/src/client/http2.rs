//! HTTP/2 with prior knowledge.

use super::{Request, Response, PATIENCE};
use crate::receiver::http2::{collect, listed};
use crate::runtime::runtime;
use anyhow::{Context, Result};
use bytes::Bytes;
use h2::client::SendRequest;
use h2::SendStream;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::future::{poll_fn, Future};
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A connection; gone, with its streams, when the value goes.
#[derive(Debug)]
pub struct H2Connection {
    sender: SendRequest<Bytes>,
    driver: JoinHandle<()>,
}

impl H2Connection {
    /// Connects and shakes hands.
    pub fn open(to: SocketAddr) -> Result<Self> {
        runtime().block_on(async {
            let stream = TcpStream::connect(to).await?;
            stream.set_nodelay(true)?;
            let (sender, connection) = h2::client::handshake(stream).await?;
            let driver = tokio::spawn(async move {
                let _ = connection.await;
            });
            Ok(Self { sender, driver })
        })
    }

    /// Sends a request and waits for its answer.
    pub fn request(&self, request: &Request) -> Result<Response> {
        runtime().block_on(self.exchange(request.clone()))
    }

    /// Sends all of them at once, each on a stream of its own; the answers are in the order of the
    /// requests.
    pub fn requests(&self, requests: &[Request]) -> Result<Vec<Response>> {
        let tasks: Vec<_> = requests
            .iter()
            .map(|request| runtime().spawn(self.exchange(request.clone())))
            .collect();
        runtime().block_on(async {
            let mut responses = Vec::new();
            for task in tasks {
                responses.push(task.await??);
            }
            Ok(responses)
        })
    }

    fn exchange(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<Response>> + Send + 'static {
        let sender = self.sender.clone();
        async move {
            timeout(PATIENCE, exchange(sender, request))
                .await
                .with_context(|| format!("no whole answer within {PATIENCE:?}"))?
        }
    }
}

impl Drop for H2Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

async fn exchange(sender: SendRequest<Bytes>, request: Request) -> Result<Response> {
    let mut head = http::Request::builder()
        .method(request.method.as_str())
        .uri(format!("http://collect.test{}", request.target))
        .body(())?;
    *head.headers_mut() = map(&request.headers)?;
    let bodyless = request.body.is_empty() && request.trailers.is_empty();
    let (response, body) = sender.ready().await?.send_request(head, bodyless)?;
    // An answer may come before the body is sent (413): then the rest of the body is of no
    // interest.
    let sending = tokio::spawn(async move {
        if !bodyless {
            send(body, request).await?;
        }
        anyhow::Ok(())
    });
    let (head, mut incoming) = response.await?.into_parts();
    let (body, _) = collect(&mut incoming).await?;
    sending.abort();
    Ok(Response {
        status: head.status.as_u16(),
        headers: listed(&head.headers),
        body,
    })
}

async fn send(mut stream: SendStream<Bytes>, request: Request) -> Result<()> {
    let frames = request.body.chunks(request.chunk.unwrap_or(16 << 10));
    for frame in frames {
        let mut left = Bytes::copy_from_slice(frame);
        while !left.is_empty() {
            stream.reserve_capacity(left.len());
            let Some(capacity) = poll_fn(|cx| stream.poll_capacity(cx)).await else {
                return Ok(());
            };
            let now = left.split_to(capacity?.min(left.len()));
            stream.send_data(now, false)?;
        }
    }
    if request.trailers.is_empty() {
        stream.send_data(Bytes::new(), true)?;
    } else {
        stream.send_trailers(map(&request.trailers)?)?;
    }
    Ok(())
}

fn map(headers: &[(String, Vec<u8>)]) -> Result<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(
            HeaderName::from_bytes(name.as_bytes())?,
            HeaderValue::from_bytes(value)?,
        );
    }
    Ok(map)
}
