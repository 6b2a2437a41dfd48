//! The contract's payload of an event in Segment's form; values are copied byte for byte.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

#[derive(Deserialize)]
struct Batch<'a> {
    #[serde(borrow)]
    batch: Option<Vec<Event<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    #[serde(borrow)]
    event: Option<&'a RawValue>,
    r#type: &'a RawValue,
    timestamp: Cow<'a, str>,
    message_id: &'a RawValue,
    anonymous_id: Option<&'a RawValue>,
    user_id: Option<&'a RawValue>,
    group_id: Option<&'a RawValue>,
    context: Context<'a>,
    properties: Option<&'a RawValue>,
    traits: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Context<'a> {
    #[serde(borrow)]
    page: Option<Page<'a>>,
    library: Option<&'a RawValue>,
}

#[derive(Deserialize, Serialize)]
struct Page<'a> {
    #[serde(borrow)]
    url: &'a RawValue,
    title: &'a RawValue,
    path: &'a RawValue,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a RawValue>,
    r#type: &'a RawValue,
    timestamp: String,
    message_id: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    anonymous_id: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a RawValue>,
    context: Told<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<&'a RawValue>,
    properties: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traits: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Told<'a> {
    page: Option<Page<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    library: Option<&'a RawValue>,
}

/// The payloads of a request's events: those of its `batch`, else itself is one.
pub(crate) fn all(body: &[u8]) -> serde_json::Result<Vec<Vec<u8>>> {
    match serde_json::from_slice::<Batch<'_>>(body)?.batch {
        Some(events) => events.into_iter().map(one).collect(),
        None => Ok(vec![one(serde_json::from_slice(body)?)?]),
    }
}

fn one(event: Event<'_>) -> serde_json::Result<Vec<u8>> {
    // The contract's times have whole seconds and are in UTC, as the SDK's are.
    let seconds = event.timestamp.get(..19).unwrap_or(&event.timestamp);
    let payload = Payload {
        event: event.event,
        r#type: event.r#type,
        timestamp: format!("{seconds}Z"),
        message_id: event.message_id,
        anonymous_id: event.anonymous_id,
        user_id: event.user_id,
        context: Told {
            page: event.context.page,
            library: event.context.library,
        },
        group_id: event.group_id,
        properties: event.properties,
        traits: event.traits,
    };
    serde_json::to_vec(&payload)
}

#[cfg(test)]
mod tests {
    use super::all;

    const EVENT: &str = r#"{"type":"track","event":"a","timestamp":"2022-12-28T21:16:50.123Z","messageId":"m","anonymousId":"u",
        "context":{"page":{"path":"/","url":"https://example.com/","title":"Home","referrer":""},"library":{"name":"x"}},
        "properties":{"customProp":42.0}}"#;
    const PAYLOAD: &str = concat!(
        r#"{"event":"a","type":"track","timestamp":"2022-12-28T21:16:50Z","messageId":"m","anonymousId":"u","#,
        r#""context":{"page":{"url":"https://example.com/","title":"Home","path":"/"},"library":{"name":"x"}},"#,
        r#""properties":{"customProp":42.0}}"#
    );

    #[test]
    fn builds_the_contracts_payload_of_one_event_and_of_each_of_a_batch() {
        assert_eq!(all(EVENT.as_bytes()).unwrap(), [PAYLOAD.as_bytes()]);
        let batch = format!(r#"{{"batch":[{EVENT},{EVENT}]}}"#);
        assert_eq!(all(batch.as_bytes()).unwrap(), [PAYLOAD.as_bytes(); 2]);
    }
}
