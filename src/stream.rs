//! One request: collected, handed over, and then left waiting for the root's answer.

use std::rc::Rc;

use freshpaint_core::intake::{Collection, Head, Headers};
use freshpaint_core::local_reply::LocalReply;
use freshpaint_core::worker::Reception;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;

use crate::header_map::HeaderMap;
use crate::host;
use crate::plugin::Plugin;
use crate::shared_data::SharedData;

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
    /// Answered, or the root will answer.
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

    /// Submits the whole request, and has the root make its calls. The root answers it, even where the answer is known already:
    /// one way out for all.
    fn submit(&mut self, collection: Collection, received: usize) -> Action {
        let body = if received > 0 {
            host::request_body(received)
        } else {
            Vec::new()
        };
        let now = host::now();
        self.plugin.worker.borrow_mut().submit(
            collection,
            &body,
            self.context_id,
            now,
            &mut SharedData,
        );
        self.plugin.wait(self.context_id);
        self.plugin.enter_root(now.steady);
        Action::Pause
    }

    /// Answers without waiting for the rest of the request.
    fn answer(&mut self, answer: &LocalReply) {
        self.state = State::Ended;
        self.plugin.flush();
        let _ = host::answer(answer);
    }
}

impl Drop for Stream {
    /// The host deletes a stream when it has been answered, and when its client has gone.
    fn drop(&mut self) {
        self.plugin.wait_no_more(self.context_id);
    }
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, end_of_stream: bool) -> Action {
        #[cfg(feature = "fault-injection")]
        crate::fault::in_stream();
        let reception = receive(&self.plugin, end_of_stream);
        match reception {
            Reception::Pass => {
                self.plugin.flush();
                Action::Continue
            }
            Reception::Reply(answer) => {
                self.answer(&answer);
                Action::Pause
            }
            Reception::Collect(collection) if end_of_stream => {
                self.state = State::Ended;
                self.submit(collection, 0)
            }
            Reception::Collect(collection) => {
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
                if let Some(answer) = refusal {
                    self.answer(&answer);
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
        // A body with trailers never has `end_of_stream`: they are its end. Envoy's decompressor always adds them.
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

fn receive(plugin: &Plugin, end_of_stream: bool) -> Reception {
    let headers = HeaderMap::of_request();
    let path = headers.get(":path").unwrap_or_default();
    let method = headers.get(":method").unwrap_or_default();
    plugin.worker.borrow_mut().receive(&Head {
        method: &method,
        path: &path,
        headers: &headers,
        end_of_stream,
    })
}
