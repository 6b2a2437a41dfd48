//! Tells the live page about events that are not delivered. Without a recorder each of these
//! functions asks one question and returns.

use std::rc::Rc;

use crate::clock::{Now, SteadyMillis};
use crate::config::Config;
use crate::event::{Event, Kind};
use crate::intake::Invalid;
use crate::observe::labels::{EventOutcome, FilteredReason, SuppressReason};
use crate::observe::record::Record;
use crate::observe::recorder::Recorder;
use crate::observe::{Label, Observe};

/// Begins to record, if that has not begun, and tells the recorder the time.
pub(crate) fn start(observe: &mut Observe, config: &Rc<Config>, now: Now) {
    match observe.recorder.as_deref_mut() {
        Some(recorder) => recorder.set_clock(now),
        None => observe.recorder = Some(Box::new(Recorder::new(config, now))),
    }
}

/// A rule of the webhook keeps the event from it.
pub(crate) fn suppressed(
    observe: &mut Observe,
    event: &Event<'_>,
    webhook: usize,
    reason: SuppressReason,
    now: SteadyMillis,
) {
    write(observe, now, || Record {
        webhook: Some(webhook),
        reason: reason.as_str(),
        ..Record::of(event, "suppressed")
    });
}

/// No webhook wants the event.
pub(crate) fn unwanted(observe: &mut Observe, event: &Event<'_>, now: SteadyMillis) {
    write(observe, now, || Record {
        reason: FilteredReason::Unwanted.as_str(),
        ..Record::of(event, EventOutcome::Filtered.as_str())
    });
}

/// A call is not delivered, whatever the options.
pub(crate) fn filtered(
    observe: &mut Observe,
    kind: Option<Kind>,
    reason: FilteredReason,
    now: SteadyMillis,
) {
    write(observe, now, || Record {
        kind,
        outcome: EventOutcome::Filtered.as_str(),
        reason: reason.as_str(),
        ..Record::default()
    });
}

/// An event cannot be delivered.
pub(crate) fn invalid(observe: &mut Observe, invalid: &Invalid, now: SteadyMillis) {
    if observe.recorder.is_some() {
        let reason = invalid.reason.to_string();
        write(observe, now, || Record {
            kind: invalid.kind,
            outcome: EventOutcome::Invalid.as_str(),
            reason: &reason,
            ..Record::default()
        });
    }
}

/// A whole request is refused with this status. The words of the reply are the SDK's alone: they
/// may come from the body.
pub(crate) fn refused(observe: &mut Observe, status: u16, now: SteadyMillis) {
    write(observe, now, || Record {
        outcome: EventOutcome::Refused.as_str(),
        reason: match status {
            413 => "request too large",
            415 => "unknown encoding",
            _ => "request not readable",
        },
        ..Record::default()
    });
}

fn write<'r>(observe: &mut Observe, now: SteadyMillis, record: impl FnOnce() -> Record<'r>) {
    if let Some(recorder) = observe.recorder.as_deref_mut() {
        if recorder.admits(now) {
            recorder.write(&record(), now);
        }
    }
}
