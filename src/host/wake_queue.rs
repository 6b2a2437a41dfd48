//! How one root wakes another of its VM, to which it has handed events over.
//!
//! It is a shared queue. Its name is known to the plugins of one name in one VM, and the host runs
//! the `on_queue_ready` of the root that registered last, on the same thread in the next turn of
//! its loop.
//!
//! Queues are never deleted. So a root is registered when it is woken, and not when it is made:
//! each new configuration is first tried in a VM of its own, which would leave a queue behind.

use std::cell::{Cell, OnceCell};

use proxy_wasm::hostcalls;

use super::{enter, shared_data};

thread_local! {
    /// Sets this VM apart from the others of the process.
    static VM: OnceCell<u32> = const { OnceCell::new() };
}

/// The wake queue of one root.
#[derive(Debug)]
pub(crate) struct WakeQueue {
    plugin: String,
    root: u32,
    id: Cell<Option<u32>>,
    is_woken: Cell<bool>,
}

impl WakeQueue {
    /// The queue of this root, whose plugin has this name.
    pub(crate) fn new(plugin: &[u8], root: u32) -> Self {
        Self {
            plugin: String::from_utf8_lossy(plugin).into_owned(),
            root,
            id: Cell::new(None),
            is_woken: Cell::new(false),
        }
    }

    /// Wakes the root, once for any number of calls until it has acknowledged. `from` is the
    /// context whose callback this is.
    pub(crate) fn wake(&self, from: u32) {
        if self.is_woken.get() {
            return;
        }
        // The root that registered last has the queue, and that may be another one.
        self.id.set(self.register(from));
        if let Some(id) = self.id.get() {
            let woken = hostcalls::enqueue_shared_queue(id, Some(&[0]));
            self.is_woken.set(woken.is_ok());
        }
    }

    /// Registers the queue for the root.
    fn register(&self, from: u32) -> Option<u32> {
        let new_number = || shared_data::next_number("freshpaint_webhooks.vms");
        let vm = VM.with(|vm| *vm.get_or_init(new_number));
        let name = format!("freshpaint_webhooks.wake.{vm}.{}", self.plugin);
        enter(self.root).ok()?;
        let id = hostcalls::register_shared_queue(&name).ok();
        let _ = enter(from);
        id
    }

    /// Takes the wake out of the queue; says whether it was this queue that is ready.
    pub(crate) fn acknowledge(&self, queue: u32) -> bool {
        let is_ours = self.id.get() == Some(queue);
        if is_ours {
            let _ = hostcalls::dequeue_shared_queue(queue);
            self.is_woken.set(false);
        }
        is_ours
    }
}
