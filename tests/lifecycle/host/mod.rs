//! A host for the module on one thread: what Envoy does for one worker, to be told step by step.
//!
//! The host's functions are symbols of this program, by the names that the module imports
//! (proxy-wasm ABI 0.2.1 and WASI), and the module's callbacks are the SDK's own exports; so the
//! real SDK and the whole of the shell run natively. The functions answer as Envoy 1.40 does.
//!
//! No panic unwinds through the module: one of the module's ends the program, as it would end a
//! worker's VM, and what a host function finds to be wrong is written down as a violation and
//! raised when the module has returned.

mod callbacks;
mod effects;
mod memory;
mod observe;
mod request;
mod shared;
mod state;
mod time;
mod traffic;
mod unused;
mod views;
mod vm;
mod wasi;
mod wire;

use std::time::Duration;

pub(crate) use request::Request;
pub(crate) use vm::{Host, RootId, StreamId};

/// Header names and values in order.
pub(crate) type Headers = Vec<(String, Vec<u8>)>;

/// An HTTP call that the module has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) token: u32,
    pub(crate) cluster: String,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
    pub(crate) timeout: Duration,
}

/// The reply to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u32,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

impl Call {
    /// The webhook's host: what tells the calls of several webhooks apart.
    pub(crate) fn authority(&self) -> &str {
        self.header(":authority")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        text_of(&self.headers, name)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        text_of(&self.headers, name)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

fn text_of<'h>(headers: &'h Headers, name: &str) -> &'h str {
    headers
        .iter()
        .find(|(known, _)| known == name)
        .map_or("", |(_, value)| std::str::from_utf8(value).unwrap())
}
