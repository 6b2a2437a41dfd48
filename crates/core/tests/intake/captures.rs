//! Requests of real SDKs, each against the whole payloads and the reply that it has to give.
//!
//! A capture is `captures/<sdk>/<n>-<call>.json`. Its expectation is the file
//! `<n>-<call>.expected.json` beside it, or its own member `expected`. Expectations are written
//! from the rules and reviewed by eye, never taken from this crate's output. In them `<computed>`
//! and `<random>` stand for an id that the SDK did not send. Directories that end in `-synthetic`
//! and `-inferred` hold requests made from an SDK's source and from its relatives; their `note`
//! says so.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{config, Outcome, Request, Said};
use freshpaint_core::config::{Config, Timestamps};
use freshpaint_core::intake::{dialect, recognise};
use freshpaint_core::time;
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Capture {
    method: String,
    path: String,
    query: Option<String>,
    headers: BTreeMap<String, String>,
    /// The bytes that were received, still compressed.
    body_base64: Option<String>,
    /// The same as text, in captures that are written by hand.
    body: Option<String>,
    /// Its outcome, where no file beside it says so.
    expected: Option<Expected>,
}

#[derive(Deserialize)]
struct Expected {
    /// The server's clock; the payload of an event without a time has it as well.
    received: String,
    answer: Answer,
    #[serde(default)]
    events: Vec<Event>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Event {
    Payload(Box<RawValue>),
    Filtered(String),
}

#[test]
fn every_capture_becomes_the_payloads_beside_it() {
    let captures = captures();
    assert!(captures.len() >= 112, "only {} captures", captures.len());
    let failures: Vec<_> = captures
        .iter()
        .filter_map(|path| check(path).err())
        .collect();
    assert!(
        failures.is_empty(),
        "{} failed:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// A dialect that no captured request reaches has never been seen to work.
#[test]
fn every_dialect_has_a_capture_that_becomes_a_payload() {
    let mut silent: BTreeSet<_> = dialect::ALL
        .into_iter()
        .map(|dialect| dialect.name)
        .collect();
    for path in captures() {
        let (capture, expected) = read(&path).unwrap();
        let delivers = expected
            .events
            .iter()
            .any(|event| matches!(event, Event::Payload(_)));
        if delivers {
            let route = recognise(capture.path.as_bytes(), &config().collect).unwrap();
            silent.remove(route.dialect().name);
        }
    }
    assert_eq!(silent, BTreeSet::new(), "add captures and what they become");
}

/// A dead letter is a payload, so a payload has to be taken as it is.
#[test]
fn a_payload_that_is_sent_to_v1_batch_comes_out_the_same() {
    let mut payloads = Vec::new();
    for path in captures() {
        let (capture, expected) = read(&path).unwrap();
        if let Outcome::Read(said, _) = request(&capture, &expected).run() {
            payloads.extend(said.into_iter().filter_map(|said| match said {
                Said::Payload(payload) => Some(payload),
                _ => None,
            }));
        }
    }
    payloads.extend(["track", "page", "identify", "group"].map(|example| {
        let path = format!("tests/payload/{example}.json");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        compact(&fs::read_to_string(path).unwrap())
    }));
    assert!(payloads.len() >= 133, "only {} payloads", payloads.len());
    let again = |payloads: &[String], config: &Config| {
        let body = format!(r#"{{"batch":[{}]}}"#, payloads.join(","));
        match Request::post("/v1/batch", body).run_with(config) {
            Outcome::Read(said, _) => said,
            other => panic!("{other:?}"),
        }
    };
    for payload in &payloads {
        let said = again(std::slice::from_ref(payload), &config());
        assert_eq!(said, [Said::Payload(payload.clone())]);
    }
    assert_eq!(
        again(&payloads, &config()),
        payloads
            .iter()
            .cloned()
            .map(Said::Payload)
            .collect::<Vec<_>>()
    );

    let precise = Config {
        timestamps: Timestamps::Milliseconds,
        ..config()
    };
    let once = again(&payloads, &precise);
    let texts: Vec<_> = once
        .iter()
        .map(|said| match said {
            Said::Payload(payload) => payload.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(again(&texts, &precise), once);
}

fn captures() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures");
    let files = |path: PathBuf| {
        fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().path())
    };
    let mut captures: Vec<_> = files(root)
        .flat_map(files)
        .filter(|path| !path.to_string_lossy().ends_with(".expected.json"))
        .collect();
    captures.sort();
    captures
}

fn read(path: &Path) -> Result<(Capture, Expected), String> {
    let name = path.display();
    let mut capture: Capture = serde_json::from_slice(&fs::read(path).unwrap())
        .map_err(|error| format!("{name}: {error}"))?;
    if let Some(expected) = capture.expected.take() {
        return Ok((capture, expected));
    }
    let expected = fs::read(path.with_extension("expected.json"))
        .map_err(|error| format!("{name}: {error}"))?;
    let expected = serde_json::from_slice(&expected).map_err(|error| format!("{name}: {error}"))?;
    Ok((capture, expected))
}

fn check(path: &Path) -> Result<(), String> {
    let name = path.display();
    let (capture, expected) = read(path)?;

    let first = request(&capture, &expected).run();
    let (said, answer) = match first {
        Outcome::Read(said, answer) => (said, answer),
        Outcome::Answered(answer, _) => (Vec::new(), answer),
        other => return Err(format!("{name}: {other:?}")),
    };
    let answer = Answer {
        status: answer.status,
        headers: answer
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.to_string()))
            .collect(),
        body: String::from_utf8(answer.body.into_owned()).unwrap(),
    };
    if answer != expected.answer {
        return Err(format!(
            "{name}:\n  {answer:?}\nis not\n  {:?}",
            expected.answer
        ));
    }
    if said.len() != expected.events.len() {
        return Err(format!("{name}: {} events", said.len()));
    }
    for (said, expected) in said.iter().zip(&expected.events) {
        match (said, expected) {
            (Said::Payload(said), Event::Payload(expected)) => {
                let (said, expected) = (compact(said), compact(expected.get()));
                let said = with_placeholder(&said, &expected);
                if said != expected {
                    return Err(format!("{name}:\n  {said}\nis not\n  {expected}"));
                }
            }
            (Said::Filtered(said), Event::Filtered(expected)) if said == expected => {}
            (said, _) => return Err(format!("{name}: {said:?}")),
        }
    }
    Ok(())
}

fn request(capture: &Capture, expected: &Expected) -> Request {
    let path = match capture.query.as_deref() {
        None | Some("") => capture.path.clone(),
        Some(query) => format!("{}?{query}", capture.path),
    };
    let body = capture.body_base64.as_deref().unwrap_or_default();
    let mut body =
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body).unwrap();
    body.extend(capture.body.as_deref().unwrap_or_default().bytes());
    let received = serde_json::to_string(&expected.received).unwrap();
    let mut request = Request::post(&path, body)
        .method(&capture.method)
        .at(time::parse(freshpaint_core::json::Value::of_checked(&received)).unwrap());
    for (name, value) in &capture.headers {
        request = request.header(name, value);
    }
    request
}

/// Puts the expected placeholder in the place of an id that is base64 of 16 bytes.
fn with_placeholder(said: &str, expected: &str) -> String {
    const KEY: &str = "\"messageId\":\"";
    let placeholder = ["<computed>", "<random>"]
        .into_iter()
        .find(|placeholder| expected.contains(&format!("{KEY}{placeholder}\"")));
    let (Some(placeholder), Some((before, after))) = (placeholder, said.split_once(KEY)) else {
        return said.to_owned();
    };
    let (id, rest) = after.split_once('"').unwrap();
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, id).unwrap();
    assert_eq!(bytes.len(), 16);
    format!("{before}{KEY}{placeholder}\"{rest}")
}

/// The JSON without the whitespace between its tokens.
fn compact(json: &str) -> String {
    let mut inside = false;
    let mut escaped = false;
    json.chars()
        .filter(|c| {
            if inside {
                inside = escaped || *c != '"';
                escaped = !escaped && *c == '\\';
                return true;
            }
            inside = *c == '"';
            !c.is_ascii_whitespace()
        })
        .collect()
}
