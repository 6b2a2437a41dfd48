//! From the body of a collection request to the payloads of its events: one captured request for
//! each dialect.

use std::hint::black_box;

use base64::engine::general_purpose::STANDARD;
use base64::Engine as _;
use freshpaint_core::clock::Now;
use freshpaint_core::config::{Config, Timestamps};
use freshpaint_core::intake::{judge, Collection, Context, Head, Item, Judgement};
use freshpaint_core::payload;
use serde::Deserialize;

use super::Case;

macro_rules! requests {
    ($($name:literal, $events:literal, $file:literal;)*) => {
        [$(($name, $events, include_str!(concat!("../../tests/captures/", $file, ".json"))),)*]
    };
}

pub fn cases() -> Vec<Case> {
    let requests = requests! {
        "track, freshpaint.js page", 1, "freshpaint-web-inferred/04-page";
        "track, HTTP API", 1, "freshpaint-http-api/11-track-fetch-json";
        "track, Mixpanel, base64 in a form", 1, "mixpanel-browser/09-nobatch-track";
        "react_native", 1, "freshpaint-react-native/02-track";
        "mobile, gzip", 5, "freshpaint-android-synthetic/01-batch";
        "segment, analytics.js", 1, "segment-analytics-next/03-track";
        "segment, batch", 6, "segment-analytics-node/07-batch";
        "segment, RudderStack batch", 3, "rudderstack-js/09-batch-batch";
        "rudderstack_beacon", 3, "rudderstack-js/08-beacon-unload";
        "jitsu", 1, "jitsu-js-browser/03-track";
        "posthog, gzip", 1, "posthog-js/01-page";
        "posthog, bare array", 2, "posthog-js-1.160.0/04-nocompress-unload";
    };
    let case = |(name, events, capture)| {
        Case::new("intake", name, events, move || prepare(capture, events))
    };
    requests.map(case).into()
}

#[derive(Deserialize)]
struct Capture {
    method: String,
    path: String,
    body_base64: String,
}

fn prepare(capture: &str, events: u64) -> impl FnMut() {
    let text = br#"{"webhooks": [{"url": "https://example.com/in"}]}"#;
    let config = freshpaint_config::parse(text, &|_| None).unwrap();
    let (collection, body) = request(capture, &config);
    let mut random = fastrand::Rng::with_seed(1);
    let mut out = Vec::with_capacity(1 << 16);
    move || {
        let mut read = 0;
        let mut context = Context {
            now: Now::default(),
            random: &mut random,
            config: &config,
        };
        out.clear();
        collection
            .clone()
            .read(black_box(&body), &mut context, &mut |_, item| {
                read += 1;
                if let Item::Event(event) = item {
                    payload::render(&event, Timestamps::Seconds, &mut out);
                }
            })
            .unwrap();
        assert_eq!(read, events);
        black_box(&out);
    }
}

fn request(capture: &str, config: &Config) -> (Collection, Vec<u8>) {
    let capture: Capture = serde_json::from_str(capture).unwrap();
    let head = Head {
        method: capture.method.as_bytes(),
        ..Head::post(capture.path.as_bytes())
    };
    match judge(&head, config) {
        Judgement::Collect(collection) => {
            (collection, STANDARD.decode(capture.body_base64).unwrap())
        }
        other => panic!("{other:?}"),
    }
}
