//! One worker with the host around it.

use freshpaint_core::clock::Now;
use freshpaint_core::config::Config;
use freshpaint_core::intake::Head;
use freshpaint_core::test_util::{self, SharedMemory};
use freshpaint_core::upload::{Gathering, Upload};
use freshpaint_core::worker::Worker;

use crate::KIB;

/// One worker, and the host's memory of what it has called.
pub(crate) struct Bed {
    pub(crate) worker: Worker,
    pub(crate) shared: SharedMemory,
    pub(crate) now: Now,
    /// Calls under way: token, webhook, body.
    calls: Vec<(u32, usize, usize)>,
    next: u32,
}

impl Bed {
    pub(crate) fn new(configuration: &str) -> Self {
        let environment = |_: &str| Some("k".repeat(32));
        let config: Config = freshpaint_config::parse(configuration.as_bytes(), &environment)
            .unwrap_or_else(|problems| panic!("{problems:?}"));
        Self {
            worker: test_util::worker(config),
            shared: SharedMemory::default(),
            now: Now::default(),
            calls: Vec::new(),
            next: 0,
        }
    }

    /// Sends a body in pieces of 16 KiB, all but its end; `None` when it is refused.
    pub(crate) fn begin(&mut self, body: &[u8]) -> Option<Gathering> {
        let head = Head::post(b"/v1/batch");
        let mut upload = self.worker.handle_head(&head).unwrap();
        for piece in body.chunks(16 * KIB) {
            let read = || piece.to_vec();
            let now = || self.now.steady;
            upload = self
                .worker
                .handle_piece(upload, piece.len(), read, now, &mut self.shared);
        }
        match upload {
            Upload::Gathering(whole) => Some(whole),
            Upload::Refused(_) => None,
        }
    }

    /// The head of a request with this path, whose body does not come; `None` when it is refused.
    pub(crate) fn open(&mut self, path: &str) -> Option<Gathering> {
        let head = Head::post(path.as_bytes());
        match self.worker.handle_head(&head).unwrap() {
            Upload::Gathering(whole) => Some(whole),
            Upload::Refused(_) => None,
        }
    }

    /// Ends it, and makes the calls; whether it was taken.
    pub(crate) fn end(&mut self, whole: Gathering) -> bool {
        let shared = &mut self.shared;
        let taken = self.worker.handle_body(whole, 1, self.now, shared).is_ok();
        self.drive();
        taken
    }

    pub(crate) fn send(&mut self, body: &[u8]) -> bool {
        let whole = self.begin(body);
        whole.is_some_and(|whole| self.end(whole))
    }

    /// Makes the calls that are to be made, also those that wait for a turn of the loop.
    pub(crate) fn drive(&mut self) {
        let mut made = None;
        while made != Some(self.next) {
            made = Some(self.next);
            self.make_calls();
            self.now.steady += 4;
            let now = self.now.steady;
            self.worker.handle_timeout(now, &mut self.shared);
        }
    }

    fn make_calls(&mut self) {
        let now = self.now.steady;
        while let Some(call) = self
            .worker
            .poll_call(now, &mut self.shared, Default::default)
        {
            self.next += 1;
            self.calls
                .push((self.next, call.webhook(), call.body().len()));
            self.worker
                .handle_dispatched(&call, Ok(self.next), now, &mut self.shared);
        }
        while self.worker.poll_reply().is_some() {}
    }

    /// Answers every call to this webhook with this status.
    pub(crate) fn answer(&mut self, webhook: usize, status: u16) {
        loop {
            let Some(at) = self.calls.iter().position(|(_, to, _)| *to == webhook) else {
                return;
            };
            let (token, _, _) = self.calls.swap_remove(at);
            let response = test_util::answer(status);
            let now = self.now.steady;
            self.worker
                .handle_response(token, &response, now, &mut self.shared);
            self.drive();
        }
    }

    /// Bodies of the calls under way, which the host has copies of.
    pub(crate) fn copies(&self) -> usize {
        self.calls.iter().map(|(_, _, bytes)| bytes).sum()
    }
}
