//! From the body of a collection request to the payloads of its events: one captured request for each dialect.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::hint::black_box;
use std::path::Path;

use base64::engine::general_purpose::STANDARD;
use base64::Engine as _;
use criterion::{criterion_group, criterion_main, BatchSize, Criterion, Throughput};
use freshpaint_core::clock::Now;
use freshpaint_core::config::Config;
use freshpaint_core::intake::{
    judge, recognise, Collection, Context, Head, Headers, Item, Judgement,
};
use freshpaint_core::payload;
use serde::Deserialize;

const REQUESTS: [(&str, &str); 12] = [
    ("track, web page", "freshpaint-web-inferred/04-page"),
    ("track, HTTP API", "freshpaint-http-api/11-track-fetch-json"),
    (
        "track, Mixpanel, base64 form",
        "mixpanel-browser/09-nobatch-track",
    ),
    ("react_native", "freshpaint-react-native/02-track"),
    ("mobile, gzip", "freshpaint-android-synthetic/01-batch"),
    ("segment, one event", "segment-analytics-next/03-track"),
    ("segment, batch", "segment-analytics-node/07-batch"),
    (
        "segment, RudderStack batch",
        "rudderstack-js/09-batch-batch",
    ),
    ("rudderstack_beacon", "rudderstack-js/08-beacon-unload"),
    ("jitsu", "jitsu-js-browser/03-track"),
    ("posthog, gzip", "posthog-js/01-page"),
    (
        "posthog, plain array",
        "posthog-js-1.160.0/04-nocompress-unload",
    ),
];

#[derive(Deserialize)]
struct Capture {
    method: String,
    path: String,
    body_base64: String,
}

struct NoHeaders;

impl Headers for NoHeaders {
    fn get(&self, _: &str) -> Option<Vec<u8>> {
        None
    }
}

fn intake(criterion: &mut Criterion) {
    let config = Config::parse(
        br#"{"webhooks": [{"url": "https://example.com/in"}]}"#,
        &|_| None,
    )
    .unwrap();
    let mut group = criterion.benchmark_group("intake");
    for (name, file) in REQUESTS {
        let (collection, body) = request(file, &config);
        let mut random = fastrand::Rng::with_seed(1);
        let mut out = Vec::with_capacity(1 << 20);
        let mut read = |collection: &mut Collection, body: &[u8]| {
            let mut events = 0_u64;
            let mut context = Context {
                now: Now::default(),
                random: &mut random,
                config: &config,
            };
            out.clear();
            collection
                .read(black_box(body), &mut context, &mut |_, item| {
                    events += 1;
                    if let Item::Event(event) = item {
                        payload::render(&event, &mut out);
                    }
                })
                .unwrap();
            black_box(&out);
            events
        };
        let events = read(&mut collection.clone(), &body);
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(format!("{name}, {events} in {} B", body.len()), |bencher| {
            bencher.iter_batched_ref(
                || collection.clone(),
                |collection| read(collection, &body),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn request(file: &str, config: &Config) -> (Collection, Vec<u8>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/captures")
        .join(format!("{file}.json"));
    let capture: Capture = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let head = Head {
        method: capture.method.as_bytes(),
        path: capture.path.as_bytes(),
        headers: &NoHeaders,
        end_of_stream: false,
    };
    let route = recognise(head.path, &config.collect).unwrap();
    match judge(route, &head, config) {
        Judgement::Collect(collection) => {
            (collection, STANDARD.decode(capture.body_base64).unwrap())
        }
        Judgement::Answer(answer, _) => panic!("{answer:?}"),
    }
}

criterion_group!(benches, intake);
criterion_main!(benches);
