//! The requests of real SDKs that the tests hold, from which random ones are made.

use base64::prelude::{Engine, BASE64_STANDARD};
use flate2::read::GzDecoder;
use freshpaint_harness::shipped::repository;
use serde_json::Value;
use std::fs;
use std::io::Read;

/// One request of an SDK.
pub(crate) struct Seed {
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) content_type: Option<String>,
    /// The JSON inside, without gzip, base64 and form.
    pub(crate) text: Vec<u8>,
}

/// All of them but those without an event.
pub(crate) fn seeds() -> Vec<Seed> {
    let captures = repository().join("crates/core/tests/captures");
    let folders = fs::read_dir(captures).unwrap();
    let files = folders.flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap());
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.retain(|file| !file.to_string_lossy().ends_with(".expected.json"));
    // The order of a folder is not the same everywhere.
    files.sort();
    let seeds = files.iter().map(|file| seed(&fs::read(file).unwrap()));
    let seeds: Vec<_> = seeds.filter(|seed| !seed.text.is_empty()).collect();
    assert!(seeds.len() > 50, "{} captures have an event", seeds.len());
    seeds
}

fn seed(capture: &[u8]) -> Seed {
    let capture: Value = serde_json::from_slice(capture).unwrap();
    let text = |key: &str| capture[key].as_str().unwrap_or_default().to_owned();
    let query = text("query");
    let body = BASE64_STANDARD.decode(text("body_base64")).unwrap();
    let body = if body.is_empty() {
        query.clone().into_bytes()
    } else {
        body
    };
    Seed {
        path: text("path"),
        text: unpacked(body),
        query,
        content_type: capture["headers"]["content-type"]
            .as_str()
            .map(str::to_owned),
    }
}

fn unpacked(mut body: Vec<u8>) -> Vec<u8> {
    if body.starts_with(&[0x1f, 0x8b]) {
        let mut text = Vec::new();
        GzDecoder::new(&body[..]).read_to_end(&mut text).unwrap();
        body = text;
    }
    let text = String::from_utf8(body).unwrap();
    let form = text
        .split('&')
        .find_map(|field| field.strip_prefix("data="));
    let Some(data) = form else {
        return text.into_bytes();
    };
    let data = data.replace("%2B", "+").replace("%2F", "/");
    let data = data.replace("%3D", "=").replace("%3d", "=");
    // A form holds JSON as it is, or in base64.
    let plain = BASE64_STANDARD.decode(data.trim_end());
    plain.unwrap_or_else(|_| data.into_bytes())
}
