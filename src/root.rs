//! The root makes every call, gets every outcome, and sends every reply.

use std::rc::Rc;
use std::time::Duration;

use freshpaint_core::clock::SteadyMillis;
use freshpaint_core::config::PluginConfig;
use freshpaint_core::delivery::outcome::CallResponse;
use freshpaint_core::observe::Counter;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::ContextType;

use crate::front::{FrontPlugin, FrontStream};
use crate::host::{self, SharedData};
use crate::monitor::{MonitorPlugin, MonitorStream};
use crate::plugin::Plugin;
use crate::stream::Stream;

/// Each worker logs this when its configuration has been replaced, and when Envoy exits.
const DRAINED: &str = "this configuration has ended, nothing of it is in flight or kept";

/// A root context. Each configuration has one in each VM.
pub(crate) struct Root {
    context_id: u32,
    /// Set once the configuration has been read; without one the host makes no streams.
    plugin: Option<Rc<Plugin>>,
    /// The same of a plugin that serves the live page.
    monitor: Option<Rc<MonitorPlugin>>,
    /// The same of a plugin in front of collectors.
    front: Option<Rc<FrontPlugin>>,
    /// When the host's timer is set to run out.
    tick_at: Option<SteadyMillis>,
    /// The host has asked this root to end.
    is_draining: bool,
}

impl Root {
    pub(crate) fn new(context_id: u32) -> Self {
        Self {
            context_id,
            plugin: None,
            monitor: None,
            front: None,
            tick_at: None,
            is_draining: false,
        }
    }

    /// Makes the calls and sends the replies that are ready, and sets the next tick.
    fn drive(&mut self, now: SteadyMillis) {
        #[cfg(feature = "fault-injection")]
        crate::fault::in_root();
        let Some(plugin) = self.plugin.clone() else {
            return;
        };
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
        let has_more = Self::send_replies(&plugin);
        if self.is_draining {
            plugin.hand_over(self.context_id);
        }
        let report_in = plugin.report(now);
        let wake_in = plugin.worker.borrow_mut().poll_timeout(now);
        let look_in = plugin.body_watch.look_in(now);
        self.set_tick(
            [wake_in, report_in, look_in, has_more.then_some(1)]
                .into_iter()
                .flatten()
                .min(),
            now,
        );
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
            }
        }
    }

    /// Sends the replies that are ready, as many as one callback may; says whether more may be.
    fn send_replies(plugin: &Plugin) -> bool {
        for _ in 0..host::MAX_ENDED_STREAMS {
            let Some((stream, reply)) = plugin.worker.borrow_mut().poll_reply() else {
                return false;
            };
            let sent = plugin.wait_no_more(stream)
                && host::enter(stream).is_ok()
                && host::send_local_reply(&reply).is_ok();
            if !sent {
                let mut worker = plugin.worker.borrow_mut();
                worker.observe().count(Counter::Abandoned);
            }
        }
        true
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
            host::set_tick(Some(Duration::from_millis(wake_in)));
        }
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        if let Some(plugin) = &self.plugin {
            plugin.root.close();
        }
    }
}

impl Context for Root {
    fn on_http_call_response(&mut self, token: u32, num_headers: usize, _: usize, _: usize) {
        let Some(plugin) = &self.plugin else {
            return;
        };
        let now = host::steady();
        let response = read_response(num_headers);
        plugin
            .worker
            .borrow_mut()
            .handle_response(token, &response, now, &mut SharedData);
        self.drive(now);
    }

    fn on_done(&mut self) -> bool {
        let Some(plugin) = self.plugin.clone() else {
            return true;
        };
        plugin.hand_over(self.context_id);
        plugin.end();
        self.is_draining = !plugin.worker.borrow().is_empty();
        if !self.is_draining {
            log::info!("{DRAINED}");
        }
        !self.is_draining
    }
}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        let environment = host::environment();
        let variable = |wanted: &str| {
            let (_, value) = environment.iter().find(|(name, _)| name == wanted)?;
            Some(value.clone())
        };
        let written = host::plugin_configuration();
        match freshpaint_config::parse_plugin(&written, &variable) {
            Ok(PluginConfig::Monitor(config)) => {
                let monitor = MonitorPlugin::new(config);
                monitor.tick(self.context_id);
                self.monitor = Some(monitor);
                true
            }
            Ok(PluginConfig::Front(config)) => {
                self.front = Some(FrontPlugin::new(config));
                true
            }
            Ok(PluginConfig::Collector(mut config)) => {
                let warnings = std::mem::take(&mut config.warnings);
                let summary = freshpaint_config::summary(&config);
                let now = host::steady();
                let plugin = Plugin::new(*config, self.context_id, now);
                if plugin.is_first_with(&written) {
                    for warning in warnings {
                        log::warn!("configuration: {warning}");
                    }
                    log::info!("{summary}");
                }
                let wake_in = plugin.worker.borrow().poll_timeout(now);
                self.set_tick(wake_in, now);
                self.plugin = Some(plugin);
                true
            }
            Err(problems) => {
                for problem in problems {
                    log::error!("configuration: {problem}");
                }
                false
            }
        }
    }

    fn on_tick(&mut self) {
        if let Some(monitor) = &self.monitor {
            return monitor.tick(self.context_id);
        }
        if let Some(front) = &self.front {
            return front.tick(host::steady());
        }
        // The host's timer repeats; it is stopped until something is due again.
        self.tick_at = None;
        host::set_tick(None);
        let now = host::steady();
        if let Some(plugin) = &self.plugin {
            plugin
                .worker
                .borrow_mut()
                .handle_timeout(now, &mut SharedData);
            Self::refuse_withheld(plugin, now);
        }
        self.drive(now);
    }

    fn on_queue_ready(&mut self, queue: u32) {
        let Some(plugin) = &self.plugin else {
            return;
        };
        if let Some(now) = plugin.root.entered(queue) {
            self.drive(now);
        } else if plugin.wake_queue.acknowledge(queue) {
            self.drive(host::steady());
        }
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, context_id: u32) -> Option<Box<dyn HttpContext>> {
        if let Some(monitor) = &self.monitor {
            return Some(Box::new(MonitorStream::new(context_id, Rc::clone(monitor))));
        }
        if let Some(front) = &self.front {
            return Some(Box::new(FrontStream::new(context_id, Rc::clone(front))));
        }
        let plugin = Rc::clone(self.plugin.as_ref()?);
        Some(Box::new(Stream::new(context_id, plugin)))
    }
}

/// The host reports no headers for a call that broke after its answer began.
fn read_response(num_headers: usize) -> CallResponse {
    if num_headers == 0 {
        return CallResponse::default();
    }
    CallResponse::read(host::response_header)
}
