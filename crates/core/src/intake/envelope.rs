//! Finds the events of a request: it is one event, an array of events, or an envelope around such
//! an array.

use super::context::Surroundings;
use super::integrations::Choice;
use crate::clock::UnixMillis;
use crate::json::{Id, Object, Value};
use crate::time;

/// The events of a request, and the fields beside them that concern all of them.
///
/// Each of these fields may be as long as the request. So it is read once, and not for each event.
#[derive(Debug, Default)]
pub(super) struct Envelope<'a> {
    /// The events, in order.
    pub(super) events: Vec<Value<'a>>,
    /// The key of the array that they stand in: empty for a bare array, `None` when the request is
    /// one event.
    pub(super) list: Option<&'static str>,
    /// When the client sent the request, by its own clock.
    pub(super) sent_at: Option<UnixMillis>,
    /// Environment id, write key or token.
    pub(super) source: Option<Id<'a>>,
    /// The customer's routing of all the events (Segment's HTTP API, "Batch").
    pub(super) chosen: Choice,
    /// The `context` that holds where an event has none (Segment's HTTP API, "Batch").
    pub(super) surroundings: Surroundings<'a>,
}

/// Why a document has no events.
#[derive(Debug)]
pub(super) enum NoEvents {
    /// It is not JSON.
    Json(serde_json::Error),
    /// The value under this key is not an array.
    NoArray(&'static str, Position),
    /// It is JSON, but neither an object nor an array.
    Scalar,
    /// It holds too many.
    TooMany,
}

/// A place in a document, as editors count: lines from 1, columns from 1, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Position {
    /// Where `value` begins in the document that it came out of.
    fn of(value: Value<'_>, document: &str) -> Self {
        let at = (value.get().as_ptr() as usize).saturating_sub(document.as_ptr() as usize);
        let before = document.get(..at).unwrap_or_default();
        let line_starts = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: at - line_starts + 1,
        }
    }
}

impl<'a> Envelope<'a> {
    /// Finds the events of a checked document, at most `most`: under `list`, in a bare array, or
    /// the document itself. `name` is this destination's among the `integrations`.
    pub(super) fn of(
        document: &'a str,
        list: &'static str,
        most: usize,
        name: &str,
    ) -> Result<Self, NoEvents> {
        let value = Value::of_checked(document);
        let mut envelope = Self::default();
        if let Some(events) = value.items_up_to(most) {
            envelope.list = Some("");
            envelope.events = events;
        } else if let Some(object) = value.object() {
            match envelope.read(object, list, name) {
                Some(events) => {
                    let not_array = || NoEvents::NoArray(list, Position::of(events, document));
                    envelope.list = Some(list);
                    envelope.events = events.items_up_to(most).ok_or_else(not_array)?;
                }
                None => {
                    // These fields are the event's own.
                    envelope.chosen = Choice::default();
                    envelope.surroundings = Surroundings::default();
                    envelope.events.push(value);
                }
            }
        } else {
            return Err(NoEvents::Scalar);
        }
        if envelope.events.len() > most {
            return Err(NoEvents::TooMany);
        }
        Ok(envelope)
    }

    /// Reads the fields of an envelope, and returns the value under `list`.
    fn read(&mut self, object: Object<'a>, list: &str, name: &str) -> Option<Value<'a>> {
        let mut events = None;
        object.members(|key, value| match &*key.decoded() {
            key if key == list => events = Some(value),
            "integrations" => self.chosen = Choice::default().then(Some(value), name),
            "context" => self.surroundings = Surroundings::of(value.object()),
            "sentAt" | "sent_at" | "upload_time" => self.sent_at = time::parse(value),
            "writeKey" | "api_key" | "client" | "token" => {
                self.source = value.id().filter(|id| !id.is_empty()).or(self.source);
            }
            _ => {}
        });
        events
    }
}
