//! Configurations and events that most tests begin with.

use serde_json::{json, Value};

use crate::host::Request;

/// `count` webhooks `hook_<n>`, each in a cluster of its own.
pub(crate) fn webhooks(count: usize) -> Value {
    let webhook = |index| {
        json!({
            "name": format!("hook_{index}"),
            "url": format!("https://hook-{index}.test/in?k={index}"),
            "cluster": format!("cluster_{index}"),
        })
    };
    json!({"webhooks": (0..count).map(webhook).collect::<Vec<_>>()})
}

/// The configuration with one more key.
pub(crate) fn with(mut configuration: Value, key: &str, value: Value) -> Value {
    configuration[key] = value;
    configuration
}

/// One webhook with this `batch`.
pub(crate) fn batching(batch: Value) -> Value {
    let mut configuration = webhooks(1);
    configuration["webhooks"][0]["batch"] = batch;
    configuration
}

/// A track event as freshpaint.js sends it; the name is its message id as well.
pub(crate) fn event(name: &str) -> Value {
    json!({
        "event": name,
        "properties": {
            "time": 1_767_323_040,
            "$insert_id": name,
            "distinct_id": "device-1",
            "$device_id": "device-1",
            "$lib": "web",
            "customProp": 42,
        },
    })
}

/// The payload that the webhooks get for [`event`].
pub(crate) fn payload(name: &str) -> String {
    format!(
        r#"{{"event":"{name}","type":"track","timestamp":"2026-01-02T03:04:00Z","messageId":"{name}","anonymousId":"device-1","context":{{"page":null,"library":{{"name":"freshpaint.js"}}}},"properties":{{"customProp":42}}}}"#
    )
}

/// A collection request with one event.
pub(crate) fn track(name: &str) -> Request {
    Request::post("/track", event(name).to_string())
}

/// A collection request with several events.
pub(crate) fn batch(names: &[&str]) -> Request {
    let events: Vec<_> = names.iter().map(|name| event(name)).collect();
    Request::post("/track", Value::from(events).to_string())
}
