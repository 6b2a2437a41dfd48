//! Host functions that the SDK imports and the module must not call.

use proxy_wasm::types::Status;

use super::state::with;

macro_rules! unused {
    ($($name:ident),* $(,)?) => {$(
        // Without parameters: in the C calling convention they can be left where they are.
        #[no_mangle]
        extern "C" fn $name() -> Status {
            with(|state| state.violation(concat!(stringify!($name), " was called")));
            Status::Ok
        }
    )*};
}

unused! {
    proxy_add_header_map_value,
    proxy_call_foreign_function,
    proxy_close_stream,
    proxy_continue_stream,
    proxy_get_current_time_nanoseconds,
    proxy_get_log_level,
    proxy_get_status,
    proxy_grpc_call,
    proxy_grpc_cancel,
    proxy_grpc_close,
    proxy_grpc_send,
    proxy_grpc_stream,
    proxy_remove_header_map_value,
    proxy_replace_header_map_value,
    proxy_resolve_shared_queue,
    proxy_set_buffer_bytes,
    proxy_set_header_map_pairs,
}
