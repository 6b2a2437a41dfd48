//! Reads numbers and durations and holds them against their bounds.

use std::ops::RangeInclusive;
use std::time::Duration;

use freshpaint_core::config::field::{Count, Span};

use super::duration;
use super::quote::shown;
use super::read::{Field, Reader};
use super::tree::Node;

/// The number that is written; `None` when it is refused.
pub(super) fn count(field: &Field<'_>, bounds: Count, reader: &mut Reader<'_>) -> Option<usize> {
    let Count { default, min, max } = bounds;
    let wanted = format!("a whole number from {min} to {max} (default {default})");
    whole(field, min..=max, &wanted, reader)
}

/// A status of an error.
fn status(field: &Field<'_>, bounds: &RangeInclusive<u16>, reader: &mut Reader<'_>) -> Option<u16> {
    let (min, max) = (*bounds.start(), *bounds.end());
    let wanted = format!("a status from {min} to {max}");
    whole(field, min.into()..=max.into(), &wanted, reader)
        .and_then(|status| u16::try_from(status).ok())
}

// The bounds have been held against the number before it is cast.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss
)]
fn whole(
    field: &Field<'_>,
    bounds: RangeInclusive<usize>,
    wanted: &str,
    reader: &mut Reader<'_>,
) -> Option<usize> {
    let Some(number) = field.number() else {
        field.mismatch(wanted, reader);
        return None;
    };
    let (min, max) = (*bounds.start() as f64, *bounds.end() as f64);
    if number.fract() == 0.0 && (min..=max).contains(&number) {
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

/// The duration that is written; `None` when it is refused.
pub(super) fn span(field: &Field<'_>, bounds: Span, reader: &mut Reader<'_>) -> Option<Duration> {
    let admits = |span: &Duration| (bounds.min..=bounds.max).contains(span);
    let wanted = |example| {
        let [min, max, default, example] =
            [bounds.min, bounds.max, bounds.default, example].map(duration::text);
        format!(
            "seconds from \"{min}\" to \"{max}\" (default \"{default}\"), such as \"{example}\""
        )
    };
    let (found, guesses) = match field.node {
        Node::String(text) => match duration::parse(text).filter(admits) {
            Some(span) => return Some(span),
            None => (shown(text), duration::guesses(text)),
        },
        Node::Number(number) => ("a number".to_owned(), duration::guesses_of_number(*number)),
        _ => {
            field.mismatch(&wanted(bounds.default), reader);
            return None;
        }
    };
    let example = guesses.into_iter().find(admits).unwrap_or(bounds.default);
    reader.problem(
        &field.path,
        format!("is {found}; write {}", wanted(example)),
    );
    None
}

/// Reads a list of error statuses, such as `retry.refusals`, in ascending order.
pub(super) fn statuses(
    field: &Field<'_>,
    bounds: &RangeInclusive<u16>,
    reader: &mut Reader<'_>,
) -> Option<Vec<u16>> {
    let items = field.list(
        "a list of statuses such as [400, 422], or [] for none",
        reader,
    )?;
    let mut statuses: Vec<u16> = Vec::with_capacity(items.len());
    for item in items {
        let Some(status) = status(&item, bounds, reader) else {
            continue;
        };
        match statuses.binary_search(&status) {
            Ok(_) => reader.problem(
                &item.path,
                format!("is {status} again; write each status once"),
            ),
            Err(at) => statuses.insert(at, status),
        }
    }
    Some(statuses)
}
