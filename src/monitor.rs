//! A plugin that serves the live page: its part of the VM, and its requests.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use freshpaint_core::config;
use freshpaint_core::local_reply::LocalReply;
use freshpaint_monitor::api::{too_large, Action, Ask, MAX_BODY_BYTES};
use freshpaint_monitor::{Monitor, Visit};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action as FilterAction;

use crate::host::{self, RequestHead, SharedData};
use crate::plugin::{self, Plugin};

/// One configured monitor in this VM.
#[derive(Debug)]
pub(crate) struct MonitorPlugin {
    monitor: RefCell<Monitor>,
    /// The period of the host's timer, in milliseconds.
    ticks_every: Cell<u64>,
}

impl MonitorPlugin {
    pub(crate) fn new(config: config::Monitor) -> Rc<Self> {
        let monitor = Monitor::new(config, &mut SharedData);
        Rc::new(Self {
            monitor: RefCell::new(monitor),
            ticks_every: Cell::new(0),
        })
    }

    /// Shares what there is to see, and sets the next tick, in a callback of this root.
    pub(crate) fn tick(&self, root: u32) {
        let (next, shown) = self.visit(Monitor::handle_timeout);
        if let Some(shown) = shown.filter(|_| next.wakes_collector) {
            // Not entered: the SDK lets no root's callback run inside another's.
            shown.wake_queue.wake(root);
        }
        // The host's timer repeats by itself.
        if self.ticks_every.replace(next.timeout_in) != next.timeout_in {
            host::set_tick(Some(Duration::from_millis(next.timeout_in)));
        }
    }

    /// Lets the monitor see the collector that it shows, which is looked for each time: a new
    /// configuration makes a new one.
    fn visit<T>(
        &self,
        visit: impl FnOnce(&mut Monitor, &mut Visit<'_>) -> T,
    ) -> (T, Option<Rc<Plugin>>) {
        let mut monitor = self.monitor.borrow_mut();
        let shown = plugin::current(monitor.of());
        let mut worker = shown.as_ref().map(|shown| shown.worker.borrow_mut());
        let mut lent = Visit {
            worker: worker.as_deref_mut(),
            now: host::now(),
            board: &mut SharedData,
            shared: &mut SharedData,
        };
        let made = visit(&mut monitor, &mut lent);
        drop(worker);
        (made, shown)
    }
}

/// One request to the monitor.
pub(crate) struct MonitorStream {
    context_id: u32,
    monitor: Rc<MonitorPlugin>,
    /// The action whose body comes in, and what has come of it.
    gathering: Option<(Action, Vec<u8>)>,
    /// The collector that will reply.
    waits_for: Option<Rc<Plugin>>,
}

impl MonitorStream {
    pub(crate) fn new(context_id: u32, monitor: Rc<MonitorPlugin>) -> Self {
        Self {
            context_id,
            monitor,
            gathering: None,
            waits_for: None,
        }
    }

    fn end(&mut self) {
        let Some((action, body)) = self.gathering.take() else {
            return;
        };
        let stream = self.context_id;
        let act = |monitor: &mut Monitor, visit: &mut Visit<'_>| {
            monitor.handle_action(action, &body, stream, visit)
        };
        match self.monitor.visit(act) {
            (Some(reply), _) => send(&reply),
            (None, Some(shown)) => {
                shown.wait(stream);
                // Not entered: the calls would belong to the monitor's root.
                shown.wake_queue.wake(stream);
                self.waits_for = Some(shown);
            }
            (None, None) => {}
        }
    }
}

impl Drop for MonitorStream {
    fn drop(&mut self) {
        if let Some(shown) = &self.waits_for {
            shown.wait_no_more(self.context_id);
        }
    }
}

impl Context for MonitorStream {}

impl HttpContext for MonitorStream {
    fn on_http_request_headers(&mut self, _: usize, end_of_stream: bool) -> FilterAction {
        let head = RequestHead::read();
        let ask = self
            .monitor
            .monitor
            .borrow()
            .handle_head(&head.get(end_of_stream));
        match ask {
            Ask::Reply(reply) => send(&reply),
            Ask::Read(read) => {
                let (reply, _) = self
                    .monitor
                    .visit(|monitor, visit| monitor.handle_read(&read, visit));
                send(&reply);
            }
            Ask::Body(action) => {
                self.gathering = Some((action, Vec::new()));
                if end_of_stream {
                    self.end();
                }
            }
        }
        FilterAction::Pause
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> FilterAction {
        if let Some((_, body)) = &mut self.gathering {
            if body.len().saturating_add(size) > MAX_BODY_BYTES {
                self.gathering = None;
                send(&too_large());
            } else {
                body.extend(host::request_body(size));
            }
        }
        if end_of_stream {
            self.end();
        }
        FilterAction::Pause
    }

    fn on_http_request_trailers(&mut self, _: usize) -> FilterAction {
        self.end();
        FilterAction::Pause
    }
}

fn send(reply: &LocalReply) {
    let _ = host::send_local_reply(reply);
}
