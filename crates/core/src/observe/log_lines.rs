//! Log lines, bounded so that an outage does not flood the log.

use super::labels::{DeliveryOutcome, HeldOutcome};
use crate::clock::SteadyMillis;
use crate::config::Webhook;
use crate::delivery::outcome::{NotSent, Outcome};
use crate::hashed_id;
use crate::intake::Report;
use crate::json;

/// At most one line of each topic in this time.
const EVERY_MILLIS: u64 = 10_000;
/// At most this many lines wait for the shell; more are dropped.
const MAX_PENDING: usize = 64;

/// A line for the log; it never repeats any part of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How bad it is.
    pub level: log::Level,
    /// The line.
    pub text: String,
}

/// The lines since the shell last took them.
#[derive(Debug, Default)]
pub struct LogLines {
    pending: Vec<LogLine>,
    /// A few for each webhook.
    throttles: Vec<(Topic, Throttle)>,
}

/// Lines that are alike; webhooks are given by their index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Topic {
    Invalid,
    Failed(usize, DeliveryOutcome),
    Dropped(HeldOutcome),
    GivenUp(usize),
    Back(usize),
}

/// When the last line of a topic was written, and how many were left out since.
#[derive(Debug, Default)]
struct Throttle {
    last: Option<SteadyMillis>,
    left_out: u32,
}

impl Throttle {
    /// How many lines the next one stands for, if it may be written now.
    fn admit(&mut self, now: SteadyMillis, lines: u32) -> Option<u32> {
        if self
            .last
            .is_some_and(|last| now.saturating_sub(last) < EVERY_MILLIS)
        {
            self.left_out = self.left_out.saturating_add(lines);
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.left_out))
    }
}

impl LogLines {
    /// Gives each line once.
    pub fn take(&mut self) -> Vec<LogLine> {
        std::mem::take(&mut self.pending)
    }

    /// How many lines the next one of the topic stands for, if it may be written now.
    fn admit(&mut self, topic: Topic, lines: u32, now: SteadyMillis) -> Option<u32> {
        let mut known = self.throttles.iter_mut();
        match known.find(|(known, _)| *known == topic) {
            Some((_, throttle)) => throttle.admit(now, lines),
            None => {
                let mut throttle = Throttle::default();
                let admitted = throttle.admit(now, lines);
                self.throttles.push((topic, throttle));
                admitted
            }
        }
    }

    fn push(&mut self, level: log::Level, text: String) {
        if self.pending.len() < MAX_PENDING {
            self.pending.push(LogLine { level, text });
        }
    }

    /// An attempt has ended, and this line tells of it.
    pub(crate) fn delivery(&mut self, text: String) {
        // The log of deliveries has a bound of its own.
        let level = log::Level::Info;
        self.pending.push(LogLine { level, text });
    }

    /// Events of a request could not be delivered: how many, and what is wrong with the first.
    pub(crate) fn invalid(&mut self, report: &Report, now: SteadyMillis) {
        let Some((_, reason)) = report.reasons().first() else {
            return;
        };
        if let Some(left_out) = self.admit(Topic::Invalid, report.invalid, now) {
            let (invalid, events, more) = (report.invalid, report.events, more_like_it(left_out));
            self.push(
                log::Level::Warn,
                format!(
                    "{invalid} of {events} events of a request are invalid, \
                     the first one: {reason}{more}"
                ),
            );
        }
    }

    /// A delivery failed: the line names the webhook or the cluster, and the reason.
    pub(crate) fn failure(
        &mut self,
        index: usize,
        webhook: &Webhook,
        outcome: Outcome,
        attempt: u32,
        payload: &[u8],
        now: SteadyMillis,
    ) {
        let topic = Topic::Failed(index, outcome.label());
        let Some(left_out) = self.admit(topic, 1, now) else {
            return;
        };
        let more = more_like_it(left_out);
        let (name, blame) = (&webhook.name, blame(outcome, &webhook.cluster));
        self.push(
            log::Level::Warn,
            format!(
                "webhook {name}: {blame}, attempt {attempt}, {}{more}",
                event(payload)
            ),
        );
    }

