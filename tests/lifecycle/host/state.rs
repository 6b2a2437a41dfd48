//! The state of the host: one VM of one worker, with the parts of the process that it sees.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use proxy_wasm::types::{LogLevel, MetricType, Status};

use super::{Answer, Call, Headers};

thread_local! {
    /// The VM on this thread. The SDK keeps its contexts by thread too.
    static STATE: RefCell<Option<State>> = const { RefCell::new(None) };
    /// The SDK outlives the VMs of a thread, so that ids of contexts and of calls are never used
    /// again.
    static LAST_ID: Cell<u32> = const { Cell::new(0) };
}

/// An id that is new on this thread; calls have theirs in steps of four, as Envoy's.
pub(super) fn next_id() -> u32 {
    LAST_ID.set(LAST_ID.get() + 4);
    LAST_ID.get()
}

/// Acts on this thread's VM. Never held while the module runs.
pub(super) fn with<T>(act: impl FnOnce(&mut State) -> T) -> T {
    STATE.with_borrow_mut(|state| act(state.as_mut().expect("no VM on this thread")))
}

/// Lines to show with a panic of the module; none when the panic is not one of the module.
pub(super) fn under_way() -> Option<String> {
    STATE.with(|state| {
        let state = state.try_borrow().ok()?;
        let state = state.as_ref()?;
        (state.current != 0).then(|| state.note.clone())
    })
}

pub(super) fn install(state: Option<State>) {
    STATE.set(state);
}

#[derive(Default)]
pub(super) struct State {
    pub(super) steady: Duration,
    pub(super) unix: Duration,
    pub(super) randomness: u64,
    pub(super) configuration: Vec<u8>,
    pub(super) plugin_name: String,
    /// The number of the connection that new streams come on.
    pub(super) connection: Option<u64>,
    /// Bytes of bodies that have come to the host and are kept from the module, for each stream.
    pub(super) kept_back: u64,
    pub(super) environment: Vec<u8>,

    pub(super) roots: BTreeMap<u32, Root>,
    pub(super) streams: BTreeMap<u32, Stream>,
    /// How often each root called `done()`.
    pub(super) done_calls: BTreeMap<u32, usize>,
    /// Whose callback the module is in; 0 between callbacks.
    pub(super) current: u32,
    /// The context that `proxy_set_effective_context` was last given in this callback.
    pub(super) entered: Option<u32>,
    /// The headers of the call that this callback is about, and the root whose call it was.
    pub(super) response: Headers,
    pub(super) response_root: u32,
    /// Local replies and deletions wait until the module has returned.
    pub(super) after_callback: VecDeque<After>,
    /// How deep what is put off lies one within the other.
    pub(super) depth: usize,

    pub(super) calls: Vec<Call>,
    pub(super) in_flight: BTreeMap<u32, u32>,
    pub(super) refusals: BTreeMap<String, Status>,
    pub(super) answers: Vec<(u32, Answer)>,
    /// The filter state of streams, by name.
    pub(super) filter_state: Vec<(u32, String, String)>,

    pub(super) queues: Vec<Queue>,
    /// One entry for each item put into a queue, as in Envoy.
    pub(super) wakes: VecDeque<u32>,
    pub(super) shared_data: BTreeMap<String, (Vec<u8>, u32)>,
    pub(super) last_cas: u32,
    pub(super) metrics: Vec<(String, u64)>,
    pub(super) metric_kinds: Vec<MetricType>,
    pub(super) logs: Vec<(LogLevel, String)>,

    pub(super) host_calls: Vec<String>,
    /// Forbidden acts of the module.
    pub(super) violations: Vec<String>,
    pub(super) note: String,
}

#[derive(Default)]
pub(super) struct Root {
    /// When the timer runs out, and its period.
    pub(super) tick: Option<(Duration, Duration)>,
    pub(super) ticks_set: usize,
    pub(super) configuring: bool,
    /// `on_done` has returned false.
    pub(super) pending_done: bool,
}

pub(super) struct Stream {
    pub(super) root: u32,
    pub(super) head: Headers,
    /// The piece of the body that the callback is about.
    pub(super) piece: Vec<u8>,
    pub(super) answered: bool,
}

pub(super) struct Queue {
    pub(super) name: String,
    pub(super) root: u32,
    pub(super) items: VecDeque<Vec<u8>>,
}

#[derive(Clone, Copy)]
pub(super) enum After {
    /// The stream has its local reply.
    Answered(u32),
    /// The root is done.
    Done(u32),
}

impl State {
    /// The context that host functions act on.
    pub(super) fn acting(&self) -> u32 {
        self.entered.unwrap_or(self.current)
    }

    /// The root of the context that host functions act on.
    pub(super) fn acting_root(&self) -> u32 {
        let acting = self.acting();
        self.streams
            .get(&acting)
            .map_or(acting, |stream| stream.root)
    }

    pub(super) fn knows(&self, context: u32) -> bool {
        self.roots.contains_key(&context) || self.streams.contains_key(&context)
    }

    pub(super) fn count(&mut self, host_call: impl Into<String>) {
        self.host_calls.push(host_call.into());
    }

    pub(super) fn violation(&mut self, what: impl Into<String>) {
        self.violations.push(what.into());
    }
}
