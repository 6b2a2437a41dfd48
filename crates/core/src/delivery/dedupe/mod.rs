//! The table of events that the workers of the process share, to recognise what is sent again.
//!
//! It is an array of buckets in the host's shared data, each with a few slots. An event's bucket
//! follows from its id, so the table never grows and needs no expiry: a new event takes a slot of
//! its bucket over from an older one. That can cost a duplicate, never a loss. Writes are
//! compare-and-swap, so that of two workers that get the same event at once one claims it.
//!
//! A claim says that its worker is delivering the event, and later that a webhook has it. For this
//! each worker shares a mark: every claim that it made before the mark is decided. It writes an
//! outcome into a slot only where no webhook accepted the event. So an event costs one access to
//! its bucket, when it comes in.
//!
//! The mark is part of the worker's heartbeat. A claim after the mark holds only while the
//! heartbeat is fresh, so that a worker whose VM died cannot keep an event from being delivered.

mod bucket;
mod progress;

use std::cell::Cell;
use std::time::Duration;

use self::bucket::{Bucket, Slot, SLOTS_PER_BUCKET};
use self::progress::Progress;
use super::timers::{Timer, Timers};
use crate::clock::{millis, SteadyMillis};

/// A heartbeat older than this is a worker that died.
pub const HEARTBEAT_LOST_AFTER: Duration = Duration::from_secs(3);
/// How often a worker with claims renews its heartbeat.
pub const HEARTBEAT_EVERY: Duration = Duration::from_secs(1);
/// How long an acceptance may be unknown to the other workers. Until then they wait for the event.
pub const TOLD_WITHIN: Duration = Duration::from_millis(100);

/// How often to try while other workers write to the same bucket. A try fails only because another
/// worker's write succeeded; so many in a row would mean that something else is wrong.
const MAX_TRIES: usize = 100;

/// Identifies an event among all that SDKs send: a keyed hash of its source and its message id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub u128);

/// A worker's VM; another one after a crash. Below 2^22.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner(pub u32);

const OWNER_BITS: u32 = 22;

impl Owner {
    /// The owner with this number; after 4,194,304 configurations of workers the numbers come
    /// again.
    #[must_use]
    pub const fn numbered(number: u32) -> Self {
        Self(number & (u32::MAX >> (u32::BITS - OWNER_BITS)))
    }
}

/// The version of a bucket, as the host gave it when the bucket was read, for compare-and-swap;
/// `None` when the bucket has never been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cas(pub Option<u32>);

/// The host's shared data, seen as buckets and heartbeats.
pub trait Shared {
    /// The bytes of a bucket, empty when it has never been written.
    fn load(&mut self, bucket: u32) -> (Vec<u8>, Cas);
    /// Writes a bucket unless another worker has since it was read; says whether it did.
    fn store(&mut self, bucket: u32, value: &[u8], cas: Cas) -> bool;
    /// A worker's last heartbeat.
    fn heartbeat_of(&mut self, owner: Owner) -> Option<Heartbeat>;
    /// Sets this worker's heartbeat.
    fn beat(&mut self, owner: Owner, heartbeat: Heartbeat);
}

/// What a worker shares of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// When it was alive.
    pub at: SteadyMillis,
    /// The mark. A webhook has accepted the event of every older claim, unless the event's slot
    /// says otherwise.
    pub decided_before: SteadyMillis,
}

/// What a slot says of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// A worker is delivering it; once the worker's mark has passed this claim, a webhook has it.
    Claimed,
    /// A worker holds it to try again later.
    Held,
    /// A webhook has it.
    Accepted,
    /// Nobody has it any more.
    Released,
    /// Every webhook refused it for good.
    Refused,
}

/// What to do with an event that has come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is ours to deliver; the date of the claim.
    Ours(SteadyMillis),
    /// A webhook accepted it already.
    Accepted,
    /// Every webhook has refused it for good.
    Refused,
    /// Another worker is delivering it now.
    ClaimedByOther,
}

/// What to do with an event that this worker holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    /// It is ours to deliver; the date of the claim.
    Ours(SteadyMillis),
    /// Another worker is delivering it now.
    Busy,
    /// It is decided, or another worker holds it.
    Gone,
}

/// This worker's view of the table.
#[derive(Debug)]
pub struct DedupeTable {
    owner: Owner,
    buckets: u32,
    window: u64,
    /// When the next heartbeat is due, if there is no news.
    beat_at: SteadyMillis,
    progress: Progress,
    /// Events that were forgotten before their time and are not counted yet.
    evictions: Cell<u32>,
}

