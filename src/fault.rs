//! Faults that a request asks for, to show the cost of a panic in a real Envoy.
//!
//! Built with the feature `fault-injection` alone.
#![allow(clippy::panic)]

use std::cell::Cell;

use freshpaint_core::intake::Headers;

use crate::host::HeaderMap;

/// `stream` panics at once, `root` as soon as the root does something.
const HEADER: &str = "x-fault-injection";

thread_local! {
    static ROOT_IS_TO_PANIC: Cell<bool> = const { Cell::new(false) };
}

/// A stream has got a request's head.
pub(crate) fn in_stream() {
    match HeaderMap::of_request().get(HEADER).as_deref() {
        Some(b"stream") => panic!("a fault was injected into a stream"),
        Some(b"root") => ROOT_IS_TO_PANIC.set(true),
        _ => {}
    }
}

/// The root does something.
pub(crate) fn in_root() {
    if ROOT_IS_TO_PANIC.get() {
        panic!("a fault was injected into the root");
    }
}
