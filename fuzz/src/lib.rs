//! What the fuzz targets share: a worker on a host that has nothing.

use freshpaint_core::clock::SteadyMillis;
use freshpaint_core::delivery::table::{Mark, Owner, Shared};
use freshpaint_core::intake::Headers;
use freshpaint_core::worker::{Identity, Worker};

/// Shared data that nobody shares and that forgets everything.
pub struct NoShared;

impl Shared for NoShared {
    fn load(&mut self, _: u32) -> (Vec<u8>, Mark) {
        (Vec::new(), Mark(None))
    }

    fn store(&mut self, _: u32, _: &[u8], _: Mark) -> bool {
        true
    }

    fn pulse_of(&mut self, _: Owner) -> Option<SteadyMillis> {
        None
    }

    fn pulse(&mut self, _: Owner, _: SteadyMillis) {}
}

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
