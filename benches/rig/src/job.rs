//! Whether a contender does the job: what the webhooks got is held against what the contract says
//! they must get.

use crate::body::Template;
use crate::client::Connection;
use crate::contender::Running;
use crate::webhooks::Webhooks;
use anyhow::{Context, Result};
use serde_json::{json, Value};

/// Sends one request and compares every call that it led to; the status was 200 and all payloads
/// were right.
pub(crate) async fn does_it(
    contender: &Running,
    template: &Template,
    webhooks: &Webhooks,
    copies: usize,
) -> Result<bool> {
    let mut template = template.clone();
    let request = template.next();
    let expected = payloads(request, copies)?;
    webhooks.keep();
    webhooks.count_events(contender.kind.batches());
    let before = webhooks.calls();
    let status = Connection::open(contender.address)
        .await?
        .exchange(request)
        .await;
    webhooks.settle(before + expected.len() as u64).await;
    let mut received: Vec<_> = webhooks
        .take()
        .iter()
        .flat_map(|body| match serde_json::from_slice(body) {
            Ok(Value::Array(events)) => events,
            Ok(event) => vec![event],
            Err(_) => vec![Value::Null],
        })
        .map(|event| event.to_string())
        .collect();
    received.sort();
    Ok(status.with_context(|| contender.kind.name())? == 200 && received == expected)
}

/// The payloads of a request, `copies` of each, sorted; keys are in one order, so that they compare
/// as text.
fn payloads(request: &[u8], copies: usize) -> Result<Vec<String>> {
    let text = std::str::from_utf8(request)?;
    let (_, body) = text
        .split_once("\r\n\r\n")
        .context("a request without a body")?;
    let body: Value = serde_json::from_str(body)?;
    let events = match &body["batch"] {
        Value::Array(events) => events.clone(),
        _ => vec![body],
    };
    let mut all: Vec<_> = events
        .iter()
        .map(|event| payload(event).to_string())
        .flat_map(|payload| vec![payload; copies])
        .collect();
    all.sort();
    Ok(all)
}

fn payload(event: &Value) -> Value {
    let (page, library) = (&event["context"]["page"], &event["context"]["library"]);
    let seconds = event["timestamp"]
        .as_str()
        .and_then(|time| time.split('.').next());
    json!({
        "event": event["event"],
        "type": event["type"],
        "timestamp": format!("{}Z", seconds.unwrap_or_default()),
        "messageId": event["messageId"],
        "anonymousId": event["anonymousId"],
        "userId": event["userId"],
        "context": {
            "page": {"url": page["url"], "title": page["title"], "path": page["path"]},
            "library": library,
        },
        "properties": event["properties"],
    })
}
