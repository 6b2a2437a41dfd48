//! The table under workers that race for it.

use std::time::Duration;

use crate::delivery::dedupe::{
    Cas, Claim, DedupeTable, EventId, Heartbeat, Owner, Resume, Shared, State,
};
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

    fn heartbeat_of(&mut self, owner: Owner) -> Option<Heartbeat> {
        self.shared.heartbeat_of(owner)
    }

    fn beat(&mut self, owner: Owner, heartbeat: Heartbeat) {
        self.shared.beat(owner, heartbeat);
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
    let mut other = table(2);
    other.beat_if_due(0, shared);
    other.claim(id, 0, shared);
    if state != State::Claimed {
        other.settle(id, None, state, 0, shared);
    }
}

/// What becomes of a kept event that is taken up again while another worker acts.
fn resumed_against(act: impl FnOnce(&mut SharedMemory) + 'static) -> Resume {
    let mut shared = SharedMemory::default();
    table(1).claim(EVENT, 0, &mut shared);
    table(1).settle(EVENT, None, State::Held, 0, &mut shared);
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
        assert_eq!(resumed, Resume::Ours(0), "{state:?}");
    }
}

#[test]
fn an_event_that_another_worker_takes_at_the_same_moment_is_left_to_it() {
    let resumed = |state| resumed_against(move |shared| write(EVENT, state, shared));
    assert_eq!(resumed(State::Claimed), Resume::Busy);
    assert_eq!(resumed(State::Held), Resume::Gone);
    assert_eq!(resumed(State::Accepted), Resume::Gone);
    assert_eq!(resumed(State::Released), Resume::Ours(0));
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
    assert_eq!(resume(1, &mut shared), Resume::Ours(0), "forgotten");
}

#[test]
fn only_what_is_forgotten_before_its_time_is_counted() {
    let mut shared = SharedMemory::default();
    for n in 1..=8 {
        let state = if n == 1 {
            State::Released
        } else {
            State::Accepted
        };
        write(neighbour(n), state, &mut shared);
    }
    let mut table = table(1);
    let mut claim = |n| table.claim(neighbour(n), 0, &mut shared);
    assert_eq!(claim(9), Claim::Ours(0), "in the place of what is released");
    assert_eq!(
        claim(10),
        Claim::Ours(0),
        "in the place of what is accepted"
    );
    assert_eq!(table.take_evictions(), 1);
    assert_eq!(table.take_evictions(), 0);
}

#[test]
fn of_two_workers_that_get_an_event_at_the_same_moment_one_claims_it() {
    let mut shared = SharedMemory::default();
    let mut racing = Racing {
        shared: &mut shared,
        act: Some(Box::new(|shared| write(EVENT, State::Claimed, shared))),
    };
    let claim = table(1).claim(EVENT, 0, &mut racing);
    assert_eq!(claim, Claim::ClaimedByOther);
}

#[test]
fn a_claim_comes_to_acceptance_once_its_workers_mark_has_passed() {
    let (mut one, mut two) = (table(1), table(2));
    let mut shared = SharedMemory::default();
    one.beat_if_due(0, &mut shared);
    let claims = [EVENT, neighbour(1)].map(|id| one.claim(id, 10, &mut shared));
    let [Claim::Ours(first), Claim::Ours(second)] = claims else {
        panic!("{claims:?}");
    };
    one.settle(EVENT, Some(first), State::Accepted, 50, &mut shared);
    assert_eq!(two.claim(EVENT, 60, &mut shared), Claim::ClaimedByOther);
    // Nothing is in flight any more: the other worker is told at once.
    one.settle(neighbour(1), Some(second), State::Held, 90, &mut shared);
    assert_eq!(two.claim(EVENT, 110, &mut shared), Claim::Accepted);
    // What it keeps is taken over, however far the mark has gone.
    assert_eq!(two.claim(neighbour(1), 110, &mut shared), Claim::Ours(110));
}

#[test]
fn what_the_mark_cannot_pass_is_written_into_its_slot() {
    let (mut one, mut two) = (table(1), table(2));
    let mut shared = SharedMemory::default();
    let [Claim::Ours(_), Claim::Ours(date)] =
        [neighbour(1), EVENT].map(|id| one.claim(id, 10, &mut shared))
    else {
        panic!("not claimed");
    };
    one.settle(EVENT, Some(date), State::Accepted, 50, &mut shared);
    one.beat_if_due(100, &mut shared);
    assert_eq!(two.claim(EVENT, 110, &mut shared), Claim::Accepted);
    assert_eq!(
        two.claim(neighbour(1), 110, &mut shared),
        Claim::ClaimedByOther
    );
}

#[test]
fn of_what_a_dead_worker_had_accepted_only_the_last_is_delivered_again() {
    let (mut dead, mut two) = (table(1), table(2));
    let mut shared = SharedMemory::default();
    let mut accept = |id, now, shared: &mut SharedMemory| {
        let Claim::Ours(date) = dead.claim(id, now, shared) else {
            panic!("not claimed");
        };
        // With another event in flight it is not told at once.
        dead.claim(neighbour(id.0), now, shared);
        dead.settle(id, Some(date), State::Accepted, now, shared);
        dead.beat_if_due(now, shared);
    };
    accept(EVENT, 0, &mut shared);
    accept(neighbour(1), 50, &mut shared);
    assert_eq!(two.claim(EVENT, 160, &mut shared), Claim::Accepted);
    assert_eq!(
        two.claim(neighbour(1), 160, &mut shared),
        Claim::ClaimedByOther
    );
    assert_eq!(two.claim(EVENT, 9_000, &mut shared), Claim::Accepted);
    assert_eq!(
        two.claim(neighbour(1), 9_000, &mut shared),
        Claim::Ours(9_000)
    );
}
