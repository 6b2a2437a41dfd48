//! Configurations that are taken, compared whole.

use std::time::Duration;

use super::parse;
use freshpaint_core::clock::UnixSeconds;
use freshpaint_core::config::{
    Acknowledge, Batch, BatchFormat, Collect, Config, Dedupe, Diagnostic, Guarantee, Limits,
    Observe, Options, Retry, Timestamps, Webhook,
};
use freshpaint_core::consent::OptOut;
use freshpaint_core::event::Kind;
use freshpaint_core::intake::dialect::{self, Dialect};
use freshpaint_core::redaction::{Path, Redaction};
use freshpaint_core::routing::{Glob, Rules, Sample, Source};
use freshpaint_core::secret::{HashKey, Secret};
use freshpaint_core::signing::{Key, Signing};
use std::rc::Rc;

fn dialect(name: &str) -> &'static Dialect {
    Dialect::named(name).unwrap()
}

fn user_agent() -> String {
    format!("freshpaint-webhooks/{}", env!("CARGO_PKG_VERSION"))
}

fn header(name: &str, value: &str) -> (String, Secret) {
    (name.into(), value.into())
}

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

fn source(key: &str) -> Source {
    Source(key.into())
}

fn webhook(name: &str, authority: &str, path: &str) -> Webhook {
    Webhook {
        name: name.into(),
        scheme: "https",
        authority: authority.into(),
        path: path.into(),
        cluster: "webhooks_egress".into(),
        headers: vec![
            header("content-type", "application/json"),
            header("user-agent", &user_agent()),
        ],
        timeout: Duration::from_secs(5),
        guarantee: Guarantee::AtLeastOne,
        batch: None,
        signing: None,
        rules: None,
        options: Options::default(),
    }
}

