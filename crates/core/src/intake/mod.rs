//! Recognising a collection request and decoding it into events.
//!
//! [`recognise`] looks at the path alone. [`judge`] reads the few headers that matter, and either
//! answers at once or returns a [`Collection`], whose body has to be gathered. [`Collection::read`]
//! turns the body into events.
//!
//! A body goes this way: `collection.rs` takes its layers off (`body/`), finds the events
//! (`envelope.rs`), has the dialect read each of them (`dialect/<sdk>.rs`), and finishes each
//! (`finish.rs`, `message_id.rs`). The words of refusals are in `refusal.rs`.
//!
//! # What is refused, and what is counted
//!
//! A request is refused with 400 when it is *not an event format at all*: its bytes do not decode,
//! are not JSON, are not an object or an array of events, or are one single object that is not an
//! event. (What is nearly JSON is read, though: `body/mend.rs`.) An event that is wrong *inside a
//! batch* (`batch`, `e`, or a bare array, even of one) is reported on its own and its neighbours go
//! on. Such a request is answered with success: clients apply a 4xx to the whole batch, and drop
//! all of it or send it for ever. A request that is too large is refused with 413 before any event
//! is taken.
//!
//! Success is status 200 with a body, unless the SDK expects another one: some clients take 202 and
//! 204 for failures. 429 is never used: it makes some clients drop the batch.

#[macro_use]
mod fields;

mod body;
mod collection;
mod context;
mod cors;
mod credential;
pub mod dialect;
mod draft;
mod envelope;
mod finish;
mod head;
mod integrations;
mod invalid;
mod message_id;
mod refusal;
mod report;
mod response;
mod route;

use crate::clock::Now;
use crate::config::Config;
use crate::event::{Event, Kind};
use crate::local_reply::LocalReply;
use crate::observe::labels::RequestOutcome;

pub use crate::observe::labels::FilteredReason;
pub use body::gunzip;
pub use collection::Collection;
pub use head::judge;
pub use invalid::{Invalid, InvalidReason};
pub use refusal::Excess;
pub use report::Report;
pub use route::{recognise, Route};

/// The headers of a request. Each read is a call of the host, so each header is read at most once.
pub trait Headers {
    /// The value of the header with this lower-case name; several values come joined by commas.
    fn get(&self, name: &str) -> Option<Vec<u8>>;

    /// The client's address that the host trusts, with or without a port; never one that the client
    /// can write.
    fn client_address(&self) -> Option<Vec<u8>> {
        None
    }
}

/// The head of a request, as bytes from the wire.
pub struct Head<'a> {
    /// `:method`
    pub method: &'a [u8],
    /// `:path`, with its query.
    pub path: &'a [u8],
    /// All other headers.
    pub headers: &'a dyn Headers,
    /// No body follows.
    pub end_of_stream: bool,
}

/// A request without headers.
struct NoHeaders;

impl Headers for NoHeaders {
    fn get(&self, _: &str) -> Option<Vec<u8>> {
        None
    }
}

impl<'a> Head<'a> {
    /// The head of a `POST` with a body and without further headers.
    #[must_use]
    pub fn post(path: &'a [u8]) -> Self {
        Self {
            method: b"POST",
            path,
            headers: &NoHeaders,
            end_of_stream: false,
        }
    }

    /// The size of the body, where the head says it.
    #[must_use]
    pub fn declared_length(&self) -> Option<u64> {
        let length = self.headers.get("content-length")?;
        std::str::from_utf8(&length).ok()?.trim().parse().ok()
    }
}

/// The verdict on a request, by its head.
#[derive(Debug)]
pub enum Judgement {
    /// Its path is not ours: leave it to the route.
    Pass,
    /// Answer at once, whatever its body is.
    Reply(LocalReply, RequestOutcome),
    /// Gather its body, then [`Collection::read`] it.
    Collect(Collection),
}

/// The things that decoding needs beside the body.
pub struct Context<'c> {
    /// When the request came in.
    pub now: Now,
    /// For the ids of events that have neither id nor time.
    pub random: &'c mut fastrand::Rng,
    /// The plugin's configuration.
    pub config: &'c Config,
}

/// The result of reading one event of a collection request.
// Items are handed on one by one and never gathered, so their size does not matter.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq)]
pub enum Item<'a> {
    /// An event to route.
    Event(Event<'a>),
    /// A well-formed call that is not delivered, whatever the options.
    Filtered(Option<Kind>, FilteredReason),
    /// Not an event that can be delivered; the other events of the request go on.
    Invalid(Invalid),
}
