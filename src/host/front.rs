//! Changes of a request by a front. The SDK's own functions panic when the host refuses.

use proxy_wasm::types::MapType;

#[link(wasm_import_module = "env")]
extern "C" {
    fn proxy_replace_header_map_value(
        map: u32,
        name: *const u8,
        name_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
    fn proxy_remove_header_map_value(map: u32, name: *const u8, name_size: usize) -> u32;
    fn proxy_continue_stream(stream_type: u32) -> u32;
}

const REQUEST_HEADERS: u32 = MapType::HttpRequestHeaders as u32;
/// `StreamType::HttpRequest` of the SDK, which keeps it to itself.
const HTTP_REQUEST: u32 = 0;

/// Sets a header of the request whose callback this is.
pub(crate) fn set_request_header(name: &str, value: &str) {
    // SAFETY: pointers and sizes are those of strings that outlive the call.
    let _ = unsafe {
        proxy_replace_header_map_value(
            REQUEST_HEADERS,
            name.as_ptr(),
            name.len(),
            value.as_ptr(),
            value.len(),
        )
    };
}

/// Takes a header from the request whose callback this is.
pub(crate) fn remove_request_header(name: &str) {
    // SAFETY: pointer and size are those of a string that outlives the call.
    let _ = unsafe { proxy_remove_header_map_value(REQUEST_HEADERS, name.as_ptr(), name.len()) };
}

/// Lets the request of the stream that [`super::enter`] has entered go on to the next filter.
pub(crate) fn resume_request() {
    // SAFETY: the call takes a number and returns a status.
    let _ = unsafe { proxy_continue_stream(HTTP_REQUEST) };
}
