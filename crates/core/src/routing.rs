//! Rules for which events go to which webhook, beyond the contract's options. [`crate::redaction`]
//! says which parts of them go.
//!
//! The rules of one webhook are compiled when the configuration is read; a webhook without any has
//! none and costs nothing. An event that a webhook does not get is counted by webhook and
//! [`SuppressReason`], so that it can be shown why.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;
use subtle::ConstantTimeEq;

use crate::consent::OptOut;
use crate::event::{Event, Kind};
use crate::json::{Id, Text};
use crate::observe::labels::{Label, SuppressReason};
use crate::redaction::Redaction;
use crate::secret::Secret;
use crate::work::Work;

/// The rules of one webhook. The rules for all webhooks and the webhook's own hold together: the
/// event must pass both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// An event must have a source of each list.
    pub sources: Vec<Vec<Source>>,
    /// `None` takes all.
    pub sample: Option<Sample>,
    /// Events of a request with one of these signals do not go.
    pub honor: OptOut,
    /// Each of these categories must be granted.
    pub requires_consent: Vec<String>,
    /// An event must have a type of each list.
    pub types: Vec<Vec<Kind>>,
    /// A name must match a pattern of each list. An event without a name is not asked for one.
    pub allow: Vec<Vec<Glob>>,
    /// A name must match none.
    pub deny: Vec<Glob>,
    /// The parts of an event that are left out or changed.
    pub redaction: Option<Redaction>,
}

impl Rules {
    /// Whether every event goes, as it is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.redaction.is_none() && !SuppressReason::ALL.iter().any(|signal| self.has(*signal))
    }

    /// Whether a rule could ever say no for this reason.
    #[must_use]
    pub fn has(&self, signal: SuppressReason) -> bool {
        match signal {
            SuppressReason::Source => !self.sources.is_empty(),
            SuppressReason::Sample => self.sample.is_some(),
            SuppressReason::Gpc => self.honor.gpc,
            SuppressReason::Dnt => self.honor.dnt,
            SuppressReason::Consent => !self.requires_consent.is_empty(),
            SuppressReason::Filter => {
                !(self.types.is_empty() && self.allow.is_empty() && self.deny.is_empty())
            }
        }
    }

    /// Why the event does not go, or `None` when it does.
    #[must_use]
    pub fn suppress(&self, event: &Event<'_>) -> Option<SuppressReason> {
        SuppressReason::ALL
            .iter()
            .copied()
            .find(|signal| self.has(*signal) && !self.admits(*signal, event))
    }

    /// Takes from `work` what [`Rules::suppress`] takes at most.
    pub fn spend(&self, event: &Event<'_>, work: &Work) {
        let id = event.anonymous_id.or(event.user_id);
        let names = self.allow.iter().map(Vec::len).sum::<usize>() + self.deny.len();
        // Each of them is decoded anew for each webhook.
        for (text, times) in [
            (
                event.source(),
                self.sources.iter().map(Vec::len).sum::<usize>(),
            ),
            (event.name.map_or("", Text::escaped), names),
            (
                id.map_or("", Id::escaped),
                usize::from(self.sample.is_some()),
            ),
            (event.consent.text(), 2 * self.requires_consent.len()),
        ] {
            work.spend_text(text, times);
        }
    }

    fn admits(&self, signal: SuppressReason, event: &Event<'_>) -> bool {
        match signal {
            SuppressReason::Source => {
                let source = event.source.map(|source| source.decoded());
                let source = source.as_deref().unwrap_or_default();
                let listed = |list: &Vec<Source>| Source::any(list, source);
                self.sources.iter().all(listed)
            }
            SuppressReason::Sample => self.sample.is_none_or(|sample| sample.admits(event)),
            SuppressReason::Gpc => !event.opt_out.gpc,
            SuppressReason::Dnt => !event.opt_out.dnt,
            SuppressReason::Consent => {
                let mut required = self.requires_consent.iter();
                required.all(|category| event.consent.grants(category))
            }
            SuppressReason::Filter => {
                self.types.iter().all(|types| types.contains(&event.kind))
                    && self.admits_name(event)
            }
        }
    }

    fn admits_name(&self, event: &Event<'_>) -> bool {
        let (Kind::Track, Some(name)) = (event.kind, event.name) else {
            return true;
        };
        let name = name.decoded();
        let matches = |globs: &[Glob]| globs.iter().any(|glob| glob.matches(&name));
        !matches(&self.deny) && self.allow.iter().all(|allow| matches(allow))
    }
}

