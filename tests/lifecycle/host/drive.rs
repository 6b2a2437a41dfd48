//! The host's own moves: configure, let requests in, let calls end, let time pass.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Once;
use std::time::Duration;

use proxy_wasm::types::{Action, LogLevel, Status};

use super::state::{self, next_id, with, After, State};
use super::{Answer, Call, Headers, Request};

extern "C" {
    fn _initialize();
    fn proxy_on_context_create(context: u32, root: u32);
    fn proxy_on_vm_start(root: u32, configuration_size: usize) -> bool;
    fn proxy_on_configure(root: u32, configuration_size: usize) -> bool;
    fn proxy_on_tick(root: u32);
    fn proxy_on_queue_ready(root: u32, queue: u32);
    fn proxy_on_request_headers(stream: u32, headers: usize, end_of_stream: bool) -> Action;
    fn proxy_on_request_body(stream: u32, size: usize, end_of_stream: bool) -> Action;
    fn proxy_on_request_trailers(stream: u32, trailers: usize) -> Action;
    fn proxy_on_response_headers(stream: u32, headers: usize, end_of_stream: bool) -> Action;
    fn proxy_on_response_body(stream: u32, size: usize, end_of_stream: bool) -> Action;
    fn proxy_on_http_call_response(
        root: u32,
        token: u32,
        headers: usize,
        body_size: usize,
        trailers: usize,
    );
    fn proxy_on_log(context: u32);
    fn proxy_on_done(context: u32) -> bool;
    fn proxy_on_delete(context: u32);
}

/// Runs the SDK's callback; its exports are safe to call with any context that it knows.
macro_rules! callback {
    ($context:expr, $export:ident($($argument:expr),*)) => {
        // SAFETY: an export without a contract beyond its arguments.
        during($context, || unsafe { $export($($argument),*) })
    };
}

/// A root context of this VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RootId(u32);

/// A request on its way through the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StreamId(u32);

/// One VM on one worker, on this thread.
pub(crate) struct Host {
    /// Whose streams new requests are.
    newest: Option<RootId>,
    /// Not `Send`: the VM belongs to the thread.
    _thread: std::marker::PhantomData<*const ()>,
}

impl Host {
    /// A VM without a configuration.
    pub(crate) fn start() -> Self {
        static ONCE: Once = Once::new();
        state::install(Some(State {
            steady: Duration::from_secs(1_000),
            // 2026-01-02T03:04:05Z
            unix: Duration::from_secs(1_767_323_045),
            plugin_name: "webhooks".into(),
            ..State::default()
        }));
        // SAFETY: no contract.
        ONCE.call_once(|| {
            // The SDK's logger can be installed once per process, and its panic hook would keep the panics of tests.
            let hook = std::panic::take_hook();
            unsafe { _initialize() };
            std::panic::set_hook(Box::new(move |panic| {
                if let Some(note) = state::under_way() {
                    // The program is about to end, and with it what the test runner has captured.
                    let _ = writeln!(std::io::stderr(), "the module panicked: {panic}\n{note}");
                }
                hook(panic);
            }));
        });
        unsafe { _initialize() };
        Self {
            newest: None,
            _thread: std::marker::PhantomData,
        }
    }

    /// A VM with this configuration.
    pub(crate) fn with(configuration: &serde_json::Value) -> Self {
        let mut host = Self::start();
        assert!(
            host.configure(configuration.to_string()),
            "{:?}",
            host.logs()
        );
        host
    }

    /// Sets `vm_config.environment_variables`.
    pub(crate) fn set_environment(&mut self, variables: &[(&str, &str)]) {
        let entry = |(name, value): &(&str, &str)| format!("{name}={value}\0");
        let entries: String = variables.iter().map(entry).collect();
        with(|state| state.environment = entries.into_bytes());
    }

    /// The `name` of the plugins that are configured from now on.
    pub(crate) fn set_plugin_name(&mut self, name: &str) {
        with(|state| state.plugin_name = name.to_owned());
    }

