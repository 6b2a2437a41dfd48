//! What a root and its streams share, and how a newer root is found.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::{Rc, Weak};

use freshpaint_core::clock::SteadyMillis;
use freshpaint_core::config::{Config, Webhook};
use freshpaint_core::worker::Worker;

use crate::doorbell::Doorbell;
use crate::metrics::Metrics;
use crate::shared_data::SharedData;
use crate::{host, identity};

/// How long counts may wait for more, so that each counter is one call of the host for all that came meanwhile. Envoy hands its own
/// counts on every 5 s (`stats_flush_interval`).
const COUNT_EVERY_MILLIS: u64 = 1_000;

/// One configured plugin in this VM.
#[derive(Debug)]
pub(crate) struct Plugin {
    name: Vec<u8>,
    /// The root's context, for as long as the SDK knows it.
    root: Cell<Option<u32>>,
    /// Never borrowed across a call that can come back into the VM.
    pub(crate) worker: RefCell<Worker>,
    /// Streams that wait for the root's answer. The host is no help: for the rest of its loop's turn it still knows a
    /// stream whose client has gone, lets it be answered, and calls the SDK back for a stream that the SDK knows no more.
    waiting: RefCell<BTreeSet<u32>>,
    pub(crate) doorbell: Doorbell,
    pub(crate) metrics: Metrics,
    counted_at: Cell<SteadyMillis>,
    /// When a stream last entered the root: in that callback no time passes.
    pub(crate) entered_at: Cell<SteadyMillis>,
    pub(crate) webhooks: Vec<Webhook>,
}

thread_local! {
    /// The plugins of this VM, oldest first. A new configuration makes a new root in the same VM.
    static PLUGINS: RefCell<Vec<Weak<Plugin>>> = const { RefCell::new(Vec::new()) };
}

impl Plugin {
    /// Sets a plugin up for the current root, which is this context.
    pub(crate) fn new(config: Config, root: u32) -> Rc<Self> {
        let name = host::plugin_name();
        let identity = identity::new(&name);
        let webhooks = config.webhooks.clone();
        let plugin = Rc::new(Self {
            doorbell: Doorbell::hang(identity.owner),
            metrics: Metrics::define(&webhooks),
            worker: RefCell::new(Worker::new(config, &identity, host::steady())),
            waiting: RefCell::default(),
            counted_at: Cell::new(0),
            entered_at: Cell::new(0),
            webhooks,
            name,
            root: Cell::new(Some(root)),
        });
        PLUGINS.with_borrow_mut(|plugins| {
            plugins.retain(|plugin| plugin.strong_count() > 0);
            plugins.push(Rc::downgrade(&plugin));
        });
        plugin
    }

    /// Runs the root's callback at once, inside a stream's. No root's callback may be running.
    ///
    /// A call belongs to the context whose callback made it, and the SDK forgets the end of one that a stream made and did
    /// not live to see (docs/design.md, "How a stream gets into its root").
    #[allow(unsafe_code)]
    pub(crate) fn enter_root(&self, now: SteadyMillis) {
        extern "C" {
            fn proxy_on_queue_ready(context_id: u32, queue_id: u32);
        }
        let Some(root) = self.root.get() else {
            return;
        };
        self.entered_at.set(now);
        // SAFETY: the SDK's own entry point; it keeps roots and streams apart, so that one's callback may run in the other's
        // (proxy-wasm 0.2.5 `src/dispatcher.rs`).
        unsafe { proxy_on_queue_ready(root, crate::root::CALLED_BY_STREAM) }
    }

    /// The root is gone. Envoy keeps it until its streams are; if one were left all the same, the SDK would panic.
    pub(crate) fn root_has_gone(&self) {
        self.root.set(None);
    }

    /// This stream waits from now on.
    pub(crate) fn wait(&self, stream: u32) {
        self.waiting.borrow_mut().insert(stream);
    }

    /// This stream waits no more; says whether it did.
    pub(crate) fn wait_no_more(&self, stream: u32) -> bool {
        self.waiting.borrow_mut().remove(&stream)
    }

    /// Log lines, to the host. Counts as well, unless that was less than [`COUNT_EVERY_MILLIS`] ago and a call is still to end:
    /// then it says in how many milliseconds they are due.
    pub(crate) fn report(&self, now: SteadyMillis) -> Option<u64> {
        let due = self.counted_at.get().saturating_add(COUNT_EVERY_MILLIS);
        if now < due && self.worker.borrow().has_calls() {
            self.log();
            return Some(due - now);
        }
        self.counted_at.set(now);
        self.flush();
        None
    }

    /// Counts and log lines, to the host.
    pub(crate) fn flush(&self) {
        self.metrics.flush(self.worker.borrow_mut().observe());
        self.log();
    }

    fn log(&self) {
        for line in self.worker.borrow_mut().observe().log_lines.take() {
            log::log!(line.level, "{}", line.text);
        }
    }

    /// Gives what this plugin keeps to the newest one of the same name, if there is one.
    pub(crate) fn hand_over(self: &Rc<Self>) {
        let successor = PLUGINS.with_borrow(|plugins| {
            plugins
                .iter()
                .rev()
                .filter_map(Weak::upgrade)
                .find(|plugin| plugin.name == self.name)
        });
        let Some(successor) = successor.filter(|successor| !Rc::ptr_eq(successor, self)) else {
            return;
        };
        let now = host::steady();
        let held = self.worker.borrow_mut().take_held(now, &mut SharedData);
        if !held.is_empty() {
            successor.worker.borrow_mut().adopt(held, now);
            successor.doorbell.ring();
        }
    }
}
