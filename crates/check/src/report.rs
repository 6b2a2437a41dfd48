//! The findings of the check.

use std::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Envoy or the module refuses the file, or events are lost.
    Error,
    /// It works, and probably not as it is meant.
    Warning,
}

/// One thing that is wrong, or doubtful, in a file.
///
/// Its `Display` is one line: `<file>:<line>: <path>: <problem>; <remedy>`, with `warning: ` before
/// the path
/// of a warning. It never shows the value of a header, of a variable or of a url.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, as it was named.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// How bad it is.
    pub severity: Severity,
    /// Where in the file, in words; `webhooks[0].url` inside the module's own configuration.
    pub path: String,
    /// The problem, and the remedy.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: ", self.file, self.line)?;
        if self.severity == Severity::Warning {
            out.write_str("warning: ")?;
        }
        if !self.path.is_empty() {
            write!(out, "{}: ", self.path)?;
        }
        out.write_str(&self.message)
    }
}

/// Everything that was found, in the order of the files and their lines.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// In the order of files and lines.
    pub findings: Vec<Finding>,
    /// How many filters use the module.
    pub uses: usize,
}

impl Report {
    /// Whether anything is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        let is_error = |finding: &Finding| finding.severity == Severity::Error;
        self.findings.iter().any(is_error)
    }

    /// Sorts the findings. Two rules that look at the same place say the same once.
    pub(crate) fn finish(mut self) -> Self {
        self.findings.sort();
        self.findings.dedup();
        self
    }
}
