//! Shared data of a process that has been busy for a while.

use std::time::Duration;

use freshpaint_core::delivery::dedupe::{DedupeTable, EventId, Owner, Shared as _, State};
use freshpaint_core::test_util::SharedMemory;

/// Every bucket is half full of events that a webhook has.
pub fn full() -> SharedMemory {
    let mut memory = SharedMemory::default();
    let mut bucket = DedupeTable::new(Owner(u32::MAX), 64, Duration::from_secs(900));
    for id in 0..32 {
        bucket.settle(
            EventId::new(u64::MAX, u64::MAX - id),
            None,
            State::Accepted,
            0,
            &mut memory,
        );
    }
    let (full, _) = memory.load(0);
    SharedMemory::filled_with(full)
}