/// A write key, token or environment id that may send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source(pub Secret);

impl Source {
    /// Whether one of `list` is `source`; how long that takes tells nothing of which, or of how
    /// much was right.
    fn any(list: &[Self], source: &str) -> bool {
        let is = |listed: &Self| listed.0.expose().as_bytes().ct_eq(source.as_bytes());
        let found = list
            .iter()
            .fold(subtle::Choice::from(0), |found, listed| found | is(listed));
        found.into()
    }
}

/// A part of all users, the same part everywhere and always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Users whose hash is below it are in.
    below: u64,
}

impl Sample {
    /// Over 0 and below 1: `fraction` of all users.
    #[must_use]
    pub fn of(fraction: f64) -> Self {
        // The cast saturates, and 2^64 is exact as a double.
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss
        )]
        let below = (fraction * 2.0_f64.powi(64)) as u64;
        Self { below }
    }

    /// The smaller of two: users of the one are users of the other.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self {
            below: self.below.min(other.below),
        }
    }

    /// By `anonymousId`, else `userId`, else `messageId`.
    fn admits(self, event: &Event<'_>) -> bool {
        // Without a key of its own: every worker, Envoy and restart has to choose the same users.
        let mut hasher = SipHasher13::new();
        match event.anonymous_id.or(event.user_id) {
            Some(id) => hasher.write(id.decoded().as_bytes()),
            None => hasher.write(event.message_id().as_bytes()),
        }
        hasher.finish() < self.below
    }
}

/// A pattern of event names: `*` stands for any characters, also none, and everything else for
/// itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    /// The texts between the `*`, first and last included.
    parts: Vec<String>,
}

impl Glob {
    /// Every text is a pattern.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self {
            parts: pattern.split('*').map(str::to_owned).collect(),
        }
    }

    /// Takes time in proportion to name and pattern, whatever they are.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let Some((first, rest)) = self.parts.split_first() else {
            return false;
        };
        let Some((last, middle)) = rest.split_last() else {
            return name == first;
        };
        let Some(name) = name.strip_prefix(first.as_str()) else {
            return false;
        };
        let Some(mut name) = name.strip_suffix(last.as_str()) else {
            return false;
        };
        // The leftmost place for each part leaves the most for those after it.
        for part in middle {
            let Some((_, after)) = name.split_once(part.as_str()) else {
                return false;
            };
            name = after;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_the_whole_name() {
        let cases = [
            ("Order Completed", "Order Completed", true),
            ("Order Completed", "order completed", false),
            ("Order", "Order Completed", false),
            ("Order *", "Order Completed", true),
            ("Order *", "Order ", true),
            ("Order *", "Order", false),
            ("*", "", true),
            ("*", "anything", true),
            ("**", "anything", true),
            ("", "", true),
            ("", "a", false),
            ("*Viewed", "Product Viewed", true),
            ("*Viewed", "Viewed Product", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "acb", false),
            ("*ab*ab*", "abab", true),
            ("*ab*ab*", "abb", false),
            ("a.c", "abc", false),
            ("\u{e9}*", "\u{e9}t\u{e9}", true),
        ];
        for (pattern, name, matches) in cases {
            assert_eq!(
                Glob::new(pattern).matches(name),
                matches,
                "{pattern} {name}"
            );
        }
    }

    #[test]
    fn no_pattern_takes_long() {
        let glob = Glob::new(&"*a".repeat(500));
        assert!(!glob.matches(&format!("{}b", "a".repeat(100_000))));
    }
}
