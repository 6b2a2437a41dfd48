//! The state that a root and its streams share, and the way to a newer root.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use freshpaint_core::clock::SteadyMillis;
use freshpaint_core::config::Config;
use freshpaint_core::quota::Quota;
use freshpaint_core::worker::Worker;
use rustc_hash::FxHashSet;

use crate::body_watch::BodyWatch;
use crate::fnv::fnv_1a;
use crate::host::{self, shared_data, Metrics, SharedData, WakeQueue};
use crate::identity;
use crate::reenter::RootEntry;

/// How long changes of metrics may wait, so that one call of the host for each counter covers all
/// changes in that time. Envoy passes its own metrics on every 5 s (`stats_flush_interval`).
const FLUSH_EVERY_MILLIS: u64 = 1_000;

/// By then Envoy has ended a configuration that came with an update which it rejects.
const TAKES_OVER_AFTER_MILLIS: u64 = 5_000;

/// Replies of the root in one turn of the loop. Each takes the worker some 100 µs, with the end of
/// its stream and mostly of the client's connection.
const MAX_REPLIES: u64 = 32;

/// One configured plugin in this VM.
#[derive(Debug)]
pub(crate) struct Plugin {
    name: Vec<u8>,
    /// How a stream has the root make its calls.
    pub(crate) root: RootEntry,
    /// Never borrowed across a call that can come back into the VM.
    pub(crate) worker: RefCell<Worker>,
    /// Streams that wait for a reply from the root. The host cannot be asked: until the end of its
    /// loop's turn it still knows a stream whose client has gone, takes a reply to it, and then
    /// calls the SDK for a stream that the SDK has forgotten.
    waiting: RefCell<FxHashSet<u32>>,
    /// Replies of the root.
    pub(crate) replies: RefCell<Quota>,
    pub(crate) body_watch: BodyWatch,
    pub(crate) wake_queue: WakeQueue,
    metrics: Metrics,
    made_at: SteadyMillis,
    /// The newest connection that a stream has come on, as far as it had to be known, and when the
    /// first stream came on it.
    connection: Cell<Option<(u64, SteadyMillis)>>,
    flushed_at: Cell<SteadyMillis>,
    /// The host ends it, and nothing is given to it any more.
    ends: Cell<bool>,
}

thread_local! {
    /// The plugins of this VM, oldest first. A new configuration makes a new root in the same VM.
    static PLUGINS: RefCell<Vec<Weak<Plugin>>> = const { RefCell::new(Vec::new()) };
}

impl Plugin {
    /// Sets a plugin up for the current root, which is this context.
    pub(crate) fn new(config: Config, root: u32, now: SteadyMillis) -> Rc<Self> {
        let name = host::plugin_name();
        let identity = identity::new(&name);
        // A configuration that has ended has defined its metrics all the same.
        let other = current_where(&|_| true);
        let plugin = Rc::new(Self {
            body_watch: BodyWatch::new("every collection request is refused with 503"),
            wake_queue: WakeQueue::new(&name, root),
            metrics: Metrics::define(
                &config.webhooks,
                other.as_deref().map(|other| &other.metrics),
            ),
            worker: RefCell::new(Worker::new(config, &identity, now)),
            waiting: RefCell::default(),
            replies: RefCell::new(Quota::new(MAX_REPLIES, MAX_REPLIES / 8)),
            made_at: now,
            connection: Cell::new(None),
            flushed_at: Cell::new(0),
            ends: Cell::new(false),
            name,
            root: RootEntry::new(root),
        });
        PLUGINS.with_borrow_mut(|plugins| {
            plugins.retain(|plugin| plugin.strong_count() > 0);
            plugins.push(Rc::downgrade(&plugin));
        });
        plugin
    }

    /// Whether this is the first worker of the process that has this configuration, which speaks
    /// for all of them.
    pub(crate) fn is_first_with(&self, written: &[u8]) -> bool {
        shared_data::note(fnv_1a(&self.name) as u32, &fnv_1a(written).to_le_bytes())
    }

    /// A stream has come. Where there are several configurations, its connection says which of them
    /// is in use.
    pub(crate) fn serve(&self) {
        let others = |plugins: &Vec<Weak<Self>>| {
            let mut others = plugins.iter().filter_map(Weak::upgrade);
            others.any(|other| other.name == self.name && !std::ptr::eq(&*other, self))
        };
        let newest = self.connection.get().map_or(0, |(newest, _)| newest);
        if PLUGINS.with_borrow(others) {
            if let Some(newer) = host::connection().filter(|id| *id > newest) {
                self.connection.set(Some((newer, host::steady())));
            }
        }
    }

    /// This stream waits from now on.
    pub(crate) fn wait(&self, stream: u32) {
        self.waiting.borrow_mut().insert(stream);
    }

