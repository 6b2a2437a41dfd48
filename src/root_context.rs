//! The callbacks of a root. Its configuration has made it a collector, a front or a monitor.

use std::rc::Rc;

use freshpaint_core::config::PluginConfig;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::ContextType;

use crate::collector::Collector;
use crate::front::{FrontPlugin, FrontStream};
use crate::host;
use crate::monitor::{MonitorPlugin, MonitorStream};

/// A root context. Each configuration has one in each VM.
pub(crate) struct Root {
    context_id: u32,
    role: Role,
}

/// The role that a configuration gives to a root.
enum Role {
    /// The configuration has not been read, or it is wrong. The host makes no streams then.
    Unconfigured,
    /// It takes events in and delivers them.
    Collector(Collector),
    /// It serves the live page.
    Monitor(Rc<MonitorPlugin>),
    /// It stands in front of collectors.
    Front(Rc<FrontPlugin>),
}

impl Root {
    pub(crate) fn new(context_id: u32) -> Self {
        Self {
            context_id,
            role: Role::Unconfigured,
        }
    }
}

impl Context for Root {
    fn on_http_call_response(&mut self, token: u32, num_headers: usize, _: usize, _: usize) {
        if let Role::Collector(collector) = &mut self.role {
            collector.handle_response(token, num_headers);
        }
    }

    fn on_done(&mut self) -> bool {
        match &mut self.role {
            Role::Collector(collector) => collector.handle_done(),
            Role::Unconfigured | Role::Monitor(_) | Role::Front(_) => true,
        }
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
        self.role = match freshpaint_config::parse_plugin(&written, &variable) {
            Ok(PluginConfig::Collector(config)) => {
                Role::Collector(Collector::new(*config, &written, self.context_id))
            }
            Ok(PluginConfig::Monitor(config)) => {
                let monitor = MonitorPlugin::new(config);
                monitor.tick(self.context_id);
                Role::Monitor(monitor)
            }
            Ok(PluginConfig::Front(config)) => Role::Front(FrontPlugin::new(config)),
            Err(problems) => {
                for problem in problems {
                    log::error!("configuration: {problem}");
                }
                return false;
            }
        };
        true
    }

    fn on_tick(&mut self) {
        match &mut self.role {
            Role::Unconfigured => {}
            Role::Collector(collector) => collector.handle_tick(),
            Role::Monitor(monitor) => monitor.tick(self.context_id),
            Role::Front(front) => front.tick(host::steady()),
        }
    }

    fn on_queue_ready(&mut self, queue: u32) {
        if let Role::Collector(collector) = &mut self.role {
            collector.handle_queue(queue);
        }
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(match &self.role {
            Role::Unconfigured => return None,
            Role::Collector(collector) => Box::new(collector.stream(context_id)),
            Role::Monitor(monitor) => Box::new(MonitorStream::new(context_id, Rc::clone(monitor))),
            Role::Front(front) => Box::new(FrontStream::new(context_id, Rc::clone(front))),
        })
    }
}