#[test]
// A field that is new has its default here.
#[allow(clippy::needless_update)]
fn a_url_alone_gets_every_default() {
    let config = Config {
        webhooks: vec![webhook("webhook_0", "example.com", "/in")],
        honored: OptOut::default(),
        context_ip: false,
        hipaa: false,
        dead_letter: None,
        acknowledge: Acknowledge::FirstAcceptance,
        timestamps: Timestamps::Seconds,
        collect: Collect {
            path_prefix: String::new(),
            dialects: dialect::ALL.into(),
            integration_name: "Webhooks".into(),
            allowed_origins: None,
            id_key: None,
            ..Collect::default()
        },
        limits: Limits {
            max_body_bytes: 1_048_576,
            max_decoded_bytes: 5_242_880,
            max_events: 2_500,
            max_in_flight_per_webhook: 256,
            max_in_flight: 2_048,
            max_in_flight_bytes: 67_108_864,
            ..Limits::default()
        },
        retry: Retry {
            window: Duration::from_secs(900),
            initial_backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(60),
            max_held_bytes: 33_554_432,
            max_held_events: 20_000,
            refusals: vec![400, 413, 415, 422],
            max_refusals: 3,
            ..Retry::default()
        },
        dedupe: Dedupe {
            window: Duration::from_secs(900),
            slots: 1_048_576,
            ..Dedupe::default()
        },
        observe: Observe::default(),
        warnings: Vec::new(),
    };
    assert_eq!(
        parse(r#"{"webhooks": [{"url": "https://example.com/in"}]}"#),
        Ok(config)
    );
}

#[test]
// A field that is new has its default here.
#[allow(clippy::needless_update)]
fn everything_can_be_said() {
    let written = r#"
    {
      "webhooks": [
        {
          "name": "crm",
          "url": "https://crm.example.com:8443/in?k=v",
          "cluster": "crm",
          "headers": {"X-Api-Key": " ${CRM_KEY}\t", "Content-Type": "application/json; charset=utf-8", "x-note": "a$b $${c}"},
          "timeout": "1.5s",
          "batch": {"format": "ndjson", "max_events": 20, "max_bytes": 65536, "max_wait": "0.02s"},
          "signing": {"secrets": ["${SIGNING_KEY}", {"secret": "${SIGNING_KEY}", "not_after": "2027-01-31T00:00:00+01:00"}]},
          "options": {"enable_pageview_events": false},
          "events": {"types": ["track"], "deny": ["a*"]},
          "sample": 0.5,
          "sources": ["${CRM_KEY}"],
          "honor": ["dnt"],
          "requires_consent": ["f"],
          "properties": {"allow": ["traits.*"], "deny": ["traits.b"], "hash": ["traits.c"]}
        },
        {"name": "spare", "url": "http://example.com/${HOOK_PATH}", "guarantee": "at_least_one",
         "signing": {"scheme": "x_signature_sha1", "secrets": ["${CRM_KEY}"]}, "options": {"enable_identify_events": true}}
      ],
      "cluster": "egress",
      "options": {"enable_pageview_events": true},
      "events": {"allow": ["b"], "deny": ["c"]},
      "sample": 1,
      "honor": ["gpc"],
      "requires_consent": ["e"],
      "context": {"ip": true},
      "properties": {"deny": ["traits.a"], "hash_key": "${HASH_KEY}"},
      "sources": ["d", "canary-k3y"],
      "guarantee": "each",
      "dead_letter": "spare",
      "acknowledge": "settled",
      "timestamps": "milliseconds",
      "collect": {
        "path_prefix": "/ingest/v1%20",
        "dialects": ["segment", "track"],
        "integration_name": "My hooks",
        "id_key": "${HASH_KEY}",
        "allowed_origins": ["https://example.com", "https://*.example.com"]
      },
      "limits": {
        "max_body_bytes": 1000, "max_decoded_bytes": 2e3, "max_events": 3.0,
        "max_in_flight_per_webhook": 4, "max_in_flight": 64, "max_in_flight_bytes": 100000
      },
      "retry": {
        "window": "0s", "initial_backoff": "0.250s", "max_backoff": "10s", "max_held_bytes": 70000, "max_held_events": 5,
        "refusals": [422, 409], "max_refusals": 1
      },
      "dedupe": {"window": "60s", "slots": 2048},
      "observe": {"recent": 7, "access_log": true, "log": "deliveries", "max_log_lines": 9, "trace": true}
    }"#;
    let hash_key = HashKey::new("canary".repeat(6).as_bytes());
    let config = Config {
        webhooks: vec![
            Webhook {
                cluster: "crm".into(),
                headers: vec![
                    header("content-type", "application/json; charset=utf-8"),
                    header("user-agent", &user_agent()),
                    header("x-api-key", "canary-k3y"),
                    header("x-note", "a$b ${c}"),
                ],
                timeout: Duration::from_millis(1_500),
                guarantee: Guarantee::Each,
                batch: Some(Batch {
                    format: BatchFormat::Ndjson,
                    max_events: 20,
                    max_bytes: 65_536,
                    max_wait: Duration::from_millis(20),
                }),
                signing: Some(Signing::StandardWebhooks(vec![
                    Key::new(b"canarycanarycanarycanary", None).unwrap(),
                    Key::new(
                        b"canarycanarycanarycanary",
                        Some(UnixSeconds(1_801_350_000)),
                    )
                    .unwrap(),
                ])),
                options: Options::default(),
                rules: Some(Rc::new(Rules {
                    sources: vec![
                        vec![source("d"), source("canary-k3y")],
                        vec![source("canary-k3y")],
                    ],
                    sample: Some(Sample::of(0.5)),
                    honor: OptOut {
                        gpc: true,
                        dnt: true,
                    },
                    requires_consent: vec!["e".into(), "f".into()],
                    types: vec![vec![Kind::Track]],
                    allow: vec![vec![Glob::new("b")]],
                    deny: vec![Glob::new("c"), Glob::new("a*")],
                    redaction: Some(Redaction {
                        deny: vec![path("traits.a"), path("traits.b")],
                        allow: vec![vec![path("traits.*")]],
                        hash: vec![path("traits.c")],
                        key: hash_key.clone(),
                        ..Redaction::default()
                    }),
                })),
                ..webhook("crm", "crm.example.com:8443", "/in?k=v")
            },
            Webhook {
                scheme: "http",
                cluster: "egress".into(),
                signing: Some(Signing::XSignatureSha1(vec![
                    Key::new(b"canary-k3y", None).unwrap()
                ])),
                options: Options {
                    enable_identify_events: true,
                    enable_pageview_events: true,
                },
                rules: Some(Rc::new(Rules {
                    sources: vec![vec![source("d"), source("canary-k3y")]],
                    honor: OptOut {
                        gpc: true,
                        dnt: false,
                    },
                    requires_consent: vec!["e".into()],
                    allow: vec![vec![Glob::new("b")]],
                    deny: vec![Glob::new("c")],
                    redaction: Some(Redaction {
                        deny: vec![path("traits.a")],
                        key: hash_key.clone(),
                        ..Redaction::default()
                    }),
                    ..Rules::default()
                })),
                ..webhook("spare", "example.com", "/canary/path")
            },
        ],
        honored: OptOut {
            gpc: true,
            dnt: true,
        },
        context_ip: true,
        hipaa: false,
        dead_letter: Some(1),
        acknowledge: Acknowledge::Settled,
        timestamps: Timestamps::Milliseconds,
        collect: Collect {
            path_prefix: "/ingest/v1%20".into(),
            dialects: vec![dialect("segment"), dialect("track")],
            integration_name: "My hooks".into(),
            allowed_origins: Some(vec![
                crate::origin::parse("https://example.com").unwrap(),
                crate::origin::parse("https://*.example.com").unwrap(),
            ]),
            id_key: hash_key.clone(),
            ..Collect::default()
        },
        limits: Limits {
            max_body_bytes: 1_000,
            max_decoded_bytes: 2_000,
            max_events: 3,
            max_in_flight_per_webhook: 4,
            max_in_flight: 64,
            max_in_flight_bytes: 100_000,
            ..Limits::default()
        },
        retry: Retry {
            window: Duration::ZERO,
            initial_backoff: Duration::from_millis(250),
            max_backoff: Duration::from_secs(10),
            max_held_bytes: 70_000,
            max_held_events: 5,
            refusals: vec![409, 422],
            max_refusals: 1,
            ..Retry::default()
        },
        dedupe: Dedupe {
            window: Duration::from_secs(60),
            slots: 2_048,
            ..Dedupe::default()
        },
        observe: Observe {
            recent: 7,
            access_log: true,
            log: true,
            max_log_lines: 9,
            trace: true,
        },
        warnings: vec![Diagnostic {
            path: "retry.window".into(),
            message:
                "may end before the first retry, so that events are given up; write more than \
                      1.2 times retry.initial_backoff"
                    .into(),
        }],
    };
    assert_eq!(parse(written), Ok(config));
    let tree = serde_json::from_str(written).unwrap();
    assert!(jsonschema::is_valid(&super::schema(), &tree));
}

#[test]
fn everything_that_can_be_secret_is_never_printed() {
    let written = r#"{"webhooks": [{
      "url": "https://example.com/canary?${HOOK_PATH}",
      "headers": {"X-Api-Key": "canary", "X-Trace": "canary"},
      "signing": {"secrets": ["${SIGNING_KEY}"]},
      "sources": ["canary"],
      "properties": {"hash": ["userId"], "hash_key": "${HASH_KEY}"}
    }]}"#;
    let shown = format!("{:?}", parse(written).unwrap());
    assert!(!shown.contains("canary"), "{shown}");
    assert!(shown.contains("x-trace"), "{shown}");
}