    /// This stream waits no more; says whether it did.
    pub(crate) fn wait_no_more(&self, stream: u32) -> bool {
        self.waiting.borrow_mut().remove(&stream)
    }

    /// Hands log lines to the host, and metrics too. Metrics wait where the last time was less than
    /// [`FLUSH_EVERY_MILLIS`] ago and a call is still under way; then the result is the number of
    /// milliseconds until they are due.
    pub(crate) fn report(&self, now: SteadyMillis) -> Option<u64> {
        let due = self.flushed_at.get().saturating_add(FLUSH_EVERY_MILLIS);
        let mut worker = self.worker.borrow_mut();
        let is_urgent = worker.handle_gauges(now, host::unix_seconds, &mut SharedData)
            || worker.observe().is_pressing();
        let has_calls = worker.has_calls();
        drop(worker);
        if now < due && has_calls && !is_urgent {
            self.log();
            return Some(due - now);
        }
        self.flushed_at.set(now);
        self.flush();
        None
    }

    /// Hands everything to the host for the last time.
    pub(crate) fn end(&self) {
        self.worker
            .borrow_mut()
            .end_gauges(host::steady(), host::unix_seconds(), &mut SharedData);
        self.flush();
    }

    /// Hands metrics and log lines to the host.
    pub(crate) fn flush(&self) {
        self.metrics.flush(self.worker.borrow_mut().observe());
        self.log();
    }

    fn log(&self) {
        for line in self.worker.borrow_mut().observe().log_lines.take() {
            log::log!(line.level, "{}", line.text);
        }
    }

    /// Whether this is the filter's `name` in Envoy, whatever its `root_id`.
    fn is_named(&self, name: &str) -> bool {
        self.name.split(|byte| *byte == 0).next() == Some(name.as_bytes())
    }

    /// From now on nothing is given to this plugin: the host ends it.
    pub(crate) fn leave(&self) {
        self.ends.set(true);
    }

    /// The plugin of the same name that is in use and does not end, if that is another one.
    fn successor(self: &Rc<Self>) -> Option<Rc<Self>> {
        let current = current_where(&|plugin| plugin.name == self.name && !plugin.ends.get());
        current.filter(|current| !Rc::ptr_eq(current, self))
    }

    /// Whether another configuration gets what this one keeps when it ends.
    pub(crate) fn has_successor(self: &Rc<Self>) -> bool {
        self.successor().is_some()
    }

    /// Whether another configuration has the place of this one. The host ends this one much later
    /// (Envoy's `--drain-time-s`), when what it keeps may have expired.
    pub(crate) fn is_replaced(self: &Rc<Self>, now: SteadyMillis) -> bool {
        self.successor().is_some_and(|new| {
            // Two filters that have one name by mistake both get new connections.
            let connected_at = self.connection.get().map_or(0, |(_, at)| at);
            now >= new
                .made_at
                .max(connected_at)
                .saturating_add(TAKES_OVER_AFTER_MILLIS)
                && new.worker.borrow().replaces(&self.worker.borrow())
        })
    }

    /// Gives what this plugin keeps to its successor, if there is one: as many events as one turn
    /// of the loop may move. `from` is the context whose callback this is.
    pub(crate) fn hand_over(self: &Rc<Self>, from: u32) {
        let Some(successor) = self.successor() else {
            return;
        };
        let now = host::steady();
        let held = self.worker.borrow_mut().take_held(now, &mut SharedData);
        if !held.is_empty() {
            successor
                .worker
                .borrow_mut()
                .adopt(held, now, &mut SharedData);
            successor.wake_queue.wake(from);
        }
    }
}

/// The plugin in use of this VM whose filter has this `name` in Envoy.
pub(crate) fn current(name: &str) -> Option<Rc<Plugin>> {
    current_where(&|plugin| plugin.is_named(name) && !plugin.ends.get())
}

/// The plugin that new connections lead to: the newest one, until an older one gets connections
/// that are newer than those of the newest. Before that has any, nothing tells a new connection
/// from one that the older plugin has had for long. When a configuration comes back before it has
/// ended, Envoy has its root serve again, and calls nothing (proxy-wasm-cpp-host `src/wasm.cc`,
/// `getOrCreateThreadLocalPlugin`).
// One copy of it in the module is enough.
#[inline(never)]
fn current_where(is_it: &dyn Fn(&Plugin) -> bool) -> Option<Rc<Plugin>> {
    PLUGINS.with_borrow(|plugins| {
        let mut current: Option<Rc<Plugin>> = None;
        for plugin in plugins.iter().filter_map(Weak::upgrade) {
            let has_newer = |known: &Rc<Plugin>| {
                let ids = known.connection.get().zip(plugin.connection.get());
                ids.is_some_and(|((known, _), (newer, _))| known > newer)
            };
            if is_it(&plugin) && !current.as_ref().is_some_and(has_newer) {
                current = Some(plugin);
            }
        }
        current
    })
}
