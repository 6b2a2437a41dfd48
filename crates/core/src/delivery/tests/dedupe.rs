//! The table under workers that race for it.

use std::time::Duration;

use crate::clock::SteadyMillis;
use crate::delivery::dedupe::{Cas, DedupeTable, EventId, Owner, Resume, Shared, State};
use crate::test_util::SharedMemory;

type Act = Box<dyn FnOnce(&mut SharedMemory)>;

/// Another worker acts right after this one has first read a bucket.
struct Racing<'s> {
    shared: &'s mut SharedMemory,
    act: Option<Act>,
}

impl Shared for Racing<'_> {
    fn load(&mut self, bucket: u32) -> (Vec<u8>, Cas) {
        let loaded = self.shared.load(bucket);
        if let Some(act) = self.act.take() {
            act(self.shared);
        }
        loaded
    }

    fn store(&mut self, bucket: u32, value: &[u8], mark: Cas) -> bool {
        self.shared.store(bucket, value, mark)
    }

    fn heartbeat_of(&mut self, owner: Owner) -> Option<SteadyMillis> {
        self.shared.heartbeat_of(owner)
    }

    fn beat(&mut self, owner: Owner, now: SteadyMillis) {
        self.shared.beat(owner, now);
    }
}

const BUCKETS: u32 = 128;
const EVENT: EventId = EventId(7);

fn table(owner: u32) -> DedupeTable {
    DedupeTable::new(Owner(owner), BUCKETS * 8, Duration::from_secs(900))
}

/// Another event of the same bucket.
fn neighbour(n: u128) -> EventId {
    EventId(EVENT.0 + n * u128::from(BUCKETS))
}

/// Writes this of the event, in the other worker's name.
fn write(id: EventId, state: State, shared: &mut SharedMemory) {
    shared.beat(Owner(2), 0);
    table(2).claim(id, 0, shared);
    table(2).settle(id, state, 0, shared);
}

/// What becomes of a kept event that is taken up again while another worker acts.
fn resumed_against(act: impl FnOnce(&mut SharedMemory) + 'static) -> Resume {
    let mut shared = SharedMemory::default();
    table(1).claim(EVENT, 0, &mut shared);
    table(1).settle(EVENT, State::Held, 0, &mut shared);
    let mut racing = Racing {
        shared: &mut shared,
        act: Some(Box::new(act)),
    };
    table(1).resume(EVENT, 0, &mut racing)
}

#[test]
fn an_event_whose_bucket_others_fill_is_taken_up_all_the_same() {
    for state in [State::Claimed, State::Held, State::Accepted] {
        let resumed = resumed_against(move |shared| {
            for n in 1..=8 {
                write(neighbour(n), state, shared);
            }
        });
        assert_eq!(resumed, Resume::Ours, "{state:?}");
    }
}

#[test]
fn an_event_that_another_worker_takes_at_the_same_moment_is_left_to_it() {
    let resumed = |state| resumed_against(move |shared| write(EVENT, state, shared));
    assert_eq!(resumed(State::Claimed), Resume::Busy);
    assert_eq!(resumed(State::Held), Resume::Gone);
    assert_eq!(resumed(State::Accepted), Resume::Gone);
    assert_eq!(resumed(State::Released), Resume::Ours);
}

#[test]
fn of_a_full_bucket_what_is_over_goes_first_and_what_is_accepted_next() {
    let mut shared = SharedMemory::default();
    write(neighbour(1), State::Accepted, &mut shared);
    for n in 2..=7 {
        write(neighbour(n), State::Held, &mut shared);
    }
    write(neighbour(8), State::Released, &mut shared);
    write(neighbour(9), State::Held, &mut shared);
    let resume = |n, shared: &mut SharedMemory| table(1).resume(neighbour(n), 0, shared);
    assert_eq!(resume(1, &mut shared), Resume::Gone);
    write(neighbour(10), State::Held, &mut shared);
    for n in 2..=7 {
        assert_eq!(resume(n, &mut shared), Resume::Gone, "{n}");
    }
    assert_eq!(resume(1, &mut shared), Resume::Ours, "forgotten");
}
