//! Problems of a configuration, in words for the person who wrote it.

use std::fmt;

/// One thing wrong, or doubtful, in a configuration.
///
/// Its `Display` is one log line, `<path>: <what is wrong>; write <what instead>`. It never shows
/// the value of a header, of an environment variable or of a url.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Where, from the root: `webhooks[0].url`; empty for the configuration as a whole.
    pub path: String,
    /// The problem, and the remedy.
    pub message: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(out, "{}: ", self.path)?;
        }
        out.write_str(&self.message)
    }
}
