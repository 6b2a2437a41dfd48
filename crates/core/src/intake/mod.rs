//! Recognising a collection request and decoding it into events.
//!
//! [`recognise`] looks at the path alone. [`judge`] reads the few headers that matter and either answers at once or says to
//! [`Collection`] the body, which [`Collection::read`] then turns into events, whatever SDK sent it.
//!
//! # What is refused, and what is counted
//!
//! A request is refused with 400 when it is *not an event format at all*: its bytes do not decode, are not JSON, are not an object
//! or an array of events, or are one single object that is not an event. An event that is wrong *inside a batch* (`batch`, `e`, or a
//! bare array, be it of one) is reported on its own and its neighbours go on, and the request is answered with success: clients
//! take a 4xx for a verdict on the whole batch, and throw all of it away or send it for ever. Sizes are refused with 413 before any event is taken.
//!
//! Success is always status 200 with a body; 202 and 204 are failures to some clients, 429 makes others drop the batch.

mod body;
mod collection;
mod cors;
mod credential;
mod dialect;
mod form;
mod gzip;
mod integrations;
mod invalid;
mod message_id;
mod report;
mod route;
mod shape;
mod words;

use crate::clock::Now;
use crate::config::Config;
use crate::event::{Event, Kind};
use crate::local_reply::LocalReply;
use crate::observe::RequestOutcome;

pub use crate::observe::FilteredReason;
pub use collection::{judge, Collection};
pub use invalid::{Invalid, InvalidReason};
pub use report::{Report, Verdict};
pub use route::{recognise, Route};

/// The headers of a request; each read is a call of the host, so each is read once at most.
pub trait Headers {
    /// The value of the header with this lower-case name; several values come joined by commas.
    fn get(&self, name: &str) -> Option<Vec<u8>>;

    /// The address of the client that the host trusts, with or without a port; never what a client could write.
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
    /// Everything else.
    pub headers: &'a dyn Headers,
    /// No body follows.
    pub end_of_stream: bool,
}

/// What to do with a request, by its head.
#[derive(Debug)]
pub enum Judgement {
    /// Its path is not ours: leave it to the route.
    Pass,
    /// Answer at once, whatever its body is.
    Reply(LocalReply, RequestOutcome),
    /// Gather its body, then [`Collection::read`] it.
    Collect(Collection),
}

/// What decoding needs beside the body.
pub struct Context<'c> {
    /// When the request came in.
    pub now: Now,
    /// For the ids of events that have neither id nor time.
    pub random: &'c mut fastrand::Rng,
    /// The plugin's configuration.
    pub config: &'c Config,
}

/// What became of one event of a collection request.
// Items are handed over one by one and never gathered, so their size does not matter.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq)]
pub enum Item<'a> {
    /// An event to route.
    Event(Event<'a>),
    /// A well-formed call that is not delivered, whatever the options.
    Filtered(Option<Kind>, FilteredReason),
    /// Not an event that can be delivered; its neighbours are not hurt.
    Invalid(Invalid),
}
