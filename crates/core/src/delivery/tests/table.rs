//! The table under workers that race for it.

use std::time::Duration;

use crate::clock::SteadyMillis;
use crate::delivery::table::{EventId, Mark, Owner, Resume, Shared, State, Table};
use crate::testing::FakeShared;

type Act = Box<dyn FnOnce(&mut FakeShared)>;

/// Another worker acts right after this one has first read a bucket.
struct Racing<'s> {
    shared: &'s mut FakeShared,
    act: Option<Act>,
}

impl Shared for Racing<'_> {
    fn load(&mut self, bucket: u32) -> (Vec<u8>, Mark) {
        let loaded = self.shared.load(bucket);
        if let Some(act) = self.act.take() {
            act(self.shared);
        }
        loaded
    }

    fn store(&mut self, bucket: u32, value: &[u8], mark: Mark) -> bool {
        self.shared.store(bucket, value, mark)
    }

    fn pulse_of(&mut self, owner: Owner) -> Option<SteadyMillis> {
        self.shared.pulse_of(owner)
    }

    fn pulse(&mut self, owner: Owner, now: SteadyMillis) {
        self.shared.pulse(owner, now);
    }
}

const BUCKETS: u32 = 128;
const EVENT: EventId = EventId(7);

fn table(owner: u32) -> Table {
    Table::new(Owner(owner), BUCKETS * 8, Duration::from_secs(900))
}

/// Another event of the same bucket.
fn neighbour(n: u128) -> EventId {
    EventId(EVENT.0 + n * u128::from(BUCKETS))
}

/// Writes this of the event, in the other worker's name.
fn write(id: EventId, state: State, shared: &mut FakeShared) {
    table(2).pulse(0, shared);
    table(2).claim(id, 0, shared);
    table(2).settle(id, state, 0, shared);
}

/// What becomes of a kept event that is taken up again while another worker acts.
fn resumed_against(act: impl FnOnce(&mut FakeShared) + 'static) -> Resume {
    let mut shared = FakeShared::default();
    table(1).claim(EVENT, 0, &mut shared);
    table(1).settle(EVENT, State::Kept, 0, &mut shared);
    let mut racing = Racing {
        shared: &mut shared,
        act: Some(Box::new(act)),
    };
    table(1).resume(EVENT, 0, &mut racing)
}

#[test]
fn an_event_whose_bucket_others_fill_is_taken_up_all_the_same() {
    for state in [State::Claimed, State::Kept, State::Accepted] {
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
    assert_eq!(resumed(State::Kept), Resume::Gone);
    assert_eq!(resumed(State::Accepted), Resume::Gone);
    assert_eq!(resumed(State::Released), Resume::Ours);
}

#[test]
fn of_a_full_bucket_what_is_over_goes_first_and_what_is_accepted_next() {
    let mut shared = FakeShared::default();
    write(neighbour(1), State::Accepted, &mut shared);
    for n in 2..=7 {
        write(neighbour(n), State::Kept, &mut shared);
    }
    write(neighbour(8), State::Released, &mut shared);
    write(neighbour(9), State::Kept, &mut shared);
    let resume = |n, shared: &mut FakeShared| table(1).resume(neighbour(n), 0, shared);
    assert_eq!(resume(1, &mut shared), Resume::Gone);
    write(neighbour(10), State::Kept, &mut shared);
    for n in 2..=7 {
        assert_eq!(resume(n, &mut shared), Resume::Gone, "{n}");
    }
    assert_eq!(resume(1, &mut shared), Resume::Ours, "forgotten");
}
