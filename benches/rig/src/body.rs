//! Collection requests in Segment's form, whose message ids are fresh each time they are sent. Five
//! events in a row are of one device, so that a batch has several and so have requests.
//!
//! The module recognises an event that it was sent before and delivers it once, so a request that
//! is repeated as it is would measure that and nothing else.

use crate::shape::Shape;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

/// A whole HTTP/1.1 request with room for the ids of its events.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    bytes: Vec<u8>,
    /// Where the ids of its events stand, and those of their devices.
    ids: Vec<(usize, usize)>,
    serial: Arc<AtomicU64>,
}

const ID_LENGTH: usize = 16;
/// Stand where an id and a device's id go, and nowhere else in a request.
const PLACEHOLDER: &str = "@@@@@@@@@@@@@@@@";
const DEVICE: &str = "################";
const EVENTS_OF_A_DEVICE: u64 = 5;
/// A device comes back after so many others.
const DEVICES: u64 = 10_000;

impl Template {
    /// A request of `shape`; clones and templates that share `serial` never give the same id twice.
    pub(crate) fn new(shape: &Shape, serial: &Arc<AtomicU64>) -> Self {
        Self::named("Checkout Completed", shape, serial)
    }

    /// The same of events with this name, which needs no escapes.
    pub(crate) fn named(name: &str, shape: &Shape, serial: &Arc<AtomicU64>) -> Self {
        let event = event(name, shape.properties);
        let (path, body) = match shape.events {
            1 => ("/v1/track", event),
            many => (
                "/v1/batch",
                format!(r#"{{"batch":[{}]}}"#, vec![event; many].join(",")),
            ),
        };
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: collect.example.com\r\ncontent-type: application/json\r\n\
             user-agent: freshpaint-bench\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let places = |text| request.match_indices(text).map(|(at, _)| at);
        let ids = places(PLACEHOLDER).zip(places(DEVICE)).collect();
        Self {
            bytes: request.into_bytes(),
            ids,
            serial: Arc::clone(serial),
        }
    }

    /// The request with ids that no request had before.
    pub(crate) fn next(&mut self) -> &[u8] {
        let first = self
            .serial
            .fetch_add(self.ids.len() as u64, Ordering::Relaxed);
        for (number, &(id, device)) in (first..).zip(&self.ids) {
            let of_device = number / EVENTS_OF_A_DEVICE % DEVICES;
            for (at, number) in [(id, number), (device, of_device)] {
                let text = format!("{number:0ID_LENGTH$x}");
                self.bytes[at..at + ID_LENGTH].copy_from_slice(text.as_bytes());
            }
        }
        &self.bytes
    }
}

/// The bytes of an event of this shape in a batch, its comma included.
pub(crate) fn event_bytes(shape: &Shape) -> usize {
    event("Checkout Completed", shape.properties).len() + 1
}

/// A track event of about 360 bytes and its properties.
fn event(name: &str, properties: usize) -> String {
    let mut all = String::from(
        r#"{"plan":"pro","price":19.90,"currency":"EUR","items":[{"sku":"A-1","quantity":2}]"#,
    );
    let mut number = 0;
    while all.len() < properties {
        all += &format!(r#","field_{number}":"what a customer \"said\" {number}""#);
        number += 1;
    }
    all.push('}');
    format!(
        concat!(
            r#"{{"type":"track","event":"{name}","timestamp":"2026-01-02T03:04:05.678Z","messageId":"{id}","#,
            r#""anonymousId":"1855a980cb1529-{device}-18525635","userId":"hello@example.com","#,
            r#""context":{{"page":{{"path":"/checkout","url":"https://example.com/checkout","title":"Checkout"}},"#,
            r#""library":{{"name":"analytics.js","version":"2.1.0"}}}},"properties":{all}}}"#
        ),
        name = name,
        id = PLACEHOLDER,
        device = DEVICE,
        all = all,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::BTreeSet;

    fn body(request: &[u8]) -> Value {
        let text = std::str::from_utf8(request).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("content-length: {}", body.len())),
            "{head}"
        );
        serde_json::from_str(body).unwrap()
    }

    #[test]
    fn no_two_events_share_an_id() {
        let serial = Arc::default();
        let mut batches = Template::new(&Shape::new(20, 1, false), &serial);
        let mut singles = Template::new(&Shape::new(1, 1, false), &serial);
        let mut ids = BTreeSet::new();
        for _ in 0..3 {
            for event in body(batches.next())["batch"].as_array().unwrap() {
                ids.insert(event["messageId"].to_string());
            }
            ids.insert(body(singles.next())["messageId"].to_string());
        }
        assert_eq!(ids.len(), 63);
    }

    #[test]
    fn a_batch_has_several_devices_and_so_have_requests() {
        let serial = Arc::default();
        let mut batches = Template::new(&Shape::new(20, 1, false), &serial);
        let mut singles = Template::new(&Shape::new(1, 1, false), &serial);
        let device = |event: &Value| event["anonymousId"].to_string();
        let batch = body(batches.next());
        let mut devices: BTreeSet<_> = batch["batch"]
            .as_array()
            .unwrap()
            .iter()
            .map(device)
            .collect();
        assert_eq!(devices.len(), 4);
        devices.extend((0..10).map(|_| device(&body(singles.next()))));
        assert_eq!(devices.len(), 6);
    }

    #[test]
    fn an_event_has_the_size_asked_for() {
        let bytes = |properties| event("a", properties).len();
        assert!((560..680).contains(&bytes(250)), "{}", bytes(250));
        assert!((10_300..10_500).contains(&bytes(10_000)));
    }
}
