//! Events that are refused, kept and dropped, as SDKs and webhooks see them: whole requests through
//! a worker.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use freshpaint_core::clock::{Now, SteadyMillis};
use freshpaint_core::intake::Head;
use freshpaint_core::test_util::{self, SharedMemory};
use freshpaint_core::worker::Worker;

const GOOD: &str =
    r#"{"type":"track","event":"good","messageId":"m1","anonymousId":"d","userId":"u"}"#;
const POISON: &str =
    r#"{"type":"track","event":"poison","messageId":"m2","anonymousId":"d","userId":"u"}"#;

/// A call as the webhook sees it.
#[derive(Clone, Debug)]
struct Received {
    webhook: String,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Received {
    fn is(&self, webhook: &str, event: &str) -> bool {
        self.webhook == webhook && self.body.contains(&format!("\"event\":\"{event}\""))
    }
}

struct Setup {
    worker: Worker,
    shared: SharedMemory,
    now: SteadyMillis,
    webhooks: Vec<String>,
    received: Vec<Received>,
    /// The answer of a webhook to a call.
    answer: fn(&Received) -> u16,
}

impl Setup {
    fn new(config: &str, answer: fn(&Received) -> u16) -> Self {
        let variable = |name: &str| Some(format!("{name} of the tests, more than 32 bytes long"));
        let config = freshpaint_config::parse(config.as_bytes(), &variable)
            .unwrap_or_else(|problems| panic!("{problems:?}"));
        let webhooks = config.webhooks.iter();
        Self {
            webhooks: webhooks.map(|webhook| webhook.name.clone()).collect(),
            worker: test_util::worker(config),
            shared: SharedMemory::default(),
            now: 0,
            received: Vec::new(),
            answer,
        }
    }

    /// The only call that the dead letter webhook has got.
    fn dead_letter(&self) -> &Received {
        let calls = self.received.iter();
        let dead: Vec<_> = calls.filter(|call| call.webhook == "dead").collect();
        let [letter] = dead[..] else {
            panic!("{dead:?}")
        };
        letter
    }

    /// Sends a request; the status and the body of its reply.
    fn send(&mut self, path: &str, body: &str) -> (u16, String) {
        let (head, shared) = (Head::post(path.as_bytes()), &mut self.shared);
        let whole = test_util::gather(&mut self.worker, &head, body.as_bytes(), self.now, shared);
        let whole = whole.unwrap();
        let now = Now {
            steady: self.now,
            ..Now::default()
        };
        self.worker
            .handle_body(whole, 1, now, &mut self.shared)
            .unwrap();
        self.drive();
        let (_, reply) = self.worker.poll_reply().unwrap();
        if reply.status == 503 {
            assert!(reply.headers.iter().any(|(name, _)| *name == "retry-after"));
        }
        let body = reply.body.to_vec();
        (reply.status, String::from_utf8(body).unwrap())
    }

    /// Makes the calls that are to be made, and answers them.
    fn drive(&mut self) {
        while let Some(call) = self
            .worker
            .poll_call(self.now, &mut self.shared, Default::default)
        {
            let headers = call.headers().into_iter();
            let received = Received {
                webhook: self.webhooks[call.webhook()].clone(),
                headers: headers
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect(),
                body: String::from_utf8(call.body().to_vec()).unwrap(),
            };
            let response = test_util::answer((self.answer)(&received));
            self.received.push(received);
            self.worker
                .handle_dispatched(&call, Ok(1), self.now, &mut self.shared);
            self.worker
                .handle_response(1, &response, self.now, &mut self.shared);
        }
    }

    fn pass(&mut self, seconds: u64) {
        let until = self.now + seconds * 1_000;
        while let Some(wake_in) = self.worker.poll_timeout(self.now) {
            if self.now + wake_in > until {
                break;
            }
            self.now += wake_in;
            self.worker.handle_timeout(self.now, &mut self.shared);
            self.worker
                .handle_gauges(self.now, Default::default, &mut self.shared);
            self.drive();
        }
        self.now = until;
    }

