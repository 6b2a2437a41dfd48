//! How a root wakes another of its VM, to which it has handed events over.
//!
//! A shared queue whose name only this root knows: the host runs the root's `on_queue_ready` on the same thread in the
//! next turn of its loop. A name shared between workers would give every wake to the one that registered last.

use std::cell::Cell;

use freshpaint_core::delivery::table::Owner;

use crate::host;

/// One root's bell.
#[derive(Debug)]
pub(crate) struct Doorbell {
    queue: Option<u32>,
    has_rung: Cell<bool>,
}

impl Doorbell {
    /// Hangs a bell for the current root.
    pub(crate) fn hang(owner: Owner) -> Self {
        Self {
            queue: host::register_queue(&format!("freshpaint_webhooks.bell.{}", owner.0)),
            has_rung: Cell::new(false),
        }
    }

    /// Wakes the root, once however often it is rung before the root comes.
    pub(crate) fn ring(&self) {
        if let (Some(queue), false) = (self.queue, self.has_rung.get()) {
            self.has_rung.set(host::enqueue(queue).is_ok());
        }
    }

    /// The root has come; says whether this bell had rung.
    pub(crate) fn answer(&self, queue: u32) -> bool {
        let is_ours = self.queue == Some(queue);
        if is_ours {
            host::dequeue(queue);
            self.has_rung.set(false);
        }
        is_ours
    }
}
