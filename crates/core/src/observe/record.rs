//! One thing that happened to one event, and the line of JSON that shows it.

use std::fmt::Write as _;

use crate::clock::SteadyMillis;
use crate::config::Config;
use crate::event::{Event, Kind};
use crate::hashed_id;

/// Characters of an event's name that are shown.
const MAX_NAME: usize = 80;

/// One thing that happened to one event. It holds no value of the event's properties.
#[derive(Clone, Copy, Debug, Default)]
pub struct Record<'a> {
    /// The contract's `type`, where it is known.
    pub kind: Option<Kind>,
    /// The event's name as it stands between the quotes of a payload, so it is JSON already.
    pub escaped_name: &'a str,
    /// The event's `messageId` in the same form; empty where it is not known.
    pub escaped_id: &'a str,
    /// [`hashed_id::of_source`] of the event's source; zero where it is not known.
    pub source: u32,
    /// The webhook's index in the configuration; `None` for what concerns the whole event.
    pub webhook: Option<usize>,
    /// The number of the attempt, from 1; 0 when there was none.
    pub attempt: u32,
    /// `delivered`, `rejected`, `filtered`, ...
    pub outcome: &'static str,
    /// Why, in a few words.
    pub reason: &'a str,
    /// The webhook's status; 0 without one.
    pub status: u16,
    /// How long the attempt took, in milliseconds.
    pub took: Option<SteadyMillis>,
    /// When the event is tried again.
    pub next: Option<SteadyMillis>,
}

impl<'a> Record<'a> {
    /// The beginning of a record of an event that is not prepared.
    #[must_use]
    pub fn of(event: &'a Event<'_>, outcome: &'static str) -> Self {
        Self {
            kind: Some(event.kind),
            escaped_name: event.name.map_or("", |name| name.escaped()),
            escaped_id: event.message_id(),
            source: hashed_id::of_source(event.source()),
            outcome,
            ..Self::default()
        }
    }

    /// The record with this number as one line of JSON.
    pub(super) fn line(&self, number: u64, unix: u64, unix_offset: u64, config: &Config) -> String {
        let mut line = format!("{{\"n\":{number},\"t\":{unix}");
        let mut text = |key: &str, value: &str| {
            if !value.is_empty() {
                // Writing to a String does not fail.
                let _ = write!(line, ",\"{key}\":\"{value}\"");
            }
        };
        if !self.escaped_id.is_empty() {
            text("id", &hashed_id::of_escaped(self.escaped_id));
        }
        text("type", self.kind.map_or("", Kind::as_str));
        if may_be_shown(self.escaped_name, config) {
            text("event", cut(self.escaped_name));
        }
        if self.source != 0 {
            text("source", &format!("{:08x}", self.source));
        }
        let webhook = self.webhook.and_then(|index| config.webhooks.get(index));
        text("webhook", webhook.map_or("", |webhook| &webhook.name));
        text("outcome", self.outcome);
        text("reason", &self.reason.replace(['"', '\\'], "'"));
        let mut number = |key: &str, value: u64| {
            let _ = write!(line, ",\"{key}\":{value}");
        };
        if self.attempt > 0 {
            number("attempt", self.attempt.into());
        }
        if self.status > 0 {
            number("status", self.status.into());
        }
        if let Some(took) = self.took {
            number("ms", took);
        }
        if let Some(next) = self.next {
            number("next", next.saturating_add(unix_offset));
        }
        line.push_str("}\n");
        line
    }
}

/// An event's name can tell a patient's illness. So under `profile: hipaa` only names that an
/// `events.allow` lists are shown.
fn may_be_shown(escaped_name: &str, config: &Config) -> bool {
    if !config.hipaa {
        return true;
    }
    let name = hashed_id::unescaped(escaped_name);
    let rules = config
        .webhooks
        .iter()
        .filter_map(|webhook| webhook.rules.as_ref());
    let mut listed = rules.flat_map(|rules| rules.allow.iter().flatten());
    listed.any(|glob| glob.matches(&name))
}

/// The beginning of an escaped text. The cut splits no escape and no character.
fn cut(escaped: &str) -> &str {
    let mut at = escaped.chars();
    let mut end = 0;
    for _ in 0..MAX_NAME {
        let Some(first) = at.next() else { break };
        if first == '\\' && at.next() == Some('u') {
            // A surrogate pair is two escapes; half of one is still JSON.
            at.by_ref().take(4).for_each(drop);
        }
        end = escaped.len() - at.as_str().len();
    }
    escaped.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::routing::{Glob, Rules};
    use crate::testing::{config, config_with};

    #[test]
    fn a_line_is_json_and_leaves_out_what_is_not_known() {
        let config = config(&["crm"]);
        let record = Record {
            kind: Some(Kind::Track),
            escaped_name: r#"Signed \"Up\""#,
            escaped_id: r"m\u002d1",
            source: 0x0086_d081,
            webhook: Some(0),
            attempt: 2,
            outcome: "rejected",
            status: 500,
            took: Some(12),
            next: Some(5_000),
            ..Record::default()
        };
        assert_eq!(
            record.line(7, 1_700_000_000_123, 1_700_000_000_000, &config),
            concat!(
                r#"{"n":7,"t":1700000000123,"id":"a461b472cb41a9ec","type":"track","#,
                r#""event":"Signed \"Up\"","source":"0086d081","webhook":"crm","#,
                r#""outcome":"rejected","attempt":2,"status":500,"ms":12,"next":1700000005000}"#,
                "\n",
            )
        );
        let record = Record {
            webhook: Some(1),
            outcome: "filtered",
            reason: "a \"b\" \\",
            ..Record::default()
        };
        assert_eq!(
            record.line(8, 1, 0, &config),
            "{\"n\":8,\"t\":1,\"outcome\":\"filtered\",\"reason\":\"a 'b' '\"}\n"
        );
    }

    #[test]
    fn a_long_name_is_cut_between_characters_and_escapes() {
        for (escaped, shown) in [
            ("a".repeat(100_000), "a".repeat(80)),
            ("\u{1F600}".repeat(100), "\u{1F600}".repeat(80)),
            ("\\u0041".repeat(100), "\\u0041".repeat(80)),
            ("\\\"".repeat(100), "\\\"".repeat(80)),
            ("short".to_owned(), "short".to_owned()),
        ] {
            assert_eq!(cut(&escaped), shown);
            serde_json::from_str::<String>(&format!("\"{}\"", cut(&escaped))).unwrap();
        }
    }

    #[test]
    fn the_profile_shows_names_that_are_listed_alone() {
        let config = config_with(&["a", "b"], |config| {
            config.hipaa = true;
            config.webhooks[1].rules = Some(Rc::new(Rules {
                allow: vec![vec![Glob::new("Appointment *")]],
                ..Rules::default()
            }));
        });
        for (escaped_name, is_shown) in [("Appointment\\u0020Made", true), ("Has Flu", false)] {
            assert_eq!(
                may_be_shown(escaped_name, &config),
                is_shown,
                "{escaped_name}"
            );
            let record = Record {
                escaped_name,
                ..Record::default()
            };
            assert_eq!(record.line(1, 0, 0, &config).contains("event"), is_shown);
        }
    }
}
