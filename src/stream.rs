//! One request: its body is gathered and handed over, and it waits for the root's reply.

use std::rc::Rc;

use freshpaint_core::intake::{Collection, Head, Headers, Judgement};
use freshpaint_core::local_reply::LocalReply;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;

use crate::host::{self, HeaderMap, SharedData};
use crate::plugin::Plugin;

/// One request on its way through the filter.
pub(crate) struct Stream {
    context_id: u32,
    plugin: Rc<Plugin>,
    state: State,
}

enum State {
    /// Not ours, or nothing known yet.
    Passing,
    /// Its body comes in.
    Collecting {
        collection: Collection,
        received: usize,
    },
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

    /// Takes the whole request in, and has the root make its calls.
    fn submit(&mut self, collection: Collection, received: usize) -> Action {
        let body = if received > 0 {
            host::request_body(received)
        } else {
            Vec::new()
        };
        let now = host::now();
        let taken = self.plugin.worker.borrow_mut().handle_body(
            collection,
            &body,
            self.context_id,
            now,
            &mut SharedData,
        );
        match taken {
            Ok(()) => {
                self.plugin.wait(self.context_id);
                self.plugin.root.enter(now.steady);
            }
            Err(refusal) => self.reply(&refusal),
        }
        Action::Pause
    }

    /// Replies without waiting for the root.
    fn reply(&mut self, reply: &LocalReply) {
        self.state = State::Ended;
        self.plugin.flush();
        let _ = host::send_local_reply(reply);
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

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, end_of_stream: bool) -> Action {
        #[cfg(feature = "fault-injection")]
        crate::fault::in_stream();
        let judgement = judge(&self.plugin, end_of_stream);
        match judgement {
            Judgement::Pass => {
                self.plugin.flush();
                Action::Continue
            }
            Judgement::Reply(reply, _) => {
                self.reply(&reply);
                Action::Pause
            }
            Judgement::Collect(collection) if end_of_stream => {
                self.state = State::Ended;
                self.submit(collection, 0)
            }
            Judgement::Collect(collection) => {
                let watch = &self.plugin.body_watch;
                if watch.is_withheld() {
                    self.plugin.worker.borrow_mut().refused_unread();
                    self.reply(&collection.unread());
                    return Action::Pause;
                }
                if watch.is_unknown() {
                    let now = host::steady();
                    watch.wait(self.context_id, collection.unread(), now);
                    self.plugin.root.enter(now);
                }
                let received = 0;
                self.state = State::Collecting {
                    collection,
                    received,
                };
                // Held back here, the head reaches no other filter and no upstream
                // (needs `allow_on_headers_stop_iteration`, or no body callback would follow).
                Action::Pause
            }
        }
    }

    fn on_http_request_body(&mut self, body_size: usize, end_of_stream: bool) -> Action {
        self.plugin.body_watch.given();
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Passing => {
                self.state = State::Passing;
                Action::Continue
            }
            State::Ended => Action::Pause,
            State::Collecting { collection, .. } => {
                // `body_size` is the whole of what is buffered, not this piece.
                let refusal = self
                    .plugin
                    .worker
                    .borrow_mut()
                    .refuse_size(&collection, body_size);
                if let Some(reply) = refusal {
                    self.reply(&reply);
                    Action::Pause
                } else if end_of_stream {
                    self.submit(collection, body_size)
                } else {
                    let received = body_size;
                    self.state = State::Collecting {
                        collection,
                        received,
                    };
                    Action::Pause
                }
            }
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
            State::Ended => Action::Pause,
            State::Collecting {
                collection,
                received,
            } => self.submit(collection, received),
        }
    }
}

fn judge(plugin: &Plugin, end_of_stream: bool) -> Judgement {
    let headers = HeaderMap::of_request();
    let path = headers.get(":path").unwrap_or_default();
    let method = headers.get(":method").unwrap_or_default();
    plugin.worker.borrow_mut().handle_head(&Head {
        method: &method,
        path: &path,
        headers: &headers,
        end_of_stream,
    })
}
