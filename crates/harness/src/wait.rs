//! Waiting without sleeping for luck: poll, with a deadline.

use std::time::{Duration, Instant};

/// Calls `probe` every 5 ms until it gives something, at most for `limit`.
pub fn poll<T>(limit: Duration, mut probe: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = probe() {
            return Some(found);
        }
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
