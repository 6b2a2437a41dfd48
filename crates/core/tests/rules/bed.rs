//! A worker that is given requests one at a time, and the calls that it makes of them.

use std::collections::{BTreeMap, HashMap};

use freshpaint_core::clock::{Now, SteadyMillis, UnixMillis, UnixSeconds};
use freshpaint_core::intake::{Head, Headers};
use freshpaint_core::observe::{self, Change};
use freshpaint_core::test_util::{self, SharedMemory};
use freshpaint_core::worker::Worker;

/// One worker, and what it has done.
pub(crate) struct Bed {
    worker: Worker,
    /// Each request has its own share of the worker's time.
    now: SteadyMillis,
    webhooks: Vec<String>,
    names: Vec<String>,
    counts: BTreeMap<String, u32>,
    calls: Vec<(String, String)>,
    /// Of all calls so far.
    headers: String,
    status: u16,
    /// The memory that the workers of the process share; `None` forgets it after each request.
    memory: Option<SharedMemory>,
}

impl Bed {
    pub(crate) fn new(config: &str) -> Self {
        let environment = |name: &str| match name {
            "HASH_KEY" => Some("a key of the tests, 32 bytes long".to_owned()),
            "OTHER_KEY" => Some("another key of the tests, 34 bytes".to_owned()),
            _ => None,
        };
        let config = freshpaint_config::parse(config.as_bytes(), &environment)
            .unwrap_or_else(|problems| panic!("{problems:?}"));
        Self {
            names: observe::metrics(&config.webhooks)
                .into_iter()
                .map(|metric| metric.name)
                .collect(),
            webhooks: config
                .webhooks
                .iter()
                .map(|webhook| webhook.name.clone())
                .collect(),
            worker: test_util::worker(config),
            now: 0,
            counts: BTreeMap::new(),
            calls: Vec::new(),
            headers: String::new(),
            status: 0,
            memory: None,
        }
    }

    /// From now on events are recognised when they are sent again.
    pub(crate) fn remembering(mut self) -> Self {
        self.memory = Some(SharedMemory::default());
        self
    }

    /// Sends one Segment event; the names of the webhooks that get it, which all accept it.
    pub(crate) fn send(&mut self, event: &str) -> String {
        self.send_with(event, &[])
    }

    /// The same with request headers.
    pub(crate) fn send_with(&mut self, event: &str, headers: &[(&str, &[u8])]) -> String {
        self.send_to("/v1/batch", &format!(r#"{{"batch": [{event}]}}"#), headers)
    }

    /// The same for any path and body.
    pub(crate) fn send_to(&mut self, path: &str, body: &str, headers: &[(&str, &[u8])]) -> String {
        self.now += 10;
        let steady = self.now;
        let now = Now {
            steady,
            unix: UnixMillis(1_672_262_210_000),
        };
        let headers = RequestHeaders(
            headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.to_vec()))
                .collect(),
        );
        let head = Head {
            headers: &headers,
            ..Head::post(path.as_bytes())
        };
        let nothing = &mut SharedMemory::default();
        // Each request is one of another turn of the host's loop.
        self.worker.handle_timeout(steady, nothing);
        let whole = test_util::gather(&mut self.worker, &head, body.as_bytes(), steady, nothing);
        let whole = whole.unwrap();
        let mut memory = self.memory.take();
        // A new one each time, so that no event is taken for another.
        let mut forgotten = SharedMemory::default();
        let nothing = memory.as_mut().unwrap_or(&mut forgotten);
        let taken = self.worker.handle_body(whole, 1, now, nothing);
        let reply = match taken {
            Ok(()) => self.worker.poll_reply().map(|(_, reply)| reply),
            Err(reply) => Some(reply),
        };
        self.status = reply.map_or(0, |reply| reply.status);
        self.calls.clear();
        while let Some(call) = self.worker.poll_call(steady, nothing, UnixSeconds::default) {
            let payload = String::from_utf8(call.body().to_vec()).unwrap();
            let headers = call
                .headers()
                .into_iter()
                .map(|(name, value)| format!("{name}: {value}\n"));
            self.headers.extend(headers);
            self.calls
                .push((self.webhooks[call.webhook()].clone(), payload));
            self.worker.handle_dispatched(&call, Ok(1), steady, nothing);
            self.worker
                .handle_response(1, &test_util::answer(200), steady, nothing);
        }
        while self.worker.poll_reply().is_some() {}
        self.memory = memory;
        let (names, counts) = (&self.names, &mut self.counts);
        self.worker.observe().take_changes(|id, change| {
            if let Change::Add(count) = change {
                *counts.entry(names[id.index()].clone()).or_default() += count;
            }
        });
        self.calls.sort();
        self.calls
            .iter()
            .map(|(webhook, _)| webhook.as_str())
            .collect()
    }

    /// The status that the last request got before any call was made; 0 when it had to wait for
    /// calls.
    pub(crate) fn last_status(&self) -> u16 {
        self.status
    }

    /// The headers of every call so far, a line each.
    pub(crate) fn headers(&self) -> &str {
        &self.headers
    }

    /// Every payload of the last request, in the order of the webhooks' names.
    pub(crate) fn payloads(&self) -> impl Iterator<Item = &str> {
        self.calls.iter().map(|(_, payload)| payload.as_str())
    }

    /// The payload that a webhook got of the last request.
    pub(crate) fn payload(&self, webhook: &str) -> &str {
        let found = self.calls.iter().find(|(name, _)| name == webhook);
        &found
            .unwrap_or_else(|| panic!("nothing went to {webhook}"))
            .1
    }

    /// `<signal> <count>` of everything that was suppressed, whatever the webhook.
    pub(crate) fn suppressed(&self) -> Vec<String> {
        let counts = self.counts().into_iter();
        counts
            .filter_map(|(name, count)| Some(format!("{} {count}", name.split_once("signal.")?.1)))
            .collect()
    }

    /// The counters of suppressed and filtered events, by the name after `freshpaint_webhooks.`.
    pub(crate) fn counts(&self) -> Vec<(&str, u32)> {
        self.counts
            .iter()
            .filter_map(|(name, count)| Some((name.strip_prefix("freshpaint_webhooks.")?, *count)))
            .filter(|(name, _)| name.starts_with("suppressed") || name.ends_with("filtered"))
            .collect()
    }
}

/// A track event of this name, with `more` members.
pub(crate) fn track(name: &str, more: &str) -> String {
    format!(r#"{{"type": "track", "event": "{name}", "anonymousId": "d"{more}}}"#)
}

struct RequestHeaders(HashMap<String, Vec<u8>>);

impl Headers for RequestHeaders {
    fn get(&self, name: &str) -> Option<Vec<u8>> {
        self.0.get(name).cloned()
    }
}
