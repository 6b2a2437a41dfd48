//! Events that would be dropped: why, and what the dead letter webhook is told.

use std::rc::Rc;

/// Why an event is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// Every webhook that lacks it has refused it for good.
    Refused,
    /// The same, and each time because it is too large.
    Oversized,
    /// `retry.window` ended.
    Expired,
    /// It failed and could not be held.
    NoRoom,
}

impl DropReason {
    /// The value of the header `freshpaint-dead-letter-reason`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Oversized => "oversized",
            Self::Expired => "expired",
            Self::NoRoom => "no_room",
        }
    }
}

/// The reason and the names that the headers of a dead letter give.
#[derive(Clone, Debug)]
pub(super) struct DeadLetter {
    pub(super) reason: DropReason,
    /// The names of the webhooks that lack the event, with commas between them.
    pub(super) webhooks: Rc<str>,
}

impl DeadLetter {
    pub(super) fn headers(&self) -> [(&str, &str); 2] {
        [
            ("freshpaint-dead-letter-reason", self.reason.as_str()),
            ("freshpaint-dead-letter-webhooks", &self.webhooks),
        ]
    }
}
