//! Why an event is not one, and where.

use std::fmt;

use crate::event::Kind;

/// An event that cannot be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Its type, as far as that could be read.
    pub kind: Option<Kind>,
    /// What is wrong.
    pub reason: InvalidReason,
}

/// What is wrong and where, as a sentence with a JSON path; it holds nothing that the client sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidReason {
    at: Place,
    fault: Fault,
}

/// Where an event stands in its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It is the request.
    Alone,
    /// In the array under this key; empty for a bare array.
    In(&'static str, u32),
}

/// What is wrong with one field of an event; no field is the event itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: Option<Kind>,
    pub(super) field: &'static str,
    pub(super) problem: Problem,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    Missing,
    Empty,
    NotObject,
    NotString,
    NotId,
    UnknownType,
}

impl Fault {
    pub(super) fn new(
        kind: impl Into<Option<Kind>>,
        field: &'static str,
        problem: Problem,
    ) -> Self {
        Self {
            kind: kind.into(),
            field,
            problem,
        }
    }

    pub(super) fn at(self, at: Place) -> Invalid {
        Invalid {
            kind: self.kind,
            reason: InvalidReason { at, fault: self },
        }
    }
}

impl fmt::Display for InvalidReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.fault.field;
        match self.at {
            Place::Alone if field.is_empty() => formatter.write_str("the event")?,
            Place::Alone => formatter.write_str(field)?,
            Place::In(list, index) if field.is_empty() => write!(formatter, "{list}[{index}]")?,
            Place::In(list, index) => write!(formatter, "{list}[{index}].{field}")?,
        }
        formatter.write_str(match self.fault.problem {
            Problem::Missing => " is missing",
            Problem::Empty => " is empty",
            Problem::NotObject => " is not an object",
            Problem::NotString => " is not a string",
            Problem::NotId => " is neither a string nor a number",
            Problem::UnknownType => " is none of track, page, identify, group, screen, alias",
        })
    }
}
