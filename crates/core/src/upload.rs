//! A request whose body is coming in, piece by piece.

use crate::config::Limits;
use crate::gathered::{GatheredBytes, Reserved};
use crate::intake::{Collection, Head};
use crate::local_reply::LocalReply;
use crate::observe::labels::RequestOutcome;
use crate::observe::{Counter, Observe};

/// Bytes of a refused request that are passed over before it is answered.
///
/// Many clients look for an answer only when they have sent the whole body, and lose it when the
/// connection is closed before that. SDKs that drop a batch on 413 would send it again and again.
const MAX_SKIPPED_BYTES: usize = 16 * 1024 * 1024;

/// A body of up to so many bytes is small.
const SMALL_BODY: usize = 64 * 1024;

/// Of the memory for bodies and events, one part in so many is kept for small bodies.
const PARTS: usize = 8;

/// A request that is still coming in.
#[derive(Debug)]
pub enum Upload {
    /// Its body is gathered.
    Gathering(Gathering),
    /// It is refused, and the rest of its body is passed over.
    Refused(Refused),
}

/// A request whose body is gathered.
#[derive(Debug)]
pub struct Gathering {
    pub(crate) collection: Collection,
    pub(crate) body: Vec<u8>,
    pub(crate) reserved: Reserved,
}

/// A request that is refused.
#[derive(Debug)]
pub struct Refused {
    reply: LocalReply,
    /// Bytes that are still passed over.
    left: usize,
}

/// The reply to a client whose body never comes.
#[derive(Debug)]
pub struct Unread {
    pub(crate) reply: LocalReply,
    /// Its request was refused before, and counted.
    pub(crate) was_refused: bool,
}

impl Upload {
    /// The reply if the body never comes.
    #[must_use]
    pub fn unread(&self) -> Unread {
        match self {
            Self::Gathering(gathering) => Unread {
                reply: gathering.collection.unread(),
                was_refused: false,
            },
            Self::Refused(refused) => Unread {
                reply: refused.reply.clone(),
                was_refused: true,
            },
        }
    }

    /// Whether it is to be answered now, without the rest of its body.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Refused(Refused { left: 0, .. }))
    }

    /// A body that declares more than [`MAX_SKIPPED_BYTES`] is not passed over, because its end
    /// would not be reached.
    pub(crate) fn refused_by_head(reply: LocalReply, head: &Head<'_>) -> Self {
        let is_too_long = |length| length > MAX_SKIPPED_BYTES as u64;
        let left = if head.end_of_stream || head.declared_length().is_some_and(is_too_long) {
            0
        } else {
            MAX_SKIPPED_BYTES
        };
        Self::Refused(Refused { reply, left })
    }
}

impl Gathering {
    /// The bytes by which a piece of this size makes the body's memory grow: a `Vec` doubles.
    fn growth(&self, size: usize) -> usize {
        let (length, capacity) = (self.body.len(), self.body.capacity());
        let wanted = length.saturating_add(size);
        if wanted <= capacity {
            0
        } else {
            wanted
                .max(capacity.saturating_mul(2))
                .saturating_sub(capacity)
        }
    }

    fn push(&mut self, piece: Vec<u8>) {
        if self.body.is_empty() {
            // Most bodies come in one piece.
            self.body = piece;
        } else {
            self.body.extend_from_slice(&piece);
        }
        let head = self.collection.kept_bytes();
        self.reserved.set(head.saturating_add(self.body.capacity()));
    }
}

impl Refused {
    /// The client's reply.
    #[must_use]
    pub fn into_reply(self) -> LocalReply {
        self.reply
    }
}

/// The room that a piece of a body needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// The bytes that it takes.
    pub(crate) bytes: usize,
    /// The bytes that it leaves free for others.
    pub(crate) spare: usize,
}

/// The requests whose bodies are coming in to a worker.
#[derive(Debug)]
pub(crate) struct Uploads(GatheredBytes);

impl Uploads {
    /// None yet; the bytes of their bodies are counted here.
    pub(crate) fn new(gathered: GatheredBytes) -> Self {
        Self(gathered)
    }

    /// The body of this request is to be gathered.
    pub(crate) fn open(&self, collection: Collection) -> Upload {
        let mut reserved = self.0.reserve();
        reserved.set(collection.kept_bytes());
        Upload::Gathering(Gathering {
            collection,
            body: Vec::new(),
            reserved,
        })
    }

    /// Takes a piece of this size, which is read only if it is wanted and `has_room`.
    ///
    /// Bodies that are large and come slowly must not keep everybody else's out, so that the last
    /// part of the memory is for small ones.
    pub(crate) fn push(
        &self,
        mut upload: Upload,
        size: usize,
        read: impl FnOnce() -> Vec<u8>,
        has_room: impl FnOnce(Room, &mut Observe) -> bool,
        limits: &Limits,
        observe: &mut Observe,
    ) -> Upload {
        let gathering = match &mut upload {
            Upload::Gathering(gathering) => gathering,
            Upload::Refused(refused) => {
                refused.left = refused.left.saturating_sub(size);
                return upload;
            }
        };
        let length = gathering.body.len().saturating_add(size);
        let others = gathering.reserved.bytes_of_others();
        let room = Room {
            bytes: gathering.growth(size),
            spare: if length > SMALL_BODY {
                others.min(limits.max_in_flight_bytes / PARTS)
            } else {
                0
            },
        };
        let (reply, outcome) = if length > limits.max_body_bytes {
            (gathering.collection.too_large(), RequestOutcome::Refused)
        } else if !has_room(room, observe) {
            (gathering.collection.overloaded(), RequestOutcome::Retry)
        } else {
            gathering.push(read());
            return upload;
        };
        observe.count(Counter::Requests(outcome));
        let left = MAX_SKIPPED_BYTES.saturating_sub(size);
        Upload::Refused(Refused { reply, left })
    }
}