    /// An event is not delivered any more; `outcome` says why.
    pub(crate) fn dropped(&mut self, outcome: HeldOutcome, payload: &[u8], now: SteadyMillis) {
        let why = match outcome {
            HeldOutcome::Refused => {
                "given up: each webhook that lacks it refused it for good, by the rules of `retry`, \
                 or has other rules in a newer configuration"
            }
            HeldOutcome::Expired => "given up: retry.window has ended",
            HeldOutcome::NoRoom => {
                "not kept: retry.max_held_events or retry.max_held_bytes is reached"
            }
            HeldOutcome::Lost => "lost: the dead letter webhook did not take it either",
            HeldOutcome::Kept
            | HeldOutcome::Delivered
            | HeldOutcome::HandedOver
            | HeldOutcome::DeadLetter => return,
        };
        if let Some(left_out) = self.admit(Topic::Dropped(outcome), 1, now) {
            let more = more_like_it(left_out);
            let text = format!("{} is {why}{more}", event(payload));
            self.push(log::Level::Warn, text);
        }
    }

    /// The webhook failed so often in a row that retries are held back.
    pub(crate) fn given_up(&mut self, index: usize, webhook: &Webhook, now: SteadyMillis) {
        if let Some(left_out) = self.admit(Topic::GivenUp(index), 1, now) {
            let (name, more) = (&webhook.name, more_like_it(left_out));
            self.push(
                log::Level::Warn,
                format!(
                    "webhook {name}: keeps failing, \
                     kept events are tried one at a time until it answers{more}"
                ),
            );
        }
    }

    /// A webhook whose retries were held back works again.
    pub(crate) fn back(&mut self, index: usize, webhook: &Webhook, now: SteadyMillis) {
        if let Some(left_out) = self.admit(Topic::Back(index), 1, now) {
            let (name, more) = (&webhook.name, more_like_it(left_out));
            self.push(
                log::Level::Info,
                format!("webhook {name}: answers again{more}"),
            );
        }
    }
}

/// The event's hashed id: its content must not be in the log.
fn event(payload: &[u8]) -> String {
    let (_, message_id) = hashed_id::in_payload(payload);
    format!("event {}", hashed_id::of_escaped(message_id))
}

fn more_like_it(left_out: u32) -> String {
    match left_out {
        0 => String::new(),
        left_out => format!(" ({left_out} more like it since the last such line)"),
    }
}

/// "Refused" names the webhook's own answer, "could not send" a fault on the way to it.
fn blame(outcome: Outcome, cluster: &str) -> String {
    match outcome {
        Outcome::Delivered => "delivered".into(),
        Outcome::Rejected { status, .. } => {
            let remedy = match status {
                301..=303 | 307 | 308 => {
                    ", and redirects are not followed: write the url that it leads to"
                }
                401 | 403 => ": look at its headers and secrets",
                _ => "",
            };
            format!("refused with status {status}{remedy}")
        }
        Outcome::Timeout => "could not send: no answer in time (timeout)".into(),
        Outcome::Unreachable(obstacle) => blocked(cluster, obstacle.in_words(), "unreachable"),
        Outcome::NotSent(NotSent::UnknownCluster) => {
            let cluster = json::quoted(cluster);
            format!(
                "could not send: Envoy has no cluster {cluster}, or its egress no route; add it \
                 to the Envoy file, or write another `cluster` (not_sent)"
            )
        }
        Outcome::NotSent(NotSent::NoCapacity) => {
            let way = "no healthy host, DNS not resolved, no secret (SDS) or circuit breaker full";
            blocked(cluster, way, "not_sent")
        }
        Outcome::NotSent(NotSent::Deadline) => {
            "could not send: the webhook keeps failing, or is too slow for all that waits for it; \
             see limits.max_in_flight_per_webhook (not_sent)"
                .into()
        }
        Outcome::NotSent(NotSent::Shed) => {
            "could not send: dropped to make room, another webhook has the event (not_sent)".into()
        }
    }
}

fn blocked(cluster: &str, way: &str, label: &str) -> String {
    let cluster = json::quoted(cluster);
    format!("could not send through the cluster {cluster}: {way} ({label})")
}

#[cfg(test)]
mod tests;
