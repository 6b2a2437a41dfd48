//! The module's callbacks, and what the host does around each.

use proxy_wasm::types::Action;

use super::state::{with, After};

extern "C" {
    pub(super) fn _initialize();
    pub(super) fn proxy_on_context_create(context: u32, root: u32);
    pub(super) fn proxy_on_vm_start(root: u32, configuration_size: usize) -> bool;
    pub(super) fn proxy_on_configure(root: u32, configuration_size: usize) -> bool;
    pub(super) fn proxy_on_tick(root: u32);
    pub(super) fn proxy_on_queue_ready(root: u32, queue: u32);
    pub(super) fn proxy_on_request_headers(
        stream: u32,
        headers: usize,
        end_of_stream: bool,
    ) -> Action;
    /// Exported as `proxy_on_request_body` (src/body_callback.rs).
    pub(super) fn proxy_on_request_data(stream: u32, size: usize, end_of_stream: bool) -> u32;
    pub(super) fn proxy_on_request_trailers(stream: u32, trailers: usize) -> Action;
    pub(super) fn proxy_on_response_headers(
        stream: u32,
        headers: usize,
        end_of_stream: bool,
    ) -> Action;
    pub(super) fn proxy_on_response_body(stream: u32, size: usize, end_of_stream: bool) -> Action;
    pub(super) fn proxy_on_http_call_response(
        root: u32,
        token: u32,
        headers: usize,
        body_size: usize,
        trailers: usize,
    );
    pub(super) fn proxy_on_log(context: u32);
    pub(super) fn proxy_on_done(context: u32) -> bool;
    pub(super) fn proxy_on_delete(context: u32);
}

/// How deep the ends of streams may lie one within the other; Envoy's V8 bears several times as
/// much.
const DEEPEST: usize = 100;

/// Runs the SDK's callback; its exports are safe to call with any context that it knows.
macro_rules! callback {
    ($context:expr, $export:ident($($argument:expr),*)) => {
        // SAFETY: an export without a contract beyond its arguments.
        during($context, || unsafe { $export($($argument),*) })
    };
}

pub(super) use callback;

/// Runs one callback, and then what the host puts off until the module has returned.
pub(super) fn during<T>(context: u32, callback: impl FnOnce() -> T) -> T {
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
    let violations = with(|state| {
        // The context that acts is forgotten with the callback (proxy-wasm-cpp-host,
        // `SaveRestoreContext`).
        state.current = 0;
        state.entered = None;
        std::mem::take(&mut state.violations)
    });
    assert!(violations.is_empty(), "{violations:?}");
    // The first callback of what is put off does the rest of it when it returns, and so on
    // (proxy-wasm-cpp-host `doAfterVmCallActions`). The VM's stack has an end.
    while let Some(after) = with(|state| state.after_callback.pop_front()) {
        let depth = with(|state| {
            state.depth += 1;
            state.depth
        });
        assert!(depth <= DEEPEST, "{depth} streams end one within the other");
        match after {
            After::Answered(stream) => {
                callback!(stream, proxy_on_response_headers(stream, 3, false));
                callback!(stream, proxy_on_response_body(stream, 1, true));
                end_stream(stream);
            }
            After::Done(root) => delete_root(root),
        }
        with(|state| state.depth -= 1);
    }
}

/// The module is told that the stream is over.
pub(super) fn announce_end(stream: u32) {
    callback!(stream, proxy_on_log(stream));
    callback!(stream, proxy_on_done(stream));
    callback!(stream, proxy_on_delete(stream));
}

/// The stream is over, whoever ended it.
pub(super) fn end_stream(stream: u32) {
    announce_end(stream);
    with(|state| state.streams.remove(&stream));
}

pub(super) fn delete_root(root: u32) {
    callback!(root, proxy_on_delete(root));
    with(|state| state.roots.remove(&root));
}
