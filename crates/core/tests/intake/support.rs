//! One request through the intake, as the shell would put it.
// Each test program uses a part of it.
#![allow(dead_code, unreachable_pub)]

use std::io::Write as _;

use flate2::write::GzEncoder;
use flate2::Compression;
use freshpaint_core::clock::{Now, UnixMillis};
use freshpaint_core::config::Config;
use freshpaint_core::delivery::Verdict;
use freshpaint_core::event::Event;
use freshpaint_core::intake::{self, Context, Head, Headers, Item, Judgement, Report};
use freshpaint_core::local_reply::LocalReply;
use freshpaint_core::observe::labels::RequestOutcome;
use freshpaint_core::payload;

/// 2026-01-02T03:04:05.678Z
pub const NOW: UnixMillis = UnixMillis(1_767_323_045_678);

pub struct Request {
    pub method: String,
    pub path: Vec<u8>,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
    pub now: UnixMillis,
}

impl Request {
    pub fn post(path: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            method: "POST".into(),
            path: path.into(),
            headers: Vec::new(),
            body: body.into(),
            now: NOW,
        }
    }

    pub fn method(mut self, method: &str) -> Self {
        self.method = method.into();
        self
    }

    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.into(), value.as_ref().to_vec()));
        self
    }

    pub fn at(mut self, now: UnixMillis) -> Self {
        self.now = now;
        self
    }

    pub fn run(&self) -> Outcome {
        self.run_with(&config())
    }

    pub fn run_with(&self, config: &Config) -> Outcome {
        let head = Head {
            method: self.method.as_bytes(),
            path: &self.path,
            headers: self,
            end_of_stream: self.body.is_empty(),
        };
        let mut collection = match intake::judge(&head, config) {
            Judgement::Pass => return Outcome::Passed,
            Judgement::Reply(answer, why) => return Outcome::Answered(answer, why),
            Judgement::Collect(collection) => collection,
        };
        let mut random = fastrand::Rng::with_seed(1);
        let mut context = Context {
            now: Now {
                steady: 0,
                unix: self.now,
            },
            random: &mut random,
            config,
        };
        let mut said = Vec::new();
        let mut report = Report::default();
        let read = collection.read(&self.body, &mut context, &mut |index, item| {
            assert_eq!(index as usize, said.len());
            report.events += 1;
            said.push(match item {
                Item::Event(event) => {
                    let mut payload = Vec::new();
                    payload::render(&event, config.timestamps, &mut payload);
                    Said::Payload(String::from_utf8(payload).expect("UTF-8"))
                }
                Item::Filtered(kind, reason) => Said::Filtered(format!(
                    "{} {reason:?}",
                    kind.map_or("other", |kind| kind.as_str())
                )),
                Item::Invalid(invalid) => {
                    report.add_invalid(index, invalid.reason);
                    Said::Invalid(invalid.reason.to_string())
                }
            });
        });
        match read {
            Ok(()) => {
                let refused = Vec::new();
                let verdict = Verdict::Accepted { refused };
                Outcome::Read(said, collection.answer(&verdict, &report))
            }
            Err(answer) => Outcome::Refused(answer),
        }
    }

    /// The status and the body of the answer to a request that is refused.
    pub fn refusal_with(&self, config: &Config) -> (u16, String) {
        match self.run_with(config) {
            Outcome::Refused(answer) => (
                answer.status,
                String::from_utf8(answer.body.into_owned()).expect("UTF-8"),
            ),
            other => panic!("{other:?}"),
        }
    }

    /// The result of `look` on the one event of a request.
    pub fn event<R>(&self, seed: u64, look: impl Fn(&Event<'_>) -> R) -> R {
        let config = config();
        let head = Head {
            method: self.method.as_bytes(),
            path: &self.path,
            headers: self,
            end_of_stream: self.body.is_empty(),
        };
        let Judgement::Collect(mut collection) = intake::judge(&head, &config) else {
            panic!("refused")
        };
        let mut context = Context {
            now: Now::default(),
            random: &mut fastrand::Rng::with_seed(seed),
            config: &config,
        };
        let mut found = None;
        let read = collection.read(&self.body, &mut context, &mut |_, item| match item {
            Item::Event(event) => found = Some(look(&event)),
            other => panic!("{other:?}"),
        });
        read.expect("an event");
        found.expect("an event")
    }

    /// The one payload of a request that holds one event.
    pub fn payload(&self) -> String {
        self.payload_with(&config())
    }

    pub fn payload_with(&self, config: &Config) -> String {
        match self.run_with(config) {
            Outcome::Read(said, _) => match <[Said; 1]>::try_from(said) {
                Ok([Said::Payload(payload)]) => payload,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }
}

impl Headers for Request {
    fn get(&self, name: &str) -> Option<Vec<u8>> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
    }
}

#[derive(Debug, PartialEq)]
pub enum Outcome {
    Passed,
    Answered(LocalReply, RequestOutcome),
    Refused(LocalReply),
    Read(Vec<Said>, LocalReply),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    Payload(String),
    Filtered(String),
    Invalid(String),
}

pub fn config() -> Config {
    config_with("{}")
}

/// The defaults, but for what is written under `collect`.
pub fn config_with(collect: &str) -> Config {
    let text =
        format!(r#"{{"webhooks": [{{"url": "https://example.com/in"}}], "collect": {collect}}}"#);
    freshpaint_config::parse(text.as_bytes(), &|_| None).expect("a right configuration")
}

/// The defaults, but as many values and as much compression as can be configured.
pub fn boundless() -> Config {
    let mut config = config();
    config.limits.max_compression_ratio = 2_000;
    config.limits.max_values = 1_000_000;
    config
}

/// The same bytes, compressed.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// The value of the first member called `key` that is a string.
pub fn member<'p>(payload: &'p str, key: &str) -> Option<&'p str> {
    let (_, rest) = payload.split_once(&format!("\"{key}\":\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

/// The payload of a track event on `/track` with these properties.
pub fn track(properties: &str) -> String {
    Request::post(
        "/track",
        format!(r#"{{"event":"a","properties":{{{properties}}}}}"#),
    )
    .payload()
}
