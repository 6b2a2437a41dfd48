//! Documents that are nearly JSON, and what they mean.
//!
//! Only a document that is not JSON is looked at, so this costs no other.

use crate::json;

/// A line that is not JSON, as one that is no event.
const NO_EVENT: &str = "0";

/// The JSON that is meant, if that is known. It is a third larger than the document at most.
///
/// - `NaN`, `Infinity` and `-Infinity`, which Python writes as numbers, become `null`, as
///   JavaScript writes them.
/// - Events on a line each (NDJSON), which Mixpanel's `/import` documents, become an array. Of more
///   than `most` it has one more than that.
#[cold]
pub(in crate::intake) fn mend(document: &str, most: usize) -> Option<String> {
    let Some(finite) = json::with_finite_numbers(document) else {
        return array_of_lines(document, most);
    };
    if json::check(&finite).is_ok() {
        return Some(finite);
    }
    array_of_lines(&finite, most)
}

/// The first line says whether the others are events.
fn array_of_lines(document: &str, most: usize) -> Option<String> {
    let mut array = String::with_capacity(document.len() + 2);
    let mut left = most;
    for line in document.split('\n').map(str::trim_ascii) {
        let is_event = line.starts_with('{') && json::check(line).is_ok();
        match (line.is_empty(), array.is_empty()) {
            (true, _) => continue,
            (false, true) if !is_event => return None,
            (false, first) => array.push(if first { '[' } else { ',' }),
        }
        array.push_str(if is_event { line } else { NO_EVENT });
        if left == 0 {
            break;
        }
        left -= 1;
    }
    array.push(']');
    Some(array)
}
