//! A plugin in front of collectors: it gives each request the key by which Envoy chooses one.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use freshpaint_core::clock::SteadyMillis;
use freshpaint_core::config;
use freshpaint_core::front::{Front, Waiting, KEY_HEADER};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;

use crate::body_callback;
use crate::body_watch::{BodyWatch, LOOK_AFTER_MILLIS};
use crate::host::{self, RequestHead};

const WITHHELD: &str = "requests go by their client's address, and not by their device";

/// One configured front in this VM.
#[derive(Debug)]
pub(crate) struct FrontPlugin {
    front: RefCell<Front>,
    body_watch: BodyWatch,
}

impl FrontPlugin {
    pub(crate) fn new(config: config::Front) -> Rc<Self> {
        host::set_tick(Some(Duration::from_millis(LOOK_AFTER_MILLIS)));
        Rc::new(Self {
            front: RefCell::new(Front::new(config)),
            body_watch: BodyWatch::new(WITHHELD),
        })
    }

    /// Lets the requests go on whose bodies Envoy keeps to itself, and sets the next tick: there is
    /// one until a body has come.
    pub(crate) fn tick(&self, now: SteadyMillis) {
        if self.body_watch.are_given() {
            return host::set_tick(None);
        }
        for waiting in self.body_watch.withheld(now) {
            if host::enter(waiting.stream).is_ok() {
                host::resume_request();
            }
        }
        let look_in = self.body_watch.look_in(now).unwrap_or(LOOK_AFTER_MILLIS);
        host::set_tick(Some(Duration::from_millis(look_in.max(1))));
    }
}

/// One request on its way to a collector.
pub(crate) struct FrontStream {
    context_id: u32,
    plugin: Rc<FrontPlugin>,
    /// Its body comes in.
    waiting: Option<Waiting>,
}

impl FrontStream {
    pub(crate) fn new(context_id: u32, plugin: Rc<FrontPlugin>) -> Self {
        Self {
            context_id,
            plugin,
            waiting: None,
        }
    }

    /// Gives the request its key: its body is whole.
    fn choose(&self, waiting: Waiting) {
        let body = host::request_body(usize::MAX);
        let key = self
            .plugin
            .front
            .borrow_mut()
            .key(waiting, &body, host::now());
        if let Some(key) = key {
            host::set_request_header(KEY_HEADER, &key);
        }
    }
}

impl Drop for FrontStream {
    fn drop(&mut self) {
        self.plugin.body_watch.forget(self.context_id);
    }
}

impl Context for FrontStream {}

// Envoy chooses a collector when the head goes on, so it is held back until the body has been read.
// The body stays in Envoy, which passes it on as it came.
impl HttpContext for FrontStream {
    fn on_http_request_headers(&mut self, _: usize, end_of_stream: bool) -> Action {
        let head = RequestHead::read();
        if head.has(KEY_HEADER) {
            host::remove_request_header(KEY_HEADER);
        }
        let head = head.get(end_of_stream);
        let Some(waiting) = self.plugin.front.borrow().handle_head(&head) else {
            return Action::Continue;
        };
        if end_of_stream {
            self.choose(waiting);
            return Action::Continue;
        }
        let watch = &self.plugin.body_watch;
        if !watch.are_given() {
            let now = host::steady();
            if watch.are_withheld(now) {
                return Action::Continue;
            }
            watch.wait(self.context_id, None, now);
        }
        self.waiting = Some(waiting);
        Action::Pause
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        self.plugin.body_watch.given();
        let Some(mut waiting) = self.waiting.take() else {
            return Action::Continue;
        };
        if !self.plugin.front.borrow().waits(&mut waiting, size) {
            return Action::Continue;
        }
        if end_of_stream {
            self.choose(waiting);
            return Action::Continue;
        }
        self.waiting = Some(waiting);
        body_callback::keep_body();
        Action::Pause
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        self.plugin.body_watch.given();
        if let Some(waiting) = self.waiting.take() {
            self.choose(waiting);
        }
        Action::Continue
    }
}
