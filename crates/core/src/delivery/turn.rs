//! One callback of the host, as the outbox sees it.

use super::dedupe::Shared;
use crate::clock::SteadyMillis;
use crate::observe::Observe;

/// The things that one callback of the host lends to the outbox.
pub struct Turn<'t> {
    /// The time of the callback; no time passes in it.
    pub now: SteadyMillis,
    /// The host's shared data.
    pub shared: &'t mut dyn Shared,
    /// Where things are counted and logged.
    pub observe: &'t mut Observe,
    /// The status of the call that has ended.
    pub(super) status: Option<u16>,
    /// How long that call took.
    pub(super) took: Option<SteadyMillis>,
}

impl<'t> Turn<'t> {
    /// A turn of the callback at this time.
    pub fn new(now: SteadyMillis, shared: &'t mut dyn Shared, observe: &'t mut Observe) -> Self {
        Self {
            now,
            shared,
            observe,
            status: None,
            took: None,
        }
    }
}
