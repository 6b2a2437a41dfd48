//! The examples of docs/receiving.md: what each request becomes.
use crate::support::{Outcome, Request, Said};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const PAGE: &str = include_str!("../../../../docs/receiving.md");

/// JSON without the space between its tokens; the order of keys stays.
fn compact(json: &str) -> String {
    let mut is_text = false;
    let is_kept = |letter: &char| {
        is_text ^= *letter == '"';
        is_text || !letter.is_whitespace()
    };
    json.chars().filter(is_kept).collect()
}

#[test]
fn each_request_of_the_manual_becomes_the_payload_below_it() {
    let mut found = Vec::new();
    for example in PAGE.split("`POST ").skip(1) {
        let (path, rest) = example.split_once('`').unwrap();
        let block = |name: &str| {
            let (_, rest) = rest.split_once(&format!("```json {name}\n")).unwrap();
            rest.split("```").next().unwrap().trim().to_owned()
        };
        let Outcome::Read(said, _) = Request::post(path, block("request")).run() else {
            panic!("{path}")
        };
        let [Said::Payload(payload)] = &said[..] else {
            panic!("{said:?}")
        };
        assert_eq!(*payload, compact(&block("payload")), "{path}");
        found.push(path);
    }
    assert_eq!(found, ["/track", "/v1/page", "/v1/identify", "/v1/group"]);
}
