//! The table of events that the workers of the process share, to recognise what is sent again.
//!
//! It is an array of buckets in the host's shared data, each with some slots. Where an event's slot
//! is follows from its id, so the table never grows and needs no expiry: a new event takes a slot
//! over from an older one. That can cost a duplicate, never a loss. Writes are compare-and-swap, so
//! that of two workers that get the same event at once one claims it.
//!
//! The events of one device share a bucket, their home: those of one request are then claimed by
//! one reading and one writing, and a request that brings them again in other groups finds them
//! there. Events for which a home has no room go into buckets that follow from the events alone,
//! and the home says that it has run over.
//!
//! A claim says that its worker is delivering the event, and later that a webhook has it. For this
//! each worker shares a mark: every claim that it made before the mark is decided. It writes an
//! outcome into a slot only where no webhook accepted the event. So an event costs one access to
//! its bucket, when it comes in.
//!
//! The mark is part of the worker's heartbeat. A claim after the mark holds only while the
//! heartbeat is fresh, so that a worker whose VM died cannot keep an event from being delivered.

mod bucket;
mod buckets;
mod progress;
mod table;

use std::time::Duration;

use crate::clock::SteadyMillis;

pub use self::table::DedupeTable;

/// A heartbeat older than this is a worker that died.
pub const HEARTBEAT_LOST_AFTER: Duration = Duration::from_secs(3);
/// How often a worker with claims renews its heartbeat.
pub const HEARTBEAT_EVERY: Duration = Duration::from_secs(1);
/// How long an acceptance may be unknown to the other workers. Until then they wait for the event.
pub const TOLD_WITHIN: Duration = Duration::from_millis(100);

/// Identifies an event among all that SDKs send: two keyed hashes. The upper half is one of its
/// source and device, the lower half one of everything that SDKs repeat of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(u128);

/// A worker's VM; another one after a crash. Below 2^22.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner(pub u32);

const OWNER_BITS: u32 = 22;

/// So many heartbeats have a place in the host's shared data, which never gives memory back.
const PLACES: u32 = 1 << 14;

impl Owner {
    /// The owner with this number; after 4,194,304 configurations of workers the numbers come
    /// again.
    #[must_use]
    pub const fn numbered(number: u32) -> Self {
        Self(number & (u32::MAX >> (u32::BITS - OWNER_BITS)))
    }

    /// Where its heartbeat is. Numbers are given out in turn, so that the last owner of the place
    /// has ended long ago: 16,384 workers of newer configurations have come since.
    #[must_use]
    pub const fn place(self) -> u32 {
        self.0 % PLACES
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
    /// A worker's last heartbeat. [`Owner::place`] says where it is.
    fn heartbeat_of(&mut self, owner: Owner) -> Option<Heartbeat>;
    /// Sets this worker's heartbeat.
    fn beat(&mut self, owner: Owner, heartbeat: Heartbeat);
}

/// The signs of life and progress that a worker shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// When it was alive.
    pub at: SteadyMillis,
    /// The mark. A webhook has accepted the event of every older claim, unless the event's slot
    /// says otherwise.
    pub decided_before: SteadyMillis,
}

impl Heartbeat {
    /// Its bytes, with its owner. They are few enough for the host's `std::string` to need no
    /// memory of its own.
    #[must_use]
    pub fn to_bytes(self, owner: Owner) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(20);
        bytes.extend_from_slice(&self.at.to_le_bytes());
        bytes.extend_from_slice(&self.decided_before.to_le_bytes());
        bytes.extend_from_slice(&owner.0.to_le_bytes());
        bytes
    }

    /// Reads a heartbeat of this owner; `None` where another one has the place.
    #[must_use]
    pub fn of(bytes: &[u8], owner: Owner) -> Option<Self> {
        let (at, rest) = bytes.split_first_chunk()?;
        let (decided_before, beats) = rest.split_first_chunk()?;
        (beats == owner.0.to_le_bytes()).then(|| Self {
            at: SteadyMillis::from_le_bytes(*at),
            decided_before: SteadyMillis::from_le_bytes(*decided_before),
        })
    }
}

/// The state of an event in its slot.
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

/// The verdict on an event that has come in.
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

/// An event that the table is asked about, and what it says.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// The event.
    pub id: EventId,
    /// Its place in its request.
    pub place: usize,
    /// `None` until it has been asked, and when recognition is switched off.
    pub answer: Option<Claim>,
}

impl Question {
    /// A question that has not been asked.
    #[must_use]
    pub const fn about(id: EventId, place: usize) -> Self {
        let answer = None;
        Self { id, place, answer }
    }
}

/// The verdict on an event that this worker holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    /// It is ours to deliver; the date of the claim.
    Ours(SteadyMillis),
    /// Another worker is delivering it now.
    Busy,
    /// It is decided, or another worker holds it.
    Gone,
}

impl EventId {
    /// The id of an event by the hash of its device and its own.
    #[must_use]
    pub const fn new(device: u64, event: u64) -> Self {
        Self((device as u128) << 64 | (event & !STATE) as u128)
    }

    /// The id of an event that says a state of something, and nothing of when. It is one of the
    /// states of its `subject`, of which the table knows the last.
    #[must_use]
    pub const fn of_state(device: u64, subject: u64, event: u64) -> Self {
        let subject = subject >> CONTENT_BITS << CONTENT_BITS | STATE;
        Self((device as u128) << 64 | (subject | event >> CONTENT_BITS) as u128)
    }

    /// Whether it says a state; another state of its subject may have come since.
    pub(super) const fn is_state(self) -> bool {
        self.tag() & STATE != 0
    }

    pub(super) const fn device(self) -> u64 {
        (self.0 >> 64) as u64
    }

    /// The hash for its place when its home has no room for it. However many events a device has,
    /// these hashes are as good as random.
    const fn mixed(self) -> u64 {
        // The states of a subject are in one place.
        let own = match self.is_state() {
            true => subject_of(self.tag()),
            false => self.tag(),
        };
        own ^ self.device().rotate_left(32)
    }

    /// Distinguishes the event from others of its bucket, which are at most 63: two are taken for
    /// one no more often than once in 2^57 events, and two states of a subject once in 2^32.
    const fn tag(self) -> u64 {
        self.0 as u64
    }
}

/// The bit of a tag that says that the event is a state.
const STATE: u64 = 1 << 63;
/// The lower bits of the tag of a state, which tell it from others of its subject.
const CONTENT_BITS: u32 = 32;

const fn subject_of(tag: u64) -> u64 {
    tag >> CONTENT_BITS
}