    /// Makes a root with this configuration; new requests are its when it takes the configuration.
    pub(crate) fn configure(&mut self, configuration: impl Into<Vec<u8>>) -> bool {
        let (root, configuration) = (next_id(), configuration.into());
        let size = configuration.len();
        with(|state| {
            state.configuration = configuration;
            let configuring = true;
            state.roots.insert(
                root,
                state::Root {
                    configuring,
                    ..Default::default()
                },
            );
        });
        callback!(root, proxy_on_context_create(root, 0));
        assert!(callback!(root, proxy_on_vm_start(root, 0)));
        let accepted = callback!(root, proxy_on_configure(root, size));
        if accepted {
            with(|state| state.roots.get_mut(&root).unwrap().configuring = false);
            self.newest = Some(RootId(root));
        } else {
            delete_root(root);
        }
        accepted
    }

    /// The root of the newest configuration.
    pub(crate) fn root(&self) -> RootId {
        self.newest.unwrap()
    }

    /// A new configuration has replaced this one, and its last stream is gone; says whether the root is done at once.
    pub(crate) fn retire(&mut self, root: RootId) -> bool {
        let RootId(root) = root;
        let is_done = callback!(root, proxy_on_done(root));
        if is_done {
            delete_root(root);
        } else {
            with(|state| state.roots.get_mut(&root).unwrap().pending_done = true);
        }
        is_done
    }

    /// Has the root been deleted?
    pub(crate) fn is_gone(&self, root: RootId) -> bool {
        with(|state| !state.roots.contains_key(&root.0))
    }

    /// Lets a whole request in, and says what the filter chain was told to do at each step.
    pub(crate) fn send(&mut self, request: &Request) -> (StreamId, Vec<Action>) {
        let stream = self.open(&request.head);
        let mut actions =
            vec![self.headers(stream, request.pieces.is_empty() && !request.trailers)];
        for (index, piece) in request.pieces.iter().enumerate() {
            let is_last = index + 1 == request.pieces.len() && !request.trailers;
            if self.is_open(stream) {
                actions.push(self.body(stream, piece, is_last));
            }
        }
        if request.trailers && self.is_open(stream) {
            actions.push(callback!(stream.0, proxy_on_request_trailers(stream.0, 1)));
        }
        (stream, actions)
    }

    /// Lets a request in, and runs the loop's next turn.
    pub(crate) fn collect(&mut self, request: &Request) -> StreamId {
        let (stream, _) = self.send(request);
        self.turn();
        stream
    }

    /// A new stream; nothing has been shown to the module yet.
    pub(crate) fn open(&mut self, head: &Headers) -> StreamId {
        let (stream, root) = (next_id(), self.root().0);
        with(|state| {
            let (head, body, answered) = (head.clone(), Vec::new(), false);
            state.streams.insert(
                stream,
                state::Stream {
                    root,
                    head,
                    body,
                    answered,
                },
            );
        });
        callback!(stream, proxy_on_context_create(stream, root));
        StreamId(stream)
    }

    pub(crate) fn headers(&mut self, stream: StreamId, end_of_stream: bool) -> Action {
        let headers = with(|state| state.streams[&stream.0].head.len());
        callback!(
            stream.0,
            proxy_on_request_headers(stream.0, headers, end_of_stream)
        )
    }

    /// A piece of the body. While the filter pauses, Envoy keeps the pieces and gives the size of all of them.
    pub(crate) fn body(&mut self, stream: StreamId, piece: &[u8], end_of_stream: bool) -> Action {
        let size = with(|state| {
            let body = &mut state.streams.get_mut(&stream.0).unwrap().body;
            body.extend_from_slice(piece);
            body.len()
        });
        let action = callback!(
            stream.0,
            proxy_on_request_body(stream.0, size, end_of_stream)
        );
        if action == Action::Continue {
            with(|state| {
                if let Some(stream) = state.streams.get_mut(&stream.0) {
                    stream.body.clear();
                }
            });
        }
        action
    }

    /// The client hangs up.
    pub(crate) fn leave(&mut self, stream: StreamId) {
        end_stream(stream.0);
    }

    /// Neither answered nor given up by its client.
    pub(crate) fn is_open(&self, stream: StreamId) -> bool {
        with(|state| state.streams.contains_key(&stream.0))
    }

