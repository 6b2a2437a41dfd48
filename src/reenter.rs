//! How a stream gets into its root's callback.
//!
//! A call belongs to the context whose callback made it. If a stream makes a call and ends before
//! the call does, the SDK drops the call's outcome. So a stream has the root make its calls: it
//! runs the root's exported callback as the host would. The SDK keeps roots and streams apart, so
//! that a callback of one may run inside a callback of the other (proxy-wasm 0.2.5
//! `src/dispatcher.rs`), and to the host the calls belong to the root in either case.
//! docs/design.md compares the other way, a shared queue.

use std::cell::Cell;

use freshpaint_core::clock::SteadyMillis;

/// The queue that a stream says is ready. The host numbers its own from 1 (proxy-wasm-cpp-host
/// `src/shared_queue.h`).
const ENTERED_BY_STREAM: u32 = u32::MAX;

/// The way into one root.
#[derive(Debug)]
pub(crate) struct RootEntry {
    /// The root's context, for as long as the SDK knows it.
    root: Cell<Option<u32>>,
    /// When a stream last entered. No time passes in that callback, so the clock is not read again.
    entered_at: Cell<SteadyMillis>,
}

impl RootEntry {
    pub(crate) fn new(root: u32) -> Self {
        Self {
            root: Cell::new(Some(root)),
            entered_at: Cell::new(0),
        }
    }

    /// Runs the root's `on_queue_ready` at once, inside a stream's callback. No callback of the
    /// root may be running.
    #[allow(unsafe_code)]
    pub(crate) fn enter(&self, now: SteadyMillis) {
        extern "C" {
            fn proxy_on_queue_ready(context_id: u32, queue_id: u32);
        }
        let Some(root) = self.root.get() else {
            return;
        };
        self.entered_at.set(now);
        // SAFETY: the SDK's own entry point, with a root that it knows.
        unsafe { proxy_on_queue_ready(root, ENTERED_BY_STREAM) }
    }

    /// The time, when a stream has said that this queue is ready; `None` when the host has.
    pub(crate) fn entered(&self, queue: u32) -> Option<SteadyMillis> {
        (queue == ENTERED_BY_STREAM).then(|| self.entered_at.get())
    }

    /// The root is gone. Envoy keeps a root until its streams are gone; a stream that still entered
    /// it would make the SDK panic.
    pub(crate) fn close(&self) {
        self.root.set(None);
    }
}
