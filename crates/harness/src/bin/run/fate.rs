//! The fate of requests that deliver nothing, told by what the module has counted.

use crate::News;
use freshpaint_harness::Request;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

/// The module hands its counts to Envoy once a second.
const EVERY: Duration = Duration::from_millis(300);

const PREFIX: &str = "wasmcustom.freshpaint_webhooks.";

type Counts = BTreeMap<String, u64>;

/// Asks Envoy for the module's counters, for as long as the program runs, and tells what changed.
pub(crate) fn watch(admin: SocketAddr, news: &Sender<News>) {
    let news = news.clone();
    let question = Request::get(&format!("/stats?filter=%5E{PREFIX}"));
    thread::spawn(move || {
        let mut before = Counts::new();
        loop {
            thread::sleep(EVERY);
            let Ok(answer) = question.send(admin) else {
                continue;
            };
            let now = read(&answer.text());
            for line in changes(&before, &now) {
                if news.send(News::Line(line)).is_err() {
                    return;
                }
            }
            before = now;
        }
    });
}

fn read(stats: &str) -> Counts {
    let counter = |line: &str| {
        let (name, value) = line.strip_prefix(PREFIX)?.rsplit_once(": ")?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    stats.lines().filter_map(counter).collect()
}

fn changes(before: &Counts, now: &Counts) -> Vec<String> {
    let grown = now.iter().filter_map(|(name, value)| {
        let grown = value.saturating_sub(before.get(name).copied().unwrap_or(0));
        (grown > 0).then_some((name.as_str(), grown))
    });
    let told = grown.filter_map(|(name, grown)| {
        let times = if grown > 1 {
            format!(" ({grown} times)")
        } else {
            String::new()
        };
        Some(format!("module     {}{times}", describe(name)?))
    });
    told.collect()
}

/// The meaning of a counter that grows; `None` where a delivery or an answer says it already.
fn describe(counter: &str) -> Option<String> {
    let words: Vec<_> = counter.split('.').collect();
    Some(match *words.as_slice() {
        ["events", "type", kind, "outcome", outcome] => match (outcome, kind) {
            ("duplicate", _) => {
                format!("duplicate: this {kind} event was delivered before and is not sent again")
            }
            ("filtered", "identify") => "filtered: identify is off; \
                 `options.enable_identify_events` switches it on"
                .to_owned(),
            ("filtered", "page") => "filtered: pageviews are off; \
                 `options.enable_pageview_events` switches them on"
                .to_owned(),
            ("filtered", "other") => {
                "filtered: the destination has no such type of event".to_owned()
            }
            ("filtered", _) => format!("filtered: no webhook wants this {kind} event"),
            ("invalid", _) => "invalid: the answer says what is wrong with the event".to_owned(),
            ("failed", _) => format!("failed: no webhook accepted the {kind} event"),
            _ => return None,
        },
        ["requests", "outcome", "refused"] => "refused: the answer says why".to_owned(),
        ["requests", "outcome", "passed"] => {
            "passed on: no SDK sends events to this path, so the route answered".to_owned()
        }
        ["held", "outcome", outcome] => match outcome {
            "kept" => "kept in memory and tried again for 15 minutes".to_owned(),
            "no_room" => "not kept: there is no room".to_owned(),
            "delivered" => "a kept event was delivered".to_owned(),
            "refused" => "given up: every webhook refused the event for good".to_owned(),
            "expired" => "given up: no webhook accepted the event in time".to_owned(),
            _ => return None,
        },
        ["suppressed", "webhook", webhook, "signal", signal] => {
            format!("held back from {webhook}: {signal}")
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(text: &str) -> Counts {
        let lines = text.split_whitespace();
        let stats: Vec<_> = lines
            .map(|line| format!("{PREFIX}{}", line.replace('=', ": ")))
            .collect();
        read(&stats.join("\n"))
    }

    #[test]
    fn each_fate_is_told_once() {
        let before = counts("events.type.track.outcome.duplicate=1 requests.outcome.accepted=1");
        let now = counts(
            "events.type.track.outcome.duplicate=2 events.type.identify.outcome.filtered=3 \
             events.type.track.outcome.accepted=1 requests.outcome.accepted=5 \
             suppressed.webhook.crm.signal.consent=1",
        );
        assert_eq!(
            changes(&before, &now),
            [
                "module     filtered: identify is off; `options.enable_identify_events` switches \
                 it on (3 times)",
                "module     duplicate: this track event was delivered before and is not sent again",
                "module     held back from crm: consent",
            ]
        );
        assert_eq!(changes(&now, &now), Vec::<String>::new());
    }
}
