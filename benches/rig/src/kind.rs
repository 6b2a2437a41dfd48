//! The contenders by name, and where each is started.

use crate::settings::Settings;
use crate::shape::Shape;
use serde_json::Value;
use std::net::SocketAddr;

/// The contenders; `benches/contenders` says what each is and why it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Floor1,
    Floor2,
    Module,
    OtherModule,
    /// Several events in one POST.
    ModuleBatch,
    /// Through `webhooks_egress`, as `envoy/envoy.yaml` has it.
    ModuleEgress,
    /// On two workers.
    ModuleTwice,
    /// With the live page, which somebody looks at.
    ModuleWatched,
    Lua,
    Service,
    /// All events of a request in one POST.
    ServiceBatch,
    /// Without an Envoy in front.
    ServiceAlone,
}

impl Kind {
    /// The name in tables and for `BENCH_ONLY`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Floor1 => "floor-1",
            Self::Floor2 => "floor-2",
            Self::Module => "module",
            Self::OtherModule => "other-module",
            Self::ModuleBatch => "module-batch",
            Self::ModuleEgress => "module-egress",
            Self::ModuleTwice => "module-twice",
            Self::ModuleWatched => "module-watched",
            Self::Lua => "lua",
            Self::Service => "service",
            Self::ServiceBatch => "service-batch",
            Self::ServiceAlone => "service-alone",
        }
    }

    /// Whether one call may carry several events.
    pub(crate) fn batches(self) -> bool {
        matches!(self, Self::ModuleBatch | Self::ServiceBatch)
    }

    pub(crate) fn has_service(self) -> bool {
        matches!(
            self,
            Self::Service | Self::ServiceBatch | Self::ServiceAlone
        )
    }

    pub(crate) fn workers(self) -> usize {
        1 + usize::from(self == Self::ModuleTwice)
    }

    /// The shape of what is sent to it: a mirror cannot cut a batch, so it gets what it is to send
    /// on.
    pub(crate) fn sent(self, shape: &Shape) -> Shape {
        let events = if self == Self::Floor1 {
            1
        } else {
            shape.events
        };
        Shape { events, ..*shape }
    }

    /// Whether it takes part in this run.
    pub(crate) fn takes_part(self, settings: &Settings, shape: &str) -> bool {
        (self != Self::OtherModule || settings.other_module.is_some())
            && settings.wants(shape, self.name())
    }
}

/// The circumstances in which a contender is started.
#[derive(Debug)]
pub(crate) struct Site<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) shape: &'a Shape,
    /// The webhooks of the shape, those that refuse connections last.
    pub(crate) webhooks: &'a [SocketAddr],
    /// Laid over the module's configuration.
    pub(crate) extra: Value,
    /// The core that all its threads share.
    pub(crate) core: usize,
}
