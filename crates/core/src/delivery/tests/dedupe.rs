//! The table under workers that race for it.

use std::time::Duration;

use crate::delivery::dedupe::{
    Cas, Claim, DedupeTable, EventId, Heartbeat, Owner, Question, Resume, Shared, State,
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

/// So many events have room in a home.
pub(super) const ROOM: u64 = 63;
const EVENT: EventId = EventId::new(0, 1_000);

fn table(owner: u32) -> DedupeTable {
    DedupeTable::new(Owner(owner), 64 * 128, Duration::from_secs(900))
}

/// Another event of the same device.
fn neighbour(n: u64) -> EventId {
    EventId::new(0, n)
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

/// The fate of a kept event that is taken up again while another worker acts.
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
            for n in 1..=ROOM {
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
    // One bucket, which is home and elsewhere alike.
    let table = |owner| DedupeTable::new(Owner(owner), 64, Duration::from_secs(900));
    let mut other = table(2);
    let mut shared = SharedMemory::default();
    other.beat_if_due(0, &mut shared);
    let mut write = |n, state, shared: &mut SharedMemory| {
        other.claim(neighbour(n), 0, shared);
        other.settle(neighbour(n), None, state, 0, shared);
        other.take_evictions()
    };
    write(1, State::Accepted, &mut shared);
    for n in 2..ROOM {
        write(n, State::Held, &mut shared);
    }
    write(ROOM, State::Released, &mut shared);
    assert_eq!(write(ROOM + 1, State::Held, &mut shared), 0);
    let resume = |n, shared: &mut SharedMemory| table(1).resume(neighbour(n), 0, shared);
    assert_eq!(resume(1, &mut shared), Resume::Gone);
    assert_eq!(write(ROOM + 2, State::Held, &mut shared), 1);
    for n in 2..ROOM {
        assert_eq!(resume(n, &mut shared), Resume::Gone, "{n}");
    }
    assert_eq!(resume(1, &mut shared), Resume::Ours(0), "forgotten");
}

#[test]
fn only_what_is_forgotten_before_its_time_is_counted() {
    // One bucket, which is home and elsewhere alike.
    let mut table = DedupeTable::new(Owner(1), 64, Duration::from_secs(900));
    let mut shared = SharedMemory::default();
    for n in 1..=ROOM {
        let state = if n == 1 {
            State::Released
        } else {
            State::Accepted
        };
        table.claim(neighbour(n), 0, &mut shared);
        table.settle(neighbour(n), None, state, 0, &mut shared);
    }
    let mut claim = |n| table.claim(neighbour(n), 0, &mut shared);
    assert_eq!(
        claim(ROOM + 1),
        Claim::Ours(0),
        "in the place of what is released"
    );
    assert_eq!(
        claim(ROOM + 2),
        Claim::Ours(0),
        "in the place of what is accepted"
    );
    assert_eq!(table.take_evictions(), 1);
    assert_eq!(table.take_evictions(), 0);
}

#[test]
fn a_hot_device_loses_nothing_and_costs_the_others_nothing() {
    let (mut one, mut two) = (table(1), table(2));
    let mut shared = SharedMemory::contended();
    let accept = |id, now, one: &mut DedupeTable, shared: &mut SharedMemory| {
        let Claim::Ours(date) = one.claim(id, now, shared) else {
            panic!("{id:?} is taken for another");
        };
        one.settle(id, Some(date), State::Accepted, now, shared);
    };
    // Homes are as many as buckets, so that this one shares its home with the hot device.
    let neighbour_at_home = EventId::new(128, 5);
    accept(neighbour_at_home, 0, &mut one, &mut shared);
    let hot = |n: u64| EventId::new(0, n.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    for n in 1..=3_000 {
        accept(hot(n), n * 100, &mut one, &mut shared);
    }
    one.beat_if_due(301_000, &mut shared);
    assert_eq!(one.take_evictions(), 0);
    let mut accepted = |id, now| two.claim(id, now, &mut shared) == Claim::Accepted;
    for n in 1..=3_000 {
        assert!(accepted(hot(n), 900_000), "{n}");
    }
    assert!(accepted(neighbour_at_home, 900_000));
    // Each is remembered for another window from then on.
    for n in 1..=3_000 {
        assert!(accepted(hot(n), 1_800_000), "{n}");
    }
    assert_eq!(
        two.claim(hot(1), 2_700_001, &mut shared),
        Claim::Ours(2_700_001)
    );
}

#[test]
fn a_request_of_one_device_reads_and_writes_once() {
    let mut shared = SharedMemory::default();
    let mut one = table(1);
    one.beat_if_due(0, &mut shared);
    let questions = |from: u64| (from..from + 20).map(|n| Question::about(neighbour(n), 0));
    let is = |claim, question: &Question| question.answer == Some(claim);
    let mut ours: Vec<_> = questions(1).collect();
    one.claim_all(&mut ours, 10, &mut shared);
    assert!(ours.iter().all(|question| is(Claim::Ours(10), question)));
    assert_eq!(shared.accesses(), (1, 1));
    // Half of them come again to another worker, among others.
    let mut regrouped: Vec<_> = questions(11).collect();
    table(2).claim_all(&mut regrouped, 10, &mut shared);
    let (known, new) = regrouped.split_at(10);
    let mut known = known.iter();
    assert!(known.all(|question| is(Claim::ClaimedByOther, question)));
    assert!(new.iter().all(|question| is(Claim::Ours(10), question)));
    assert_eq!(shared.accesses(), (2, 2));
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
    // Its kept events are taken over, however far the mark has gone.
    assert_eq!(two.claim(neighbour(1), 110, &mut shared), Claim::Ours(110));
}

#[test]
fn an_acceptance_that_the_mark_cannot_pass_is_written_into_its_slot() {
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
        dead.claim(EventId::new(1, now), now, shared);
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