/// What follows from a slot that is decided or is another worker's.
enum Standing {
    Accepted,
    Refused,
    /// Another worker is delivering it now.
    UnderWay,
    /// Another worker keeps it.
    Kept,
    /// The first worker that asks may claim it.
    Open,
}

impl DedupeTable {
    /// A view of a table with `slots` slots that remembers accepted events for `window`; either at
    /// zero switches it off.
    #[must_use]
    pub fn new(owner: Owner, slots: u32, window: Duration) -> Self {
        let per_bucket = u32::try_from(SLOTS_PER_BUCKET).unwrap_or(u32::MAX);
        let buckets = slots.div_ceil(per_bucket);
        Self {
            owner,
            buckets: if window.is_zero() { 0 } else { buckets },
            window: millis(window),
            beat_at: 0,
            progress: Progress::default(),
            evictions: Cell::new(0),
        }
    }

    /// Claims the event for this worker, unless it is decided or another worker is delivering it.
    /// An event that is recognised as decided is remembered for another window from now on. The
    /// caller must know that this worker does not have the event.
    ///
    /// An event that another worker only holds for a later try is taken over: the SDK has just sent
    /// it again, so it is tried now.
    pub fn claim(&mut self, id: EventId, now: SteadyMillis, shared: &mut dyn Shared) -> Claim {
        let date = self.progress.date(now);
        let (_, claim) = self.change(id, now, shared, |found, shared| {
            let standing = found.map(|slot| match slot.state {
                // Any outcome but acceptance would stand in the slot.
                State::Claimed if slot.owner == self.owner => (slot, Standing::Accepted),
                _ => (slot, self.standing(&slot, now, shared)),
            });
            let remembered = |slot: Slot| now.saturating_sub(slot.written) <= self.window;
            match standing {
                Some((slot, Standing::Accepted)) if remembered(slot) => {
                    (Some(State::Accepted), Claim::Accepted)
                }
                Some((slot, Standing::Refused)) if remembered(slot) => {
                    (Some(State::Refused), Claim::Refused)
                }
                Some((_, Standing::UnderWay)) => (None, Claim::ClaimedByOther),
                _ => (Some(State::Claimed), Claim::Ours(date)),
            }
        });
        if let Claim::Ours(date) = claim {
            self.progress.begin(date);
        }
        claim
    }

    /// Takes up again an event that this worker holds and no webhook has, unless it is decided or
    /// another worker has it by now.
    pub fn resume(&mut self, id: EventId, now: SteadyMillis, shared: &mut dyn Shared) -> Resume {
        let date = self.progress.date(now);
        // Once another event has the slot, nobody knows the outcome, and a duplicate is better than
        // a loss.
        let (_, resume) = self.change(id, now, shared, |found, shared| {
            match found.map(|slot| self.standing(&slot, now, shared)) {
                Some(Standing::Accepted | Standing::Refused | Standing::Kept) => {
                    (None, Resume::Gone)
                }
                Some(Standing::UnderWay) => (None, Resume::Busy),
                Some(Standing::Open) | None => (Some(State::Claimed), Resume::Ours(date)),
            }
        });
        if let Resume::Ours(date) = resume {
            self.progress.begin(date);
        }
        resume
    }

    /// Says what became of an event that this worker had claimed: at this date, if it has said
    /// nothing since.
    pub fn settle(
        &mut self,
        id: EventId,
        claimed: Option<SteadyMillis>,
        state: State,
        now: SteadyMillis,
        shared: &mut dyn Shared,
    ) {
        if self.buckets == 0 {
            return;
        }
        match claimed {
            Some(date) if state == State::Accepted => self.progress.accept(date, id),
            Some(date) => {
                // The mark must not pass the claim until the outcome is written.
                if self.write(id, state, now, shared) {
                    self.progress.end(date);
                }
            }
            None => {
                self.write(id, state, now, shared);
            }
        }
        // Then the other workers need not wait for it, and this one need not wake up for it.
        if self.has_news() && self.progress.is_complete(now) {
            self.beat(now, shared);
        }
    }

    /// How many events were forgotten before their time since the last time of asking.
    pub(super) fn take_evictions(&self) -> u32 {
        self.evictions.take()
    }

    /// There is something that the other workers have to be told.
    pub(super) fn has_news(&self) -> bool {
        self.progress.has_news()
    }

