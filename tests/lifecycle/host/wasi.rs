//! The host's functions of WASI, snapshot preview 1.

use std::slice;

use super::memory::put;
use super::state::with;

#[no_mangle]
extern "C" fn clock_time_get(clock: u32, _precision: u64, time: *mut u64) -> u32 {
    let now = with(|state| {
        state.count("clock_time_get");
        if clock == 0 {
            state.unix
        } else {
            state.steady
        }
    });
    put(now.as_nanos() as u64, time);
    0
}

#[no_mangle]
extern "C" fn random_get(bytes: *mut u8, size: usize) -> u32 {
    // SAFETY: the module passes the pointer and the length of one buffer.
    let bytes = unsafe { slice::from_raw_parts_mut(bytes, size) };
    with(|state| {
        for byte in bytes {
            // Knuth's constants, MMIX; any sequence will do.
            state.randomness = state
                .randomness
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *byte = (state.randomness >> 56) as u8;
        }
    });
    0
}

#[no_mangle]
extern "C" fn environ_sizes_get(count: *mut usize, size: *mut usize) -> u32 {
    let entries = with(|state| state.environment.clone());
    put(entries.iter().filter(|byte| **byte == 0).count(), count);
    put(entries.len(), size);
    0
}

#[no_mangle]
extern "C" fn environ_get(starts: *mut *mut u8, entries: *mut u8) -> u32 {
    let environment = with(|state| state.environment.clone());
    // SAFETY: the module has made room for what `environ_sizes_get` said.
    unsafe {
        entries.copy_from_nonoverlapping(environment.as_ptr(), environment.len());
        let ends = environment
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == 0);
        let mut start = 0;
        for (index, (end, _)) in ends.enumerate() {
            starts.add(index).write(entries.add(start));
            start = end + 1;
        }
    }
    0
}
