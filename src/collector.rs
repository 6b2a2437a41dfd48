//! The root of a collector makes every call, gets every outcome, and sends every reply.

use std::rc::Rc;
use std::time::Duration;

use freshpaint_core::clock::SteadyMillis;
use freshpaint_core::config::Config;
use freshpaint_core::delivery::outcome::CallResponse;
use freshpaint_core::observe::Counter;

use crate::host::{self, SharedData};
use crate::plugin::Plugin;
use crate::stream::Stream;

/// Each worker logs this when its configuration has been replaced, and when Envoy exits.
const DRAINED: &str = "this configuration has ended, nothing of it is in flight or kept";

/// While kept events move to a newer configuration, how often to give it some, in milliseconds.
const HAND_OVER_EVERY: u64 = 10;

/// The state of a collector's root beside the state that it shares with its streams.
pub(crate) struct Collector {
    context_id: u32,
    plugin: Rc<Plugin>,
    /// When the host's timer is set to run out.
    tick_at: Option<SteadyMillis>,
    /// The host has asked this root to end.
    is_draining: bool,
    /// A newer configuration gets what is kept.
    hands_over: bool,
}

impl Collector {
    /// Sets up the current root, which is this context. `written` is what `config` was read from.
    pub(crate) fn new(mut config: Config, written: &[u8], context_id: u32) -> Self {
        let warnings = std::mem::take(&mut config.warnings);
        let summary = freshpaint_config::summary(&config);
        let now = host::steady();
        let plugin = Plugin::new(config, context_id, now);
        if plugin.is_first_with(written) {
            for warning in warnings {
                log::warn!("configuration: {warning}");
            }
            log::info!("{summary}");
        }
        let wake_in = plugin.worker.borrow().poll_timeout(now);
        let mut collector = Self {
            context_id,
            plugin,
            tick_at: None,
            is_draining: false,
            hands_over: false,
        };
        collector.set_tick(wake_in, now);
        collector
    }

    /// A new stream of this root.
    pub(crate) fn stream(&self, context_id: u32) -> Stream {
        Stream::new(context_id, Rc::clone(&self.plugin))
    }

    /// Makes the calls and sends the replies that are ready, and sets the next tick.
    fn drive(&mut self, now: SteadyMillis) {
        #[cfg(feature = "fault-injection")]
        crate::fault::in_root();
        let plugin = Rc::clone(&self.plugin);
        loop {
            // The worker must not be borrowed while the host makes the call.
            let mut worker = plugin.worker.borrow_mut();
            let Some(call) = worker.poll_call(now, &mut SharedData, host::unix_seconds) else {
                break;
            };
            drop(worker);
            let made = host::call(call.cluster(), call.headers(), call.body(), call.timeout());
            plugin
                .worker
                .borrow_mut()
                .handle_dispatched(&call, made, now, &mut SharedData);
        }
        // After the calls: a reply enters its stream, and stays there until this callback returns.
        let wants_tick = Self::send_replies(&plugin, now);
        let hands_over = self.hands_over && plugin.worker.borrow().has_held();
        let ticks = [
            plugin.report(now),
            plugin.worker.borrow_mut().poll_timeout(now),
            plugin.body_watch.look_in(now),
            wants_tick.then_some(1),
            hands_over.then_some(HAND_OVER_EVERY),
        ];
        self.set_tick(ticks.into_iter().flatten().min(), now);
        if self.is_draining && plugin.worker.borrow().is_empty() {
            self.is_draining = false;
            plugin.end();
            log::info!("{DRAINED}");
            let _ = host::enter(self.context_id);
            host::done();
        }
    }

    /// Refuses the requests whose bodies Envoy keeps to itself.
    fn refuse_withheld(plugin: &Plugin, now: SteadyMillis) {
        for waiting in plugin.body_watch.withheld(now) {
            if let (Some(unread), Ok(())) = (waiting.unread, host::enter(waiting.stream)) {
                let reply = plugin.worker.borrow_mut().refuse_unread(unread);
                let _ = host::send_local_reply(&reply);
                plugin.replies.borrow_mut().take(1, now);
            }
        }
    }

