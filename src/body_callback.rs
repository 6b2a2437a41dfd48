//! The callback for a piece of a request's body, with an action that the SDK does not have.
//!
//! A body is gathered in the module and never in Envoy, whose limits on buffers are made for what
//! it passes on: past a listener's limit it answers 413, and past an HTTP/2 stream's window a
//! client that is waited for cannot send on. `Action::Pause` makes Envoy keep the piece. The ABI
//! also knows an action that does not, `StopIterationNoBuffer` (proxy-wasm-cpp-host
//! `include/proxy-wasm/context.h`). So this function is the module's `proxy_on_request_body`, in
//! place of the SDK's, which it calls: scripts/wasm-ld exports it under that name.

use proxy_wasm::types::Action;

/// The filter chain goes on with the piece.
const CONTINUE: u32 = 0;
/// The filter chain stops here, and Envoy forgets the piece.
const STOP_ITERATION_NO_BUFFER: u32 = 3;

/// Has as many letters as the name that it is exported under, which scripts/wasm-ld relies on.
#[no_mangle]
extern "C" fn proxy_on_request_data(context_id: u32, size: usize, end_of_stream: bool) -> u32 {
    extern "C" {
        fn proxy_on_request_body(context_id: u32, size: usize, end_of_stream: bool) -> Action;
    }
    // SAFETY: the SDK's own entry point, with the arguments of the host.
    match unsafe { proxy_on_request_body(context_id, size, end_of_stream) } {
        Action::Continue => CONTINUE,
        _ => STOP_ITERATION_NO_BUFFER,
    }
}
