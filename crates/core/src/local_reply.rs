//! The reply to an SDK, exactly once per collection request.

use std::borrow::Cow;

/// An HTTP response, ready for the host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalReply {
    /// HTTP status.
    pub status: u16,
    /// Header names in lower case with their values.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// The whole body.
    pub body: Cow<'static, [u8]>,
    /// The access log's text about the request; empty when none is wanted.
    pub access_log: Cow<'static, str>,
}

impl LocalReply {
    /// An answer whose body is plain text.
    #[must_use]
    pub fn text(status: u16, body: impl Into<Cow<'static, str>>) -> Self {
        Self::of(status, "text/plain; charset=utf-8", body.into())
    }

    /// An answer whose body is JSON.
    #[must_use]
    pub fn json(status: u16, body: impl Into<Cow<'static, str>>) -> Self {
        Self::of(status, "application/json", body.into())
    }

    fn of(status: u16, content_type: &'static str, body: Cow<'static, str>) -> Self {
        let body = match body {
            Cow::Borrowed(body) => Cow::Borrowed(body.as_bytes()),
            Cow::Owned(body) => Cow::Owned(body.into_bytes()),
        };
        Self::bytes(status, content_type, body)
    }

    /// An answer with a body of this type.
    #[must_use]
    pub fn bytes(status: u16, content_type: &'static str, body: Cow<'static, [u8]>) -> Self {
        Self {
            status,
            headers: vec![("content-type", content_type.into())],
            body,
            access_log: Cow::Borrowed(""),
        }
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same reply, which no cache may keep: a `GET` could be answered from one, and its event
    /// would be lost.
    #[must_use]
    pub fn not_stored(self) -> Self {
        self.with("cache-control", "no-store")
    }
}
