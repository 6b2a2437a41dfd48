//! The allocations of reading and writing a batch: none for a property.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    unsafe_code
)]

#[path = "intake/support.rs"]
mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use freshpaint_core::clock::Now;
use freshpaint_core::config::Timestamps;
use freshpaint_core::intake::{judge, Context, Head, Item, Judgement};
use freshpaint_core::payload;
use support::{config, Request};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: as the caller promised.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations from the body to the payloads of `events`, written to a buffer that is large enough.
fn allocations(path: &str, body: &str, events: usize) -> usize {
    let config = config();
    let request = Request::post(path, "");
    let head = Head {
        method: b"POST",
        path: path.as_bytes(),
        headers: &request,
        end_of_stream: false,
    };
    let Judgement::Collect(mut collection) = judge(&head, &config) else {
        panic!("refused")
    };
    let mut random = fastrand::Rng::with_seed(1);
    let mut out = Vec::with_capacity(2 * body.len() + 10_000);
    let mut context = Context {
        now: Now::default(),
        random: &mut random,
        config: &config,
    };
    let mut seen = 0;
    let before = ALLOCATIONS.with(Cell::get);
    collection
        .read(body.as_bytes(), &mut context, &mut |_, item| {
            let Item::Event(event) = item else {
                panic!("{item:?}")
            };
            payload::render(&event, Timestamps::Seconds, &mut out);
            seen += 1;
        })
        .unwrap();
    let after = ALLOCATIONS.with(Cell::get);
    assert_eq!(seen, events);
    after - before
}

fn properties(count: usize) -> String {
    let properties: Vec<_> = (0..count)
        .map(|n| format!(r#""key{n}":{{"value":[{n},"text"]}}"#))
        .collect();
    format!("{{{}}}", properties.join(","))
}

fn segment(events: usize, count: usize) -> usize {
    let event = format!(
        r#"{{"type":"track","event":"a","messageId":"m","anonymousId":"d","timestamp":"2026-01-02T03:04:05.678Z","context":{{"page":{{"url":"u","title":"t","path":"p"}},"library":{{"name":"x","version":"1"}}}},"properties":{}}}"#,
        properties(count)
    );
    let body = format!(
        r#"{{"batch":[{}],"sentAt":"2026-01-02T03:04:05.678Z"}}"#,
        vec![event; events].join(",")
    );
    allocations("/v1/batch", &body, events)
}

#[test]
fn a_batch_of_twenty_allocates_the_same_for_one_property_and_for_hundreds() {
    let few = segment(20, 1);
    assert_eq!(few, segment(20, 400));
    println!("20 Segment events: {few} allocations");
    assert!(few <= 20 * 4 + 10, "{few} allocations");
}

#[test]
fn so_does_an_event_whose_own_keys_have_to_be_left_out() {
    let track = |count| {
        let properties = properties(count);
        let custom = &properties[1..];
        let body = format!(
            r#"{{"event":"a","properties":{{"$os":"x","distinct_id":"u","time":1,{custom}}}"#
        );
        allocations("/track", &body, 1)
    };
    assert_eq!(track(1), track(1_000));
    println!("1 event on /track: {} allocations", track(1));
}
