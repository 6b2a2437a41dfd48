//! The most memory that a worker holds: bodies that come in, events, and kept events.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unsafe_code
)]

mod bed;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bed::Bed;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

thread_local! {
    static NOW: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

/// Knows how much memory this thread has, and had at most.
struct Measuring;

fn change(more: usize, less: usize) {
    let now = NOW.get().wrapping_add(more).wrapping_sub(less);
    NOW.set(now);
    PEAK.set(PEAK.get().max(now));
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Measuring {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        change(layout.size(), 0);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        change(0, layout.size());
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Measuring = Measuring;

/// A batch of one event of some `size` bytes.
fn body(id: &str, size: usize) -> Vec<u8> {
    let filling = "x".repeat(size);
    format!(
        r#"{{"batch":[{{"type":"track","event":"e","anonymousId":"d","messageId":"{id}","properties":{{"x":"{filling}"}}}}]}}"#
    )
    .into_bytes()
}

fn webhooks(count: usize, each: &str) -> String {
    let all: Vec<_> = (0..count)
        .map(|n| format!(r#"{{"name":"w{n}","url":"https://example.com/{n}"{each}}}"#))
        .collect();
    all.join(",")
}

/// Eight webhooks of which each gets a payload that no other gets.
fn with_payloads_of_their_own() -> String {
    let all: Vec<_> = (0..8)
        .map(|n| {
            format!(
                r#"{{"url":"https://example.com/{n}","properties":{{"mask":["properties.n{n}"]}}}}"#
            )
        })
        .collect();
    all.join(",")
}

#[test]
fn deliveries_that_wait_for_a_dead_webhook_give_way_to_a_body() {
    let two = webhooks(2, "");
    let mut bed = Bed::new(&format!(
        r#"{{"webhooks":[{two}],"limits":{{"max_in_flight_bytes":8388608,"max_in_flight_per_webhook":1}}}}"#
    ));
    // Webhook 0 hangs and 1 takes everything, so that all but one event only wait for 0.
    for n in 0..100 {
        assert!(bed.send(&body(&n.to_string(), 500 * KIB)), "{n}");
        bed.answer(1, 200);
    }
}

#[test]
fn bodies_that_never_end_leave_room_for_small_ones() {
    let two = webhooks(2, "");
    let mut bed = Bed::new(&format!(r#"{{"webhooks":[{two}]}}"#));
    let large = body("large", 1_000_000);
    let held: Vec<_> = (0..200).filter_map(|_| bed.begin(&large)).collect();
    assert!((40..=56).contains(&held.len()), "{}", held.len());
    for n in 0..200 {
        assert!(bed.send(&body(&n.to_string(), 2_000)), "{n}");
        bed.answer(0, 200);
        bed.answer(1, 200);
    }
    drop(held);
    assert!(bed.send(&large));
}

/// An event in a query, in some 50 KB of which most are spaces.
fn query(n: usize) -> String {
    let event = format!(r#"{{"event":"e","properties":{{"$insert_id":"{n}"}}}}"#);
    format!("/track?data={event}{}", "+".repeat(50_000))
}

#[test]
fn heads_whose_bodies_never_come_are_counted() {
    let two = webhooks(2, "");
    let mut bed = Bed::new(&format!(
        r#"{{"webhooks":[{two}],"limits":{{"max_in_flight_bytes":8388608}}}}"#
    ));
    let before = NOW.get();
    let held: Vec<_> = (0..1_000).filter_map(|n| bed.open(&query(n))).collect();
    assert!((50..200).contains(&held.len()), "{}", held.len());
    let taken = NOW.get() - before;
    assert!(taken <= 9 * MIB, "{taken}");
    drop(held);
    assert!(bed.open(&query(0)).is_some());
}

#[test]
fn heads_whose_events_are_in_flight_are_let_go() {
    let two = webhooks(2, "");
    let mut bed = Bed::new(&format!(r#"{{"webhooks":[{two}]}}"#));
    let before = NOW.get();
    for n in 0..200 {
        let whole = bed.open(&query(n)).unwrap();
        assert!(bed.end(whole), "{n}");
    }
    let taken = NOW.get() - before;
    assert!(taken <= MIB, "{taken}");
}

/// The places of an event in the queues of 32 webhooks take more than a small event itself.
#[test]
fn places_in_queues_are_counted() {
    let all = webhooks(32, "");
    let mut bed = Bed::new(&format!(
        r#"{{"webhooks":[{all}],"limits":{{"max_in_flight_bytes":8388608,"max_in_flight_per_webhook":1}}}}"#
    ));
    let before = NOW.get();
    let batch = |request: usize| {
        let event = |n| {
            format!(
                r#"{{"type":"track","event":"e","anonymousId":"d","messageId":"{request}-{n}"}}"#
            )
        };
        let events: Vec<_> = (0..500).map(event).collect();
        format!(r#"{{"batch":[{}]}}"#, events.join(",")).into_bytes()
    };
    let taken = (0..100).take_while(|request| bed.send(&batch(*request)));
    let taken = taken.count();
    let held = NOW.get() - before;
    assert!((2..100).contains(&taken), "{taken}");
    assert!(held <= 8 * MIB, "{held} bytes of {taken} requests");
}

/// They have to be rendered, because a request that can never fit is refused for good.
#[test]
fn payloads_that_there_is_no_room_for_are_not_gathered() {
    let eight = with_payloads_of_their_own();
    let mut bed = Bed::new(&format!(
        r#"{{"webhooks":[{eight}],"limits":{{"max_in_flight_bytes":8388608}}}}"#
    ));
    let [first, second] = ["first", "second"].map(|id| body(id, 800 * KIB));
    assert!(bed.send(&first));
    let before = NOW.get();
    PEAK.set(before);
    assert!(!bed.send(&second));
    let peak = PEAK.get() - before;
    // Its body; the payload and one that is redacted, while they are written and once more as they
    // are kept.
    assert!(peak <= 6 * MIB, "{peak}");
}

/// All of it at once: bodies that come in, events in flight to webhooks that get a payload of their
/// own each, and as many kept as may be. docs/operations.md gives the figure.
#[test]
fn a_worker_takes_no_more_memory_than_its_bounds_say() {
    let eight = with_payloads_of_their_own();
    let mut bed = Bed::new(&format!(
        r#"{{"webhooks":[{eight}],"limits":{{"max_in_flight_bytes":16777216}},"retry":{{"max_held_bytes":8388608}}}}"#
    ));
    let before = NOW.get();
    PEAK.set(before);
    // Fills what may be kept: every webhook fails.
    for n in 0..40 {
        bed.send(&body(&format!("kept-{n}"), 60 * KIB));
        for webhook in 0..8 {
            bed.answer(webhook, 503);
        }
    }
    let kept = NOW.get() - before;
    assert!((6 * MIB..9 * MIB).contains(&kept), "{kept}");
    // Webhooks that keep failing are tried again one by one.
    for webhook in 0..8 {
        bed.now.steady += 70_000;
        bed.worker.handle_timeout(bed.now.steady, &mut bed.shared);
        bed.drive();
        bed.answer(webhook, 200);
    }
    let mut refused = 0;
    let mut coming = Vec::new();
    for n in 0..40 {
        coming.extend(bed.begin(&body(&format!("coming-{n}"), 200 * KIB)));
        refused += usize::from(!bed.send(&body(&format!("flying-{n}"), 100 * KIB)));
        // The largest there is, and one whose payloads come to far more than there is room for.
        refused += usize::from(!bed.send(&body(&format!("large-{n}"), 900 * KIB)));
    }
    assert!(
        refused > 40 && coming.len() > 5,
        "{refused}, {}",
        coming.len()
    );
    assert!(bed.copies() <= 17 * MIB, "{}", bed.copies());
    let (now, peak) = (NOW.get() - before, PEAK.get() - before);
    // All that is kept, and one request: its body, here and at its sender, read, rendered,
    // redacted.
    assert!(now > 20 * MIB, "{now}");
    assert!(now <= (16 + 8 + 1) * MIB, "{now}");
    assert!(peak <= (16 + 8 + 1 + 8) * MIB, "{peak}");
}
