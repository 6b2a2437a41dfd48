//! `bench-service <port> <1|2> <one|all> <webhook port>...` does the module's job as an ordinary
//! service: one event or a batch in Segment's form comes in over HTTP/1.1, each event goes to every
//! webhook over HTTP/1.1 or HTTP/2, by itself or all of a request in one JSON array, and 200 goes
//! back as soon as each event was accepted by one webhook, else 503. On one thread, borrowing from
//! the body, with pooled connections.

mod payload;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// The time that the contract gives a webhook.
const TIMEOUT: Duration = Duration::from_secs(5);

struct Service {
    client: Client<HttpConnector, Full<Bytes>>,
    webhooks: Vec<Uri>,
    /// All events of a request go in one call.
    batches: bool,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |what: &'static str| arguments.next().context(what);
    let port: u16 = next("the first argument is the port to listen on")?.parse()?;
    let http2 = next("the second argument is 1 or 2, the HTTP of the webhooks")? == "2";
    let batches = next("the third argument is one or all, the events of a call")? == "all";
    let webhooks = arguments
        .map(|port| format!("http://127.0.0.1:{port}/in").parse())
        .collect::<Result<_, _>>()?;
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new())
        .http2_only(http2)
        .build(connector);
    let service = Arc::new(Service {
        client,
        webhooks,
        batches,
    });
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(serve(port, service))
}

async fn serve(port: u16, service: Arc<Service>) -> Result<()> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = Arc::clone(&service);
        let answer = service_fn(move |request| {
            let service = Arc::clone(&service);
            async move { Ok::<_, Infallible>(service.collect(request).await) }
        });
        tokio::spawn(
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer),
        );
    }
}

impl Service {
    async fn collect(self: Arc<Self>, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let Ok(body) = request.into_body().collect().await else {
            return answer(StatusCode::BAD_REQUEST);
        };
        let Ok(mut payloads) = payload::all(&body.to_bytes()) else {
            return answer(StatusCode::BAD_REQUEST);
        };
        if self.batches {
            payloads = vec![[&b"["[..], &payloads.join(&b','), b"]"].concat()];
        }
        let mut deliveries: Vec<_> = payloads
            .into_iter()
            .map(|payload| self.deliver(&payload.into()))
            .collect();
        for delivery in &mut deliveries {
            if !first_acceptance(delivery).await {
                return answer(StatusCode::SERVICE_UNAVAILABLE);
            }
        }
        answer(StatusCode::OK)
    }

    /// Calls all webhooks at once; what they say comes out of the channel, which ends with the last
    /// of them.
    fn deliver(self: &Arc<Self>, payload: &Bytes) -> mpsc::UnboundedReceiver<bool> {
        let (said, outcomes) = mpsc::unbounded_channel();
        for webhook in 0..self.webhooks.len() {
            let service = Arc::clone(self);
            let (payload, said) = (payload.clone(), said.clone());
            tokio::spawn(async move {
                let call = service.call(webhook, payload);
                let accepted = tokio::time::timeout(TIMEOUT, call).await;
                let _ = said.send(accepted.unwrap_or(false));
            });
        }
        outcomes
    }

    async fn call(&self, webhook: usize, payload: Bytes) -> bool {
        let request = self.webhooks.get(webhook).map(|uri| {
            Request::post(uri)
                .header(CONTENT_TYPE, "application/json")
                .header(USER_AGENT, "bench-service")
                .body(Full::new(payload))
        });
        let Some(Ok(request)) = request else {
            return false;
        };
        match self.client.request(request).await {
            Ok(response) => {
                let accepted = response.status().is_success();
                // Read to its end, the connection goes back to the pool.
                accepted && response.into_body().collect().await.is_ok()
            }
            Err(_) => false,
        }
    }
}

async fn first_acceptance(outcomes: &mut mpsc::UnboundedReceiver<bool>) -> bool {
    while let Some(accepted) = outcomes.recv().await {
        if accepted {
            return true;
        }
    }
    false
}

fn answer(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, 1.into());
    }
    response
}