    /// Sends the replies that are ready, as many as one turn may; says whether a tick should come.
    fn send_replies(plugin: &Plugin, now: SteadyMillis) -> bool {
        let mut quota = plugin.replies.borrow_mut();
        while !quota.is_used_up() {
            let Some((stream, reply)) = plugin.worker.borrow_mut().poll_reply() else {
                break;
            };
            quota.take(1, now);
            let sent = plugin.wait_no_more(stream)
                && host::enter(stream).is_ok()
                && host::send_local_reply(&reply).is_ok();
            if !sent {
                let mut worker = plugin.worker.borrow_mut();
                worker.observe().count(Counter::Abandoned);
            }
        }
        quota.wants_tick(now).is_some()
    }

    /// Sets the timer only where it would run out too late: the host makes a new one each time, and
    /// a timer that is set over and over never runs out.
    fn set_tick(&mut self, wake_in: Option<u64>, now: SteadyMillis) {
        // Where nothing is waited for, a timer that is set may run out: the next request would only
        // set it again.
        let Some(wake_in) = wake_in.map(|wake_in| wake_in.max(1)) else {
            return;
        };
        let wake_at = now.saturating_add(wake_in);
        if self.tick_at.is_none_or(|tick_at| wake_at < tick_at) {
            self.tick_at = Some(wake_at);
            // The stream that was entered last may be a monitor's, and the timer would be too.
            let _ = host::enter(self.context_id);
            host::set_tick(Some(Duration::from_millis(wake_in)));
        }
    }

    /// A call has ended.
    pub(crate) fn handle_response(&mut self, token: u32, num_headers: usize) {
        let now = host::steady();
        let response = read_response(num_headers);
        self.plugin
            .worker
            .borrow_mut()
            .handle_response(token, &response, now, &mut SharedData);
        self.drive(now);
    }

    /// The host asks this root to end; says whether it may at once.
    pub(crate) fn handle_done(&mut self) -> bool {
        let plugin = Rc::clone(&self.plugin);
        plugin.leave();
        plugin.hand_over(self.context_id);
        plugin.end();
        self.is_draining = !plugin.worker.borrow().is_empty();
        self.hands_over = self.is_draining && plugin.has_successor();
        if !self.is_draining {
            log::info!("{DRAINED}");
        } else if self.hands_over && plugin.worker.borrow().has_held() {
            self.set_tick(Some(HAND_OVER_EVERY), host::steady());
        }
        !self.is_draining
    }

    /// The host's timer has run out.
    pub(crate) fn handle_tick(&mut self) {
        // The host's timer repeats; it is stopped until something is due again.
        self.tick_at = None;
        host::set_tick(None);
        let now = host::steady();
        let plugin = &self.plugin;
        plugin.replies.borrow_mut().on_tick(now);
        self.hands_over = if self.is_draining {
            plugin.has_successor()
        } else {
            plugin.is_replaced(now)
        };
        if self.hands_over {
            // The newer configuration gets them before this one tries them once more.
            plugin.hand_over(self.context_id);
        }
        plugin
            .worker
            .borrow_mut()
            .handle_timeout(now, &mut SharedData);
        Self::refuse_withheld(plugin, now);
        self.drive(now);
    }

    /// A stream has entered, or another context has woken this one.
    pub(crate) fn handle_queue(&mut self, queue: u32) {
        let plugin = &self.plugin;
        if let Some(now) = plugin.root.entered(queue) {
            self.drive(now);
        } else if plugin.wake_queue.acknowledge(queue) {
            self.drive(host::steady());
        }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.plugin.root.close();
    }
}

/// The host reports no headers for a call that broke after its answer began.
fn read_response(num_headers: usize) -> CallResponse {
    if num_headers == 0 {
        return CallResponse::default();
    }
    CallResponse::read(host::response_header)
}
