//! Numbers and durations of the configuration: each with a key, a default, a minimum and a maximum.

use std::time::Duration;

use super::duration;
use super::problem::shown;
use super::read::{Field, Object, Reader};
use super::tree::Node;

/// A whole number and its bounds.
pub(super) struct Count {
    pub(super) key: &'static str,
    pub(super) default: usize,
    pub(super) min: usize,
    pub(super) max: usize,
}

impl Count {
    /// The number under this key; the default when there is none or it was refused.
    pub(super) fn read(&self, object: &Object<'_>, reader: &mut Reader<'_>) -> usize {
        object
            .get(self.key)
            .and_then(|field| self.check(&field, reader))
            .unwrap_or(self.default)
    }

    // The bounds have been held against the number before it is cast.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss
    )]
    fn check(&self, field: &Field<'_>, reader: &mut Reader<'_>) -> Option<usize> {
        let wanted = format!(
            "a whole number from {} to {} (default {})",
            self.min, self.max, self.default
        );
        let Node::Number(number) = *field.node else {
            field.mismatch(&wanted, reader);
            return None;
        };
        if number.fract() == 0.0 && number >= self.min as f64 && number <= self.max as f64 {
            return Some(number as usize);
        }
        let found = if number.fract() != 0.0 {
            "is not a whole number".to_owned()
        } else if number.abs() < 1e15 {
            format!("is {}", number as i64)
        } else {
            "is out of bounds".to_owned()
        };
        reader.problem(&field.path, format!("{found}; write {wanted}"));
        None
    }
}

/// A duration and its bounds.
pub(super) struct Span {
    pub(super) key: &'static str,
    pub(super) default: Duration,
    pub(super) min: Duration,
    pub(super) max: Duration,
}

impl Span {
    /// The duration under this key; the default when there is none or it was refused.
    pub(super) fn read(&self, object: &Object<'_>, reader: &mut Reader<'_>) -> Duration {
        object
            .get(self.key)
            .and_then(|field| self.check(&field, reader))
            .unwrap_or(self.default)
    }

    fn check(&self, field: &Field<'_>, reader: &mut Reader<'_>) -> Option<Duration> {
        let (found, guesses) = match field.node {
            Node::String(text) => match duration::parse(text) {
                Some(span) if self.admits(span) => return Some(span),
                _ => (shown(text), duration::guesses(text)),
            },
            Node::Number(number) => ("a number".to_owned(), duration::guesses_of_number(*number)),
            _ => {
                field.mismatch(&self.wanted(self.default), reader);
                return None;
            }
        };
        let example = guesses
            .into_iter()
            .find(|guess| self.admits(*guess))
            .unwrap_or(self.default);
        reader.problem(
            &field.path,
            format!("is {found}; write {}", self.wanted(example)),
        );
        None
    }

    fn admits(&self, span: Duration) -> bool {
        (self.min..=self.max).contains(&span)
    }

    fn wanted(&self, example: Duration) -> String {
        let [min, max, default, example] =
            [self.min, self.max, self.default, example].map(duration::text);
        format!(
            "seconds from \"{min}\" to \"{max}\" (default \"{default}\"), such as \"{example}\""
        )
    }
}
