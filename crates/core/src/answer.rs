//! What the SDK gets, exactly once per collection request.

use std::borrow::Cow;

/// An HTTP response, ready for the host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Header names in lower case with their values.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// The whole body.
    pub body: Cow<'static, [u8]>,
}
