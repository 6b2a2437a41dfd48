//! Bytes that cross between the host and the module.

use std::ptr::null_mut;
use std::slice;

extern "C" {
    fn proxy_on_memory_allocate(size: usize) -> *mut u8;
}

/// The bytes that the module passes.
pub(super) fn taken(data: *const u8, size: usize) -> Vec<u8> {
    if data.is_null() {
        return Vec::new();
    }
    // SAFETY: the SDK passes the pointer and the length of one slice.
    unsafe { slice::from_raw_parts(data, size) }.to_vec()
}

pub(super) fn text(data: *const u8, size: usize) -> String {
    String::from_utf8_lossy(&taken(data, size)).into_owned()
}

/// Gives bytes to the module, in memory that the module's own allocator made; nothing is a null
/// pointer, as in Envoy.
pub(super) fn give(bytes: &[u8], data: *mut *mut u8, size: *mut usize) {
    let mut place = null_mut();
    if !bytes.is_empty() {
        // SAFETY: the allocator gives as many bytes as it is asked for.
        unsafe {
            place = proxy_on_memory_allocate(bytes.len());
            place.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
    }
    put(place, data);
    put(bytes.len(), size);
}

pub(super) fn put<T>(value: T, place: *mut T) {
    // SAFETY: the SDK passes pointers to its own variables.
    unsafe { place.write(value) };
}
