//! How one root wakes another of its VM, to which it has handed events over.
//!
//! It is a shared queue. Its name is known to the plugins of one name in one VM, and the newest of
//! them has it: the host runs the `on_queue_ready` of the root that registered last, on the same
//! thread in the next turn of its loop. So the number of queues, which are never deleted, does not
//! grow with each configuration.

use std::cell::{Cell, OnceCell};

use proxy_wasm::hostcalls;

use super::shared_data;

thread_local! {
    /// Sets this VM apart from the others of the process.
    static VM: OnceCell<u32> = const { OnceCell::new() };
}

/// The wake queue of one root.
#[derive(Debug)]
pub(crate) struct WakeQueue {
    id: Option<u32>,
    is_woken: Cell<bool>,
}

impl WakeQueue {
    /// Registers the queue of a plugin of this name for the current root.
    pub(crate) fn register(plugin: &[u8]) -> Self {
        let new_number = || shared_data::next_number("freshpaint_webhooks.vms");
        let vm = VM.with(|vm| *vm.get_or_init(new_number));
        let plugin = String::from_utf8_lossy(plugin);
        let name = format!("freshpaint_webhooks.wake.{vm}.{plugin}");
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
