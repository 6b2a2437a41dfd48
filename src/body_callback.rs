//! The callback for a piece of a request's body, with an action that the SDK does not have.
//!
//! A collector gathers bodies in the module and never in Envoy. Envoy's limits on buffers are meant
//! for bodies that it passes on: past a listener's limit it answers 413, and past an HTTP/2
//! stream's window it lets the client send no more. `Action::Pause` makes Envoy keep the piece. The
//! ABI also has an action that makes Envoy forget it, `StopIterationNoBuffer` (proxy-wasm-cpp-host
//! `include/proxy-wasm/context.h`). So this function takes the place of the SDK's
//! `proxy_on_request_body`, and calls it. scripts/wasm-ld exports it under that name.

use std::cell::Cell;

use proxy_wasm::types::Action;

/// The filter chain goes on with the piece.
const CONTINUE: u32 = 0;
/// The filter chain stops here, and Envoy keeps the piece.
const STOP_ITERATION_AND_BUFFER: u32 = 1;
/// The filter chain stops here, and Envoy forgets the piece.
const STOP_ITERATION_NO_BUFFER: u32 = 3;

thread_local! {
    static KEEPS_BODY: Cell<bool> = const { Cell::new(false) };
}

/// Has Envoy keep the piece of this callback, and give the whole so far to the next.
pub(crate) fn keep_body() {
    KEEPS_BODY.set(true);
}

/// The name has as many letters as the exported one; scripts/wasm-ld relies on that.
#[no_mangle]
extern "C" fn proxy_on_request_data(context_id: u32, size: usize, end_of_stream: bool) -> u32 {
    extern "C" {
        fn proxy_on_request_body(context_id: u32, size: usize, end_of_stream: bool) -> Action;
    }
    // SAFETY: the SDK's own entry point, with the arguments of the host.
    match unsafe { proxy_on_request_body(context_id, size, end_of_stream) } {
        Action::Continue => CONTINUE,
        _ if KEEPS_BODY.take() => STOP_ITERATION_AND_BUFFER,
        _ => STOP_ITERATION_NO_BUFFER,
    }
}
