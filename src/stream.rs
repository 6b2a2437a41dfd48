//! One request: its body is gathered and handed over, and it waits for the root's reply.

use std::rc::Rc;

use freshpaint_core::local_reply::LocalReply;
use freshpaint_core::upload::{Gathering, Upload};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;

use crate::host::{self, RequestHead, SharedData};
use crate::plugin::Plugin;

/// One request on its way through the filter.
pub(crate) struct Stream {
    context_id: u32,
    plugin: Rc<Plugin>,
    state: State,
}

// A stream has one of them, and most of the time the large one.
#[allow(clippy::large_enum_variant)]
enum State {
    /// Not a collection request, or nothing is known yet.
    Passing,
    /// Its body comes in.
    Receiving(Upload),
    /// It has its reply, or the root will send it.
    Ended,
}

impl Stream {
    pub(crate) fn new(context_id: u32, plugin: Rc<Plugin>) -> Self {
        Self {
            context_id,
            plugin,
            state: State::Passing,
        }
    }

    /// Waits for more of the request, or ends it.
    fn receive(&mut self, upload: Upload, end_of_stream: bool) {
        match upload {
            upload if !(end_of_stream || upload.is_over()) => {
                self.state = State::Receiving(upload);
            }
            Upload::Gathering(gathering) => self.submit(gathering),
            Upload::Refused(refused) => self.reply(refused.into_reply()),
        }
    }

    /// Hands the whole request over, and has the root make its calls.
    fn submit(&mut self, gathering: Gathering) {
        let now = host::now();
        let taken = self.plugin.worker.borrow_mut().handle_body(
            gathering,
            self.context_id,
            now,
            &mut SharedData,
        );
        match taken {
            Ok(()) => {
                self.plugin.wait(self.context_id);
                self.plugin.root.enter(now.steady);
            }
            Err(refusal) => self.reply(refusal),
        }
    }

    /// Replies without waiting for the root.
    fn reply(&mut self, reply: LocalReply) {
        self.plugin.flush();
        let reply = self.plugin.worker.borrow().noted(reply);
        let _ = host::send_local_reply(&reply);
    }
}

impl Drop for Stream {
    /// The host deletes a stream when it has its reply, and when its client has gone.
    fn drop(&mut self) {
        self.plugin.wait_no_more(self.context_id);
        self.plugin.body_watch.forget(self.context_id);
    }
}

impl Context for Stream {}

// The head is held back from its first callback on, so that it reaches no other filter and no
// upstream (needs `allow_on_headers_stop_iteration`, or no body callback would follow). Nothing of
// the body is left in Envoy (`crate::body_callback`).
impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, end_of_stream: bool) -> Action {
        #[cfg(feature = "fault-injection")]
        crate::fault::in_stream();
        self.plugin.serve();
        let Some(upload) = open(&self.plugin, end_of_stream) else {
            self.plugin.flush();
            return Action::Continue;
        };
        self.state = State::Ended;
        if !(end_of_stream || upload.is_over()) {
            let watch = &self.plugin.body_watch;
            if !watch.are_given() {
                let now = host::steady();
                if watch.are_withheld(now) {
                    let reply = self
                        .plugin
                        .worker
                        .borrow_mut()
                        .refuse_unread(upload.unread());
                    self.reply(reply);
                    return Action::Pause;
                }
                watch.wait(self.context_id, Some(upload.unread()), now);
                self.plugin.root.enter(now);
            }
        }
        self.receive(upload, end_of_stream);
        Action::Pause
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        self.plugin.body_watch.given();
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Passing => {
                self.state = State::Passing;
                Action::Continue
            }
            State::Receiving(upload) => {
                let mut worker = self.plugin.worker.borrow_mut();
                let read = || host::request_body(size);
                let upload = worker.handle_piece(upload, size, read, host::steady, &mut SharedData);
                drop(worker);
                self.receive(upload, end_of_stream);
                Action::Pause
            }
            State::Ended => Action::Pause,
        }
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        self.plugin.body_watch.given();
        // A body with trailers never has `end_of_stream`: they are its end. Envoy's decompressor
        // always adds them.
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Passing => {
                self.state = State::Passing;
                Action::Continue
            }
            State::Receiving(upload) => {
                self.receive(upload, true);
                Action::Pause
            }
            State::Ended => Action::Pause,
        }
    }
}

fn open(plugin: &Plugin, end_of_stream: bool) -> Option<Upload> {
    let head = RequestHead::read();
    plugin
        .worker
        .borrow_mut()
        .handle_head(&head.get(end_of_stream))
}
