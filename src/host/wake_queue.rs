//! How one root wakes another of its VM, to which it has handed events over.
//!
//! It is a shared queue whose name only one root knows. The host runs that root's `on_queue_ready`
//! on the same thread in the next turn of its loop. With a name that workers share, every wake
//! would go to the worker that registered last.

use std::cell::Cell;

use freshpaint_core::delivery::dedupe::Owner;
use proxy_wasm::hostcalls;

/// The wake queue of one root.
#[derive(Debug)]
pub(crate) struct WakeQueue {
    id: Option<u32>,
    is_woken: Cell<bool>,
}

impl WakeQueue {
    /// Registers a queue for the current root.
    pub(crate) fn register(owner: Owner) -> Self {
        let name = format!("freshpaint_webhooks.wake.{}", owner.0);
        Self {
            id: hostcalls::register_shared_queue(&name).ok(),
            is_woken: Cell::new(false),
        }
    }

    /// Wakes the root, once for any number of calls until it has acknowledged.
    pub(crate) fn wake(&self) {
        if let (Some(id), false) = (self.id, self.is_woken.get()) {
            let woken = hostcalls::enqueue_shared_queue(id, Some(&[0]));
            self.is_woken.set(woken.is_ok());
        }
    }

    /// Takes the wake out of the queue; says whether it was this queue that is ready.
    pub(crate) fn acknowledge(&self, queue: u32) -> bool {
        let is_ours = self.id == Some(queue);
        if is_ours {
            let _ = hostcalls::dequeue_shared_queue(queue);
            self.is_woken.set(false);
        }
        is_ours
    }
}
