//! The forms of a body with several events.

/// The form of a body with several events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BatchFormat {
    /// A JSON array of payloads (RFC 8259).
    #[default]
    JsonArray,
    /// One payload in each line, each line ended by a line feed (<https://github.com/ndjson>).
    Ndjson,
}

impl BatchFormat {
    /// The formats and what they are called.
    pub const NAMED: [(&'static str, Self); 2] =
        [("json_array", Self::JsonArray), ("ndjson", Self::Ndjson)];

    /// The media type of the body.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::JsonArray => "application/json",
            Self::Ndjson => "application/x-ndjson",
        }
    }
}
