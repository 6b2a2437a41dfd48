//! A worker on a host without anything, shared by the fuzz targets.

use freshpaint_core::delivery::dedupe::Owner;
use freshpaint_core::intake::Headers;
use freshpaint_core::worker::{Identity, Worker};

/// A request without headers.
pub struct NoHeaders;

impl Headers for NoHeaders {
    fn get(&self, _: &str) -> Option<Vec<u8>> {
        None
    }
}

/// A worker with two webhooks that want every event.
pub fn worker() -> Worker {
    let config = br#"{
        "webhooks": [{"url": "https://a.test/"}, {"url": "https://b.test/"}],
        "options": {"enable_identify_events": true, "enable_pageview_events": true}
    }"#;
    let config = freshpaint_config::parse(config, &|_| None).unwrap();
    let identity = Identity {
        owner: Owner(1),
        seed: 1,
        id_key: [7; 16],
        plugin: b"webhooks",
    };
    Worker::new(config, &identity, 0)
}
