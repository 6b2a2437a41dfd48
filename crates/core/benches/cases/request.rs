//! A collection request from its head to its answer, through the worker as the shell drives it.

use std::hint::black_box;

use freshpaint_core::clock::{Now, SteadyMillis, UnixSeconds};
use freshpaint_core::intake::Head;
use freshpaint_core::test_util::{self, SharedMemory};
use freshpaint_core::worker::Worker;

use super::delivery::config;
use super::memory;
use super::Case;

/// 614 bytes, of which the id is made anew for each request.
const EVENT: &str = r#"{"type":"track","event":"Order Completed","messageId":"ajs-next-0000000000000000-5b4f9deb-dc11","anonymousId":"d7955b4f-9deb-4c11-83c8-04c5f80b1668","userId":"hello@example.com","timestamp":"2026-11-23T10:34:48.757Z","context":{"page":{"path":"/docs","referrer":"","search":"?utm_source=news","title":"Home Page","url":"https://example.com/docs?utm_source=news"},"userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36","locale":"en-US","library":{"name":"analytics.js","version":"npm:next-1.84.3"}},"properties":{"revenue":49.99,"currency":"EUR","order":"8f14e45f","items":3}}"#;
const ID: &str = "0000000000000000";

pub fn cases() -> Vec<Case> {
    let shapes = [(1, 1), (1, 3), (20, 1), (20, 3)];
    let case = |(events, webhooks)| {
        let name = format!("{events} in a request, {webhooks} webhooks");
        Case::new("request", name, events as u64, move || {
            let mut bed = Bed::new(events, webhooks);
            move || bed.collect()
        })
    };
    shapes.map(case).into()
}

struct Bed {
    worker: Worker,
    shared: SharedMemory,
    path: &'static [u8],
    body: Vec<u8>,
    /// Where the ids stand in the body.
    ids: Vec<usize>,
    last_id: u64,
    last_token: u32,
    calls: Vec<u32>,
    now: SteadyMillis,
}

impl Bed {
    fn new(events: usize, webhooks: usize) -> Self {
        let config = config(webhooks);
        let (path, body): (&[u8], _) = if events == 1 {
            (b"/v1/track", EVENT.to_owned())
        } else {
            let batch = vec![EVENT; events].join(",");
            (b"/v1/batch", format!(r#"{{"batch":[{batch}]}}"#))
        };
        Self {
            shared: memory::full(),
            worker: test_util::worker(config),
            path,
            ids: body.match_indices(ID).map(|(at, _)| at).collect(),
            body: body.into_bytes(),
            last_id: 0,
            last_token: 0,
            calls: Vec::new(),
            now: 0,
        }
    }

    fn collect(&mut self) {
        for at in &self.ids {
            self.last_id += 1;
            for digit in 0..ID.len() {
                let nibble = (self.last_id >> (4 * digit) & 0xF) as usize;
                self.body[at + digit] = b"0123456789abcdef"[nibble];
            }
        }
        let (head, shared) = (Head::post(self.path), &mut self.shared);
        let whole = test_util::gather(&mut self.worker, &head, &self.body, self.now, shared);
        let whole = whole.unwrap();
        let now = Now {
            steady: self.now,
            ..Now::default()
        };
        self.worker
            .handle_body(whole, 1, now, &mut self.shared)
            .unwrap();
        let mut status = self.drive();
        while let Some(token) = self.calls.pop() {
            let response = test_util::answer(200);
            self.worker
                .handle_response(token, &response, self.now, &mut self.shared);
            status = status.or(self.drive());
        }
        assert_eq!(status, Some(200));
    }

    /// The work of the shell after each callback.
    fn drive(&mut self) -> Option<u16> {
        while let Some(call) =
            self.worker
                .poll_call(self.now, &mut self.shared, UnixSeconds::default)
        {
            self.last_token = self.last_token.wrapping_add(1);
            self.calls.push(self.last_token);
            self.worker
                .handle_dispatched(&call, Ok(self.last_token), self.now, &mut self.shared);
            // Only so many calls are made in one go.
            self.now += 1;
        }
        let answer = self.worker.poll_reply().map(|(_, answer)| answer.status);
        self.worker.observe().take_changes(|_, _| {});
        self.worker.observe().log_lines.take();
        black_box(self.worker.poll_timeout(self.now));
        answer
    }
}
