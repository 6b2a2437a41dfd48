//! HTTP/2, correct answers only.

use super::record::{Recorded, Shared};
use super::reply::{Answer, Reply};
use crate::wire::Headers;
use anyhow::Result;
use bytes::Bytes;
use h2::server::SendResponse;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use std::sync::Arc;
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncWrite};

pub(super) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    shared: Arc<Shared>,
    connection: u64,
) -> Result<()> {
    let mut streams = h2::server::handshake(stream).await?;
    let mut tasks = tokio::task::JoinSet::new();
    while let Some(accepted) = streams.accept().await {
        let (request, respond) = accepted?;
        tasks.spawn(answer(request, respond, Arc::clone(&shared), connection));
        while tasks.try_join_next().is_some() {}
    }
    Ok(())
}

async fn answer(
    request: http::Request<h2::RecvStream>,
    mut respond: SendResponse<Bytes>,
    shared: Arc<Shared>,
    connection: u64,
) -> Result<()> {
    let (head, mut incoming) = request.into_parts();
    let (body, trailers) = collect(&mut incoming).await?;
    let mut headers = Headers::new();
    if let Some(authority) = head.uri.authority() {
        headers.push(("host".into(), authority.as_str().into()));
    }
    headers.extend(listed(&head.headers));
    let reply = shared.see(Recorded {
        at: Instant::now(),
        connection,
        http: 2,
        method: head.method.to_string(),
        target: head
            .uri
            .path_and_query()
            .map(ToString::to_string)
            .unwrap_or_default(),
        headers,
        body,
        trailers,
    });
    match reply {
        Reply::Answer(answer) => {
            answer.wait().await;
            send(&mut respond, answer)
        }
        Reply::Steps(_) => {
            respond.send_reset(h2::Reason::INTERNAL_ERROR);
            Ok(())
        }
    }
}

fn send(respond: &mut SendResponse<Bytes>, answer: Answer) -> Result<()> {
    let mut response = Response::builder().status(answer.status).body(())?;
    for (name, value) in &answer.headers {
        response.headers_mut().append(
            HeaderName::from_bytes(name.as_bytes())?,
            HeaderValue::from_bytes(value)?,
        );
    }
    let mut body = respond.send_response(response, answer.body.is_empty())?;
    if !answer.body.is_empty() {
        body.send_data(answer.body, true)?;
    }
    Ok(())
}

/// The rest of a stream: body and trailers.
pub(crate) async fn collect(incoming: &mut h2::RecvStream) -> Result<(Vec<u8>, Headers)> {
    let mut body = Vec::new();
    while let Some(chunk) = incoming.data().await {
        let chunk = chunk?;
        body.extend_from_slice(&chunk);
        incoming.flow_control().release_capacity(chunk.len())?;
    }
    let trailers = incoming.trailers().await?;
    Ok((body, trailers.as_ref().map(listed).unwrap_or_default()))
}

pub(crate) fn listed(headers: &HeaderMap) -> Headers {
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect()
}