    fn count(&self, webhook: &str, event: &str) -> usize {
        let received = self.received.iter();
        received.filter(|call| call.is(webhook, event)).count()
    }
}

fn poison_is_refused(call: &Received) -> u16 {
    if call.is("crm", "poison") {
        422
    } else {
        200
    }
}

const ONE: &str = r#"{"webhooks": [{"name": "crm", "url": "https://crm.example.com/in"}]}"#;

#[test]
fn an_event_that_every_webhook_refused_is_named_like_an_invalid_one_of_its_batch() {
    let segment = format!(r#"{{"batch":[{GOOD},{POISON},{{"type":"nothing"}}]}}"#);
    let unknown = "batch[2].type is none of track, page, identify, group, screen, alias";
    let refused = "batch[1] was refused by every webhook";
    let mixpanel = r#"[{"event":"good","properties":{"distinct_id":"d","$insert_id":"1"}},
        {"event":"poison","properties":{"distinct_id":"d","$insert_id":"2"}}]"#;
    for (path, body, first, again) in [
        (
            "/v1/batch",
            segment.as_str(),
            r#"{"success":false,"code":"503","message":"No webhook accepted 1 of 3 events. They are kept and tried again."}"#,
            format!(
                r#"{{"success":true,"invalid":[{{"index":2,"error":"{unknown}"}},{{"index":1,"error":"{refused}"}}]}}"#
            ),
        ),
        (
            "/track?verbose=1",
            mixpanel,
            r#"{"status":0,"error":"No webhook accepted 1 of 2 events. They are kept and tried again."}"#,
            r#"{"status":1,"error":"[1] was refused by every webhook"}"#.to_owned(),
        ),
        (
            "/track",
            mixpanel,
            "No webhook accepted 1 of 2 events. They are kept and tried again.",
            "1".to_owned(),
        ),
    ] {
        let mut setup = Setup::new(ONE, poison_is_refused);
        assert_eq!(setup.send(path, body), (503, first.to_owned()));
        setup.pass(10);
        assert_eq!(setup.count("crm", "poison"), 3);
        for _ in 0..6 {
            assert_eq!(setup.send(path, body), (200, again.clone()));
            setup.pass(600);
        }
        assert_eq!(setup.count("crm", "poison"), 3);
        assert_eq!(setup.count("crm", "good"), 1);
        assert!(setup.worker.is_empty());
    }
}

#[test]
fn a_single_event_that_every_webhook_refused_is_answered_with_success_as_well() {
    let mut setup = Setup::new(ONE, poison_is_refused);
    assert_eq!(setup.send("/v1/track", POISON).0, 503);
    setup.pass(10);
    let named = r#"{"success":true,"invalid":[{"index":0,"error":"the event was refused by every webhook"}]}"#;
    assert_eq!(setup.send("/v1/track", POISON), (200, named.to_owned()));
}

/// Without the module's own retries, or with few of them, an event has no three rounds here.
#[test]
fn an_event_that_cannot_be_kept_for_three_rounds_is_refused_for_good_at_its_end() {
    for window in ["0s", "1s", "2.5s"] {
        let retry = format!(r#"{{"retry": {{"window": "{window}"}}, "#);
        let mut setup = Setup::new(&ONE.replacen('{', &retry, 1), poison_is_refused);
        let body = format!(r#"{{"batch":[{GOOD},{POISON}]}}"#);
        let mut statuses = Vec::new();
        for _ in 0..4 {
            statuses.push(setup.send("/v1/batch", &body).0);
            setup.pass(10);
        }
        assert_eq!(statuses, [503, 200, 200, 200], "{window}");
        assert!(setup.count("crm", "poison") <= 3);
        assert_eq!(setup.count("crm", "good"), 1);
        assert!(setup.worker.is_empty());
    }
}

/// A webhook that is down most of the time has not refused the event for good.
#[test]
fn an_event_that_was_refused_once_in_an_outage_expires() {
    let retry = r#"{"retry": {"window": "60s", "max_backoff": "5s"}, "#;
    let mut setup = Setup::new(&ONE.replacen('{', retry, 1), |_| 503);
    assert_eq!(setup.send("/v1/track", POISON).0, 503);
    setup.pass(20);
    setup.answer = |_| 422;
    setup.pass(3);
    setup.answer = |_| 503;
    setup.pass(120);
    assert!(setup.worker.is_empty());
    setup.answer = |_| 200;
    assert_eq!(
        setup.send("/v1/track", POISON),
        (200, r#"{"success":true}"#.to_owned())
    );
}

const DEAD_LETTER: &str = r#"{
    "webhooks": [
        {"name": "crm", "url": "https://crm.example.com/in"},
        {"name": "cdp", "url": "https://cdp.example.com/in", "guarantee": "each"},
        {"name": "dead", "url": "https://dead.example.com/in", "headers": {"x-a": "b"},
         "signing": {"scheme": "x_signature_sha1", "secrets": ["${SIGNING_SECRET}"]},
         "properties": {"deny": ["userId"]},
         "events": {"deny": ["private"]}}
    ],
    "dead_letter": "dead"
}"#;

#[test]
fn a_dead_letter_is_the_payload_signed_and_filtered_with_two_headers_more() {
    let mut setup = Setup::new(DEAD_LETTER, |call| match call.webhook.as_str() {
        "dead" => 200,
        _ if call.is(&call.webhook, "good") => 200,
        "crm" => 422,
        _ => 413,
    });
    let private = POISON.replace("poison", "private").replace("m2", "m3");
    let body = format!(r#"{{"batch":[{GOOD},{POISON},{private}]}}"#);
    assert_eq!(setup.send("/v1/batch", &body).0, 503);
    setup.pass(60);
    assert!(setup.worker.is_empty());
    let letter = setup.dead_letter();
    let whole = setup
        .received
        .iter()
        .find(|call| call.is("crm", "poison"))
        .unwrap();
    assert_eq!(letter.body, whole.body.replace(r#""userId":"u","#, ""));
    assert_ne!(letter.body, whole.body);
    let header = |name: &str| letter.headers.get(name).map(String::as_str);
    assert_eq!(header("freshpaint-dead-letter-reason"), Some("refused"));
    assert_eq!(header("freshpaint-dead-letter-webhooks"), Some("crm,cdp"));
    assert_eq!(header("x-a"), Some("b"));
    assert_eq!(header("x-signature").map(str::len), Some(40));
    assert!(!whole.headers.contains_key("freshpaint-dead-letter-reason"));
}

#[test]
fn an_event_that_one_webhook_lacks_goes_to_the_dead_letter_with_its_name() {
    let mut setup = Setup::new(DEAD_LETTER, |call| match call.webhook.as_str() {
        "cdp" => 413,
        _ => 200,
    });
    assert_eq!(setup.send("/v1/track", GOOD).0, 200);
    setup.pass(60);
    let letter = setup.dead_letter();
    let header = |name: &str| letter.headers.get(name).map(String::as_str);
    assert_eq!(header("freshpaint-dead-letter-reason"), Some("oversized"));
    assert_eq!(header("freshpaint-dead-letter-webhooks"), Some("cdp"));
    assert_eq!(setup.count("crm", "good"), 1);
    assert_eq!(setup.count("cdp", "good"), 3);
}

#[test]
fn an_event_that_only_the_dead_letter_webhook_would_take_goes_nowhere() {
    let config = DEAD_LETTER.replace(
        r#""url": "https://crm.example.com/in""#,
        r#""url": "https://crm.example.com/in", "events": {"deny": ["good"]}"#,
    );
    let config = config.replace(
        r#""guarantee": "each""#,
        r#""guarantee": "each", "events": {"deny": ["good"]}"#,
    );
    let mut setup = Setup::new(&config, |_| 500);
    assert_eq!(setup.send("/v1/track", GOOD).0, 200);
    assert_eq!(setup.received.len(), 0);
    assert!(setup.worker.is_empty());
}
