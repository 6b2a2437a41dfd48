//! Events that would be dropped: why, and what the dead letter webhook is told.

use std::rc::Rc;

use crate::observe::labels::{DropReason, Label};

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
