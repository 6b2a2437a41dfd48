//! Writes the first corpus: the requests of real SDKs that the core's tests hold, and a few of each
//! other kind by hand.

use std::fs;
use std::path::Path;

use base64::prelude::{Engine, BASE64_STANDARD};
use serde_json::Value;

const CONFIGURATIONS: &[&[u8]] = &[
    br#"{"webhooks": [{"url": "https://example.com/in"}]}"#,
    br#"{"webhooks": [{"name": "crm", "url": "http://[2001:db8::1]:81/?k=${KEY}", "cluster": "c",
        "headers": {"X-Api-Key": "${KEY}"}, "timeout": "1.5s", "options": {"enable_identify_events": true}}],
        "acknowledge": "settled", "collect": {"path_prefix": "/p", "dialects": ["track"], "allowed_origins": ["https://*.example.com"]},
        "limits": {"max_events": 10}, "retry": {"window": "60s"}, "dedupe": {"slots": 1024}}"#,
    b"\x0a\x10\x0a\x08webhooks\x12\x04\x32\x02\x0a\x00",
];
const ANSWERS: &[&[u8]] = &[
    b":status: 200\n\n:status: 204\n\n:status: 302\nx-envoy-upstream-service-time: 3\n",
    b":status: 429\nx-envoy-upstream-service-time: 3\nretry-after: 7\n\n:status: 504\n\n:status: 503\n",
    b":status: 503\nx-envoy-upstream-service-time: 3\nx-egress-flags: UF,URX\n\n\n\n:status: \xff\n",
];

fn main() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let captures = here.join("../crates/core/tests/captures");
    let bodies = fs::read_dir(&captures)
        .expect("the captures of the core's tests")
        .flat_map(|sdk| fs::read_dir(sdk.expect("a directory").path()).expect("a directory"))
        .map(|file| file.expect("a file").path())
        .filter(|path| !path.to_string_lossy().ends_with(".expected.json"))
        .map(|path| {
            let text = fs::read(&path).expect("a file");
            request(&serde_json::from_slice(&text).expect("JSON"))
        });
    write(here, "body", bodies);
    let owned = |seeds: &[&[u8]]| seeds.iter().map(|seed| seed.to_vec()).collect::<Vec<_>>();
    write(here, "configuration", owned(CONFIGURATIONS));
    write(here, "webhook_answers", owned(ANSWERS));
}

/// `<path>?<query>`, a newline, the body.
fn request(capture: &Value) -> Vec<u8> {
    let mut request = capture["path"]
        .as_str()
        .expect("a path")
        .as_bytes()
        .to_vec();
    if let Some(query) = capture["query"].as_str() {
        request.extend([b"?", query.as_bytes()].concat());
    }
    request.push(b'\n');
    if let Some(body) = capture["body_base64"].as_str() {
        request.extend(BASE64_STANDARD.decode(body).expect("base64"));
    }
    request
}

fn write(here: &Path, target: &str, seeds: impl IntoIterator<Item = Vec<u8>>) {
    let corpus = here.join("corpus").join(target);
    fs::create_dir_all(&corpus).expect("a place for the corpus");
    let mut count = 0;
    for seed in seeds {
        fs::write(corpus.join(format!("seed-{count}")), seed).expect("room for the corpus");
        count += 1;
    }
    println!("{target}: {count} seeds");
}
