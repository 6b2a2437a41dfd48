//! The shapes that a request's JSON may have: one event, an array of events, or an envelope around such an array.

use crate::json::{self, Id, Value};

/// The events of a request and what the envelope says about them.
#[derive(Debug, Default)]
pub(super) struct Request<'a> {
    /// The events, in order.
    pub(super) events: Vec<Value<'a>>,
    /// The key of the array that they stand in; `None` when the request is one event.
    pub(super) list: Option<&'static str>,
    /// When the client sent the request, by its own clock.
    pub(super) sent_at: Option<Value<'a>>,
    /// Environment id, write key or token.
    pub(super) source: Option<Id<'a>>,
    /// The customer's routing of all the events (Segment's HTTP API, "Batch").
    pub(super) integrations: Option<Value<'a>>,
}

/// Why a document holds no events.
#[derive(Debug)]
pub(super) enum Shapeless {
    /// It is not JSON.
    Json(serde_json::Error),
    /// What stands under this key is not an array.
    NoArray(&'static str, serde_json::Error),
    /// It is JSON, but neither an object nor an array.
    Scalar,
    /// It holds too many.
    TooMany,
}

impl<'a> Request<'a> {
    /// Finds the events of `document`: those under `list`, those of a bare array, or the document itself; `most` at most.
    pub(super) fn of(
        document: &'a str,
        list: &'static str,
        most: usize,
    ) -> Result<Self, Shapeless> {
        let mut request = Self::default();
        let read = if document.starts_with('[') {
            request.list = Some("");
            json::elements(document, most, &mut request.events)
        } else if document.starts_with('{') {
            request.read_object(document, list, most)
        } else {
            return Err(json::check(document).map_or_else(Shapeless::Json, |()| Shapeless::Scalar));
        };
        if request.events.len() > most {
            return Err(Shapeless::TooMany);
        }
        read.map_err(|error| {
            if error.is_data() {
                Shapeless::NoArray(list, error)
            } else {
                Shapeless::Json(error)
            }
        })?;
        Ok(request)
    }

    fn read_object(
        &mut self,
        document: &'a str,
        list: &'static str,
        most: usize,
    ) -> serde_json::Result<()> {
        let Self {
            events,
            list: found,
            sent_at,
            source,
            integrations,
        } = self;
        let list_found = json::members_with_list(document, list, most, events, |key, value| {
            match &*key.decoded() {
                "integrations" => *integrations = Some(value),
                "sentAt" | "sent_at" | "upload_time" => *sent_at = Some(value),
                "writeKey" | "api_key" | "client" | "token" => {
                    *source = value.id().filter(|id| !id.is_empty())
                }
                _ => {}
            }
        })?;
        if list_found {
            *found = Some(list);
        } else {
            // They are the event's own.
            *integrations = None;
            events.push(Value::of_checked(document));
        }
        Ok(())
    }
}