    /// Runs what the loop has to run next: the roots whose queues were rung. Returns how many wakes there were.
    pub(crate) fn turn(&mut self) -> usize {
        let mut wakes = 0;
        while let Some(queue) = with(|state| state.wakes.pop_front()) {
            wakes += 1;
            let root = with(|state| {
                let root = state.queues[queue as usize - 1].root;
                state.roots.contains_key(&root).then_some(root)
            });
            if let Some(root) = root {
                callback!(root, proxy_on_queue_ready(root, queue));
            }
        }
        wakes
    }

    /// Wakes the newest root for a queue, be it its own or not.
    pub(crate) fn wake(&mut self, queue: u32) {
        let RootId(root) = self.root();
        callback!(root, proxy_on_queue_ready(root, queue));
    }

    /// Lets time pass, with every timer that runs out in it. Returns how many did.
    pub(crate) fn advance(&mut self, by: Duration) -> usize {
        let until = with(|state| state.steady) + by;
        let mut ticks = 0;
        while let Some((due, root)) = next_tick().filter(|(due, _)| *due <= until) {
            ticks += 1;
            set_time(due);
            callback!(root, proxy_on_tick(root));
            with(|state| {
                let now = state.steady;
                let root = state.roots.get_mut(&root);
                // A timer that the callback has not set again repeats.
                if let Some((next, period)) = root.and_then(|root| root.tick.as_mut()) {
                    if *next <= now {
                        *next = now + *period;
                    }
                }
            });
            self.turn();
        }
        set_time(until);
        ticks
    }

    /// The wall clock jumps; the steady one does not.
    pub(crate) fn set_wall_clock(&mut self, unix: Duration) {
        with(|state| state.unix = unix);
    }

    /// From now on calls to this cluster fail at once, as calls to a cluster that Envoy does not know, or that has no host.
    pub(crate) fn refuse_calls(&mut self, cluster: &str, refusal: Status) {
        with(|state| state.refusals.insert(cluster.to_owned(), refusal));
    }

    /// The calls since the last time of asking, in order.
    pub(crate) fn calls(&mut self) -> Vec<Call> {
        with(|state| std::mem::take(&mut state.calls))
    }

    /// The one call since the last time of asking.
    pub(crate) fn call(&mut self) -> Call {
        match <[Call; 1]>::try_from(self.calls()) {
            Ok([call]) => call,
            Err(calls) => panic!("one call, not {}: {calls:?}", calls.len()),
        }
    }

    /// The webhook answers with this status.
    pub(crate) fn respond(&mut self, call: &Call, status: u16) {
        let status = status.to_string();
        let headers = [
            (":status", status.as_bytes()),
            ("x-envoy-upstream-service-time", b"3"),
        ];
        self.end(call, &headers);
    }

    /// The call times out: Envoy answers in the webhook's place.
    pub(crate) fn time_out(&mut self, call: &Call) {
        self.end(
            call,
            &[(":status", b"504"), ("content-type", b"text/plain")],
        );
    }

    /// The answer breaks off after its headers: Envoy says nothing of it at all.
    pub(crate) fn break_off(&mut self, call: &Call) {
        self.end(call, &[]);
    }

