//! The one background runtime of the process, on which receivers and HTTP/2 connections run.

use std::sync::OnceLock;
use tokio::runtime::{Builder, Runtime};

/// Started at first use, with two threads; it lives as long as the process.
///
/// `block_on` it from ordinary threads only, never from within.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("harness")
            .enable_all()
            .build()
            .expect("threads for the background runtime")
    })
}
