//! The functions of WASI that proxy-wasm leaves out.
//!
//! Declared here because the bindings of the `wasip1` crate pass pointers as 32-bit numbers: with
//! those the shell could run on wasm32 alone, and not in a native test.

/// Wall-clock time, since the Unix epoch.
pub(crate) const REALTIME: u32 = 0;
/// Never set back; its origin means nothing.
pub(crate) const MONOTONIC: u32 = 1;

// Each returns an `errno`, zero for success (WASI snapshot preview 1).
#[link(wasm_import_module = "wasi_snapshot_preview1")]
extern "C" {
    fn clock_time_get(clock: u32, precision: u64, time: *mut u64) -> u32;
    fn random_get(bytes: *mut u8, size: usize) -> u32;
    fn environ_sizes_get(count: *mut usize, size: *mut usize) -> u32;
    fn environ_get(starts: *mut *mut u8, entries: *mut u8) -> u32;
}

/// Nanoseconds; zero when the host has no such clock.
pub(crate) fn clock(clock: u32) -> u64 {
    let mut time = 0;
    // SAFETY: the call writes one integer through a pointer to one.
    match unsafe { clock_time_get(clock, 1_000_000, &raw mut time) } {
        0 => time,
        _ => 0,
    }
}

/// Fills `bytes` with randomness; leaves them as they are when the host has none.
pub(crate) fn random(bytes: &mut [u8]) {
    // SAFETY: the pointer and the length are those of a slice that outlives the call.
    let _ = unsafe { random_get(bytes.as_mut_ptr(), bytes.len()) };
}

/// Every environment variable as `NAME=value`, each ended by NUL.
pub(crate) fn environment() -> Vec<u8> {
    let (mut count, mut size) = (0, 0);
    // SAFETY: as for `clock`.
    if unsafe { environ_sizes_get(&raw mut count, &raw mut size) } != 0 {
        return Vec::new();
    }
    let mut starts = vec![std::ptr::null_mut::<u8>(); count];
    let mut entries = vec![0_u8; size];
    // SAFETY: both buffers have the sizes that the host has just asked for.
    match unsafe { environ_get(starts.as_mut_ptr(), entries.as_mut_ptr()) } {
        0 => entries,
        _ => Vec::new(),
    }
}