    /// The call ends with these headers.
    pub(crate) fn end(&mut self, call: &Call, headers: &[(&str, &[u8])]) {
        let headers: Headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.to_vec()))
            .collect();
        let count = headers.len();
        let root = with(|state| {
            state.response = headers;
            state
                .in_flight
                .remove(&call.token)
                .expect("it has ended before")
        });
        // Calls of a root that is gone are cancelled.
        if with(|state| state.roots.contains_key(&root)) {
            callback!(
                root,
                proxy_on_http_call_response(root, call.token, count, 0, 0)
            );
        }
        with(|state| state.response.clear());
    }

    /// What the client got.
    pub(crate) fn answer(&self, stream: StreamId) -> Option<Answer> {
        with(|state| {
            let found = state.answers.iter().find(|(id, _)| *id == stream.0);
            found.map(|(_, answer)| answer.clone())
        })
    }

    /// The status that the client got.
    pub(crate) fn status(&self, stream: StreamId) -> Option<u32> {
        self.answer(stream).map(|answer| answer.status)
    }

    /// Every counter that is not zero, without the product's prefix.
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        with(|state| {
            let counted = state.metrics.iter().filter(|(_, value)| *value > 0);
            counted
                .map(|(name, value)| {
                    let name = name.strip_prefix("freshpaint_webhooks.").unwrap();
                    (name.to_owned(), *value)
                })
                .collect()
        })
    }

    /// One counter.
    pub(crate) fn count(&self, name: &str) -> u64 {
        self.counts().get(name).copied().unwrap_or(0)
    }

    /// The log since the last time of asking.
    pub(crate) fn logs(&mut self) -> Vec<(LogLevel, String)> {
        with(|state| std::mem::take(&mut state.logs))
    }

    /// How often each host function was called since the last time of asking.
    pub(crate) fn host_calls(&mut self) -> BTreeMap<String, usize> {
        let mut counted = BTreeMap::new();
        for name in with(|state| std::mem::take(&mut state.host_calls)) {
            *counted.entry(name).or_default() += 1;
        }
        counted
    }

    /// The names of the queues that were registered.
    pub(crate) fn queues(&self) -> Vec<String> {
        with(|state| {
            state
                .queues
                .iter()
                .map(|queue| queue.name.clone())
                .collect()
        })
    }

    /// How often the root's timer was set or stopped.
    pub(crate) fn ticks_set(&self, root: RootId) -> usize {
        with(|state| state.roots[&root.0].ticks_set)
    }

    /// Is the root's timer running?
    pub(crate) fn is_ticking(&self, root: RootId) -> bool {
        with(|state| state.roots[&root.0].tick.is_some())
    }

    /// How often the root called `done()`.
    pub(crate) fn done_calls(&self, root: RootId) -> usize {
        with(|state| state.done_calls.get(&root.0).copied().unwrap_or(0))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let contexts = with(|state| {
            let streams = state.streams.keys();
            streams
                .chain(state.roots.keys())
                .copied()
                .collect::<Vec<_>>()
        });
        for context in contexts {
            // SAFETY: no contract.
            unsafe { proxy_on_delete(context) };
        }
        state::install(None);
    }
}

/// Runs one callback, and then what the host puts off until the module has returned.
fn during<T>(context: u32, callback: impl FnOnce() -> T) -> T {
    let (mut callback, mut returned) = (Some(callback), None);
    run(context, &mut || {
        returned = callback.take().map(|callback| callback())
    });
    returned.unwrap()
}

fn run(context: u32, callback: &mut dyn FnMut()) {
    with(|state| {
        state.current = context;
        state.entered = None;
    });
    callback();
    let (after, violations) = with(|state| {
        // Which context acts is forgotten with the callback (proxy-wasm-cpp-host, `SaveRestoreContext`).
        state.current = 0;
        state.entered = None;
        (
            std::mem::take(&mut state.after_callback),
            std::mem::take(&mut state.violations),
        )
    });
    assert!(violations.is_empty(), "{violations:?}");
    for after in after {
        match after {
            After::Answered(stream) => {
                callback!(stream, proxy_on_response_headers(stream, 3, false));
                callback!(stream, proxy_on_response_body(stream, 1, true));
                end_stream(stream);
            }
            After::Done(root) => delete_root(root),
        }
    }
}

fn end_stream(stream: u32) {
    callback!(stream, proxy_on_log(stream));
    callback!(stream, proxy_on_done(stream));
    callback!(stream, proxy_on_delete(stream));
    with(|state| state.streams.remove(&stream));
}

fn delete_root(root: u32) {
    callback!(root, proxy_on_delete(root));
    with(|state| state.roots.remove(&root));
}

fn next_tick() -> Option<(Duration, u32)> {
    with(|state| {
        let due = |(id, root): (&u32, &state::Root)| Some((root.tick?.0, *id));
        state.roots.iter().filter_map(due).min()
    })
}

fn set_time(steady: Duration) {
    with(|state| {
        state.unix += steady - state.steady;
        state.steady = steady;
    });
}
