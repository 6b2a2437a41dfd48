//! Why an event is invalid, and where.

use std::fmt;

use crate::event::Kind;

/// An event that cannot be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Its type, as far as that could be read.
    pub kind: Option<Kind>,
    /// The problem.
    pub reason: InvalidReason,
}

/// The reason why an event is invalid, as a sentence with a JSON path. It repeats nothing that the
/// client sent.
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

/// A wrong field of an event; the empty field is the event itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: Option<Kind>,
    pub(super) field: &'static str,
    pub(super) defect: Defect,
}

/// The problem of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Defect {
    Missing,
    Empty,
    NotObject,
    NotString,
    NotId,
    UnknownType,
    /// One rule's own reason, as it follows the field: "is older than collect.max_event_age".
    Because(&'static str),
}

impl Place {
    /// The place of the event at `index`, in the array under this key if there is one.
    pub(super) fn of(list: Option<&'static str>, index: u32) -> Self {
        list.map_or(Self::Alone, |list| Self::In(list, index))
    }
}

impl InvalidReason {
    /// Every webhook has refused the event for good.
    pub(super) fn refused(at: Place) -> Self {
        let reason = Defect::Because("was refused by every webhook");
        Fault::new(None, "", reason).at(at).reason
    }
}

impl Fault {
    pub(super) fn new(kind: impl Into<Option<Kind>>, field: &'static str, defect: Defect) -> Self {
        Self {
            kind: kind.into(),
            field,
            defect,
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
        let defect = match self.fault.defect {
            Defect::Because(reason) => return write!(formatter, " {reason}"),
            Defect::Missing => " is missing",
            Defect::Empty => " is empty",
            Defect::NotObject => " is not an object",
            Defect::NotString => " is not a string",
            Defect::NotId => " is neither a string nor a number",
            Defect::UnknownType => " is none of track, page, identify, group, screen, alias",
        };
        formatter.write_str(defect)
    }
}