    /// Writes the event's outcome into its slot; `false` when other workers' writes prevented it.
    fn write(&self, id: EventId, state: State, now: SteadyMillis, shared: &mut dyn Shared) -> bool {
        let (was_written, ()) = self.change(id, now, shared, |found, _| {
            let is_ours =
                found.is_some_and(|slot| slot.owner == self.owner && slot.state != State::Accepted);
            // Another event or worker may own the slot by now; leave it alone.
            let is_written = is_ours || state == State::Accepted;
            (is_written.then_some(state), ())
        });
        was_written
    }

    /// `decide` is given the event's slot and may return a new one, which is written. It is asked
    /// again whenever another worker has written first. Returns the other result of `decide`, and
    /// whether the table now has what it wants.
    fn change<R>(
        &self,
        id: EventId,
        now: SteadyMillis,
        shared: &mut dyn Shared,
        mut decide: impl FnMut(Option<Slot>, &mut dyn Shared) -> (Option<State>, R),
    ) -> (bool, R) {
        let Some(key) = self.bucket_of(id) else {
            return (true, decide(None, shared).1);
        };
        let tag = id.tag();
        let mut tries = 1;
        loop {
            let (bytes, cas) = shared.load(key);
            let mut bucket = Bucket::of(bytes);
            let (state, decision) = decide(bucket.find(tag), shared);
            let Some(state) = state else {
                return (true, decision);
            };
            let slot = Slot {
                tag,
                state,
                owner: self.owner,
                written: self.progress.date(now),
            };
            let evicts = bucket.put(slot, now.saturating_sub(self.window));
            let is_written = shared.store(key, bucket.as_bytes(), cas);
            if is_written && evicts {
                self.evictions.set(self.evictions.get().saturating_add(1));
            }
            if is_written || tries == MAX_TRIES {
                return (is_written, decision);
            }
            tries += 1;
        }
    }

    fn standing(&self, slot: &Slot, now: SteadyMillis, shared: &mut dyn Shared) -> Standing {
        match slot.state {
            State::Accepted => return Standing::Accepted,
            State::Refused => return Standing::Refused,
            State::Released => return Standing::Open,
            State::Claimed | State::Held if slot.owner == self.owner => return Standing::Open,
            State::Claimed | State::Held => {}
        }
        let Some(heartbeat) = shared.heartbeat_of(slot.owner) else {
            return Standing::Open;
        };
        let is_alive = now.saturating_sub(heartbeat.at) <= millis(HEARTBEAT_LOST_AFTER);
        match slot.state {
            State::Claimed if slot.written < heartbeat.decided_before => Standing::Accepted,
            State::Claimed if is_alive => Standing::UnderWay,
            State::Held if is_alive => Standing::Kept,
            _ => Standing::Open,
        }
    }

    /// Shows the other workers that this one is alive and how far it has come, if it is time.
    pub(super) fn beat_if_due(&mut self, now: SteadyMillis, shared: &mut dyn Shared) {
        if now >= self.due() {
            self.beat(now, shared);
        }
    }

    fn beat(&mut self, now: SteadyMillis, shared: &mut dyn Shared) {
        if self.buckets == 0 {
            return;
        }
        let (decided_before, uncovered) = self.progress.advance();
        for id in uncovered {
            self.write(id, State::Accepted, now, shared);
        }
        let heartbeat = Heartbeat {
            at: now,
            decided_before,
        };
        shared.beat(self.owner, heartbeat);
        self.beat_at = now.saturating_add(millis(HEARTBEAT_EVERY));
    }

    fn due(&self) -> SteadyMillis {
        let wait = millis(HEARTBEAT_EVERY - TOLD_WITHIN);
        let sooner = if self.has_news() { wait } else { 0 };
        self.beat_at.saturating_sub(sooner)
    }

    /// Runs the timer while this worker has claims or news.
    pub(super) fn restart_heartbeat(&self, has_claims: bool, timers: &mut Timers) {
        let is_needed = self.buckets > 0 && (has_claims || self.has_news());
        timers.set(Timer::Heartbeat, is_needed.then(|| self.due()));
    }

    fn bucket_of(&self, id: EventId) -> Option<u32> {
        // The id is a hash: half of it spreads as well as the whole, and wasm divides no more than
        // 64 bits at once.
        let half = id.0 as u64;
        u32::try_from(half.checked_rem(u64::from(self.buckets))?).ok()
    }
}

impl EventId {
    /// Distinguishes the event from others of its bucket. The bucket follows from one half of the
    /// id and the tag from both, so that two events are taken for one no more often than once in
    /// 2^61.
    const fn tag(self) -> u64 {
        let (low, high) = (self.0 as u64, (self.0 >> 64) as u64);
        low ^ high.rotate_left(32)
    }
}
