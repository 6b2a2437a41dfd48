//! The paths that lead on from a value, while a payload is walked through.

use super::path::Segment;
use super::url::UrlPart;
use crate::work::{self, Work};

/// The rule that holds where a path ends.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Rule {
    Deny,
    /// By the number of its list.
    Allow(usize),
    Hash,
    Mask,
    Url(UrlPart),
}

/// Paths that lead on from a value, with what is left of them.
pub(super) type Live<'r> = Vec<(&'r [Segment], Rule)>;

/// The paths that lead to a member, or to an item when there is no key.
pub(super) fn step<'r>(live: &Live<'r>, key: Option<&str>, work: &Work) -> Live<'r> {
    work.spend(work::VALUE);
    work.spend_each(work::STEP, live.len());
    live.iter()
        .filter_map(|(rest, rule)| {
            let (first, rest) = rest.split_first()?;
            first.matches(key).then_some((rest, *rule))
        })
        .collect()
}
