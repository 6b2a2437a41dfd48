use std::ops::RangeInclusive;

use crate::clock::{Now, SteadyMillis};
use crate::intake::Head;
use crate::test_util::{self, SharedMemory};
use crate::testing::config;
use crate::upload::Upload;
use crate::worker::Worker;

/// One worker whose webhook takes everything.
struct Fixture {
    worker: Worker,
    shared: SharedMemory,
    now: SteadyMillis,
    calls: u32,
    replies: Vec<(u32, u16)>,
}

impl Fixture {
    fn new() -> Self {
        Self {
            worker: test_util::worker(config(&["a"])),
            shared: SharedMemory::default(),
            now: 1_000,
            calls: 0,
            replies: Vec::new(),
        }
    }

    fn send(&mut self, stream: u32, body: &str) {
        let head = Head::post(b"/track");
        let upload = self.worker.handle_head(&head).unwrap();
        let (read, now) = (|| body.into(), || self.now);
        let upload = self
            .worker
            .handle_piece(upload, body.len(), read, now, &mut self.shared);
        let Upload::Gathering(whole) = upload else {
            panic!("not gathered");
        };
        let now = Now {
            steady: self.now,
            ..Now::default()
        };
        let taken = self
            .worker
            .handle_body(whole, stream, now, &mut self.shared);
        if let Err(reply) = taken {
            self.replies.push((stream, reply.status));
        }
        self.drive();
    }

    fn tick(&mut self) {
        // As long as a window of calls.
        self.now += 4;
        self.worker.handle_timeout(self.now, &mut self.shared);
        self.drive();
    }

    fn drive(&mut self) {
        while let Some(call) = self
            .worker
            .poll_call(self.now, &mut self.shared, Default::default)
        {
            self.calls += 1;
            let made = Ok(self.calls);
            self.worker
                .handle_dispatched(&call, made, self.now, &mut self.shared);
        }
        while let Some((stream, reply)) = self.worker.poll_reply() {
            self.replies.push((stream, reply.status));
        }
    }

    /// The calls that the next turns make, one number a turn.
    fn turns(&mut self, count: usize) -> Vec<u32> {
        let mut made = Vec::new();
        for _ in 0..count {
            let before = self.calls;
            self.tick();
            made.push(self.calls - before);
        }
        made
    }
}

/// An event of so many bytes.
fn event(n: u32, size: usize) -> String {
    let filling = "x".repeat(size);
    format!(r#"{{"event":"a","properties":{{"$insert_id":"{n}","x":"{filling}"}}}}"#)
}

fn large(streams: RangeInclusive<u32>, fixture: &mut Fixture) {
    for stream in streams {
        fixture.send(stream, &event(stream, 1_000_000));
    }
}

#[test]
fn large_bodies_that_come_at_once_are_read_over_many_turns() {
    let mut fixture = Fixture::new();
    large(1..=4, &mut fixture);
    assert_eq!(fixture.calls, 1);
    assert_eq!(fixture.worker.poll_timeout(fixture.now), Some(0));
    assert_eq!(fixture.turns(4), [1, 1, 1, 0]);
}

#[test]
fn a_small_body_goes_before_large_ones_and_does_not_keep_them_out() {
    let mut fixture = Fixture::new();
    large(1..=4, &mut fixture);
    for n in 5..=7 {
        fixture.send(n, &event(n, 100));
    }
    assert_eq!(fixture.calls, 1);
    // The small ones and a large one.
    assert_eq!(fixture.turns(4), [4, 1, 1, 0]);
}

#[test]
fn a_large_body_has_its_turn_however_many_small_ones_wait() {
    let mut fixture = Fixture::new();
    large(1..=2, &mut fixture);
    for n in 3..2_000 {
        fixture.send(n, &event(n, 600));
    }
    fixture.tick();
    let bodies = &fixture.worker.bodies;
    assert!(bodies.large.is_empty() && !bodies.small.is_empty());
}

#[test]
fn small_bodies_do_not_wait() {
    let mut fixture = Fixture::new();
    for n in 0..200 {
        fixture.send(n, &event(n, 600));
    }
    assert!(fixture.worker.bodies.are_read());
}

#[test]
fn what_is_refused_after_it_has_waited_gets_its_reply() {
    let mut fixture = Fixture::new();
    large(1..=1, &mut fixture);
    fixture.send(2, "[");
    assert_eq!(fixture.replies, []);
    fixture.tick();
    assert_eq!(fixture.replies, [(2, 400)]);
}

#[test]
fn a_worker_with_a_body_that_waits_is_not_empty() {
    let mut fixture = Fixture::new();
    fixture.send(1, &"[".repeat(1_000_000));
    assert_eq!(fixture.replies, [(1, 400)]);
    assert!(fixture.worker.is_empty());
    fixture.send(2, "[");
    assert!(!fixture.worker.is_empty());
    fixture.tick();
    assert!(fixture.worker.is_empty());
}
