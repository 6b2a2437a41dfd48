//! Times as SDKs write them, and as the contract does.

use std::io::Write as _;

use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::Offset;
use jiff::Timestamp;

use crate::clock::UnixMillis;
use crate::json::Value;

/// 9999-12-30T22:00:00.999Z, the last time that has four digits for its year in every time zone, as RFC 3339 needs it.
const LAST: UnixMillis = 253_402_207_200_999;

/// A number over this is milliseconds, one up to this is seconds: 5138-11-16 as seconds, 1973-03-03 as milliseconds.
const MOST_SECONDS: f64 = 1e11;

/// A client's clock is taken to be right when its request is no older than this and no more than this ahead: the rest is
/// the way through the network, and moving timestamps by that would only blur them.
const CLOCK_TOLERANCE: UnixMillis = 5_000;

static PARSER: DateTimeParser = DateTimeParser::new();

/// Reads a time: seconds or milliseconds as a number or in a string, or RFC 3339 with up to nine digits of a second. A date
/// and time without an offset is UTC.
///
/// `None` for what is no time, or lies before 1970 or past the year 9999: such an event counts as one without a time.
#[must_use]
pub fn parse(value: Value<'_>) -> Option<UnixMillis> {
    let millis = match value.text() {
        None => from_number(value.number()?)?,
        Some(text) => {
            let text = text.decoded();
            match text.parse::<f64>() {
                Ok(number) => from_number(number)?,
                Err(_) => from_rfc_3339(&text)?,
            }
        }
    };
    in_range(millis)
}

fn in_range(millis: UnixMillis) -> Option<UnixMillis> {
    (0..=LAST).contains(&millis).then_some(millis)
}

fn from_number(number: f64) -> Option<UnixMillis> {
    let millis = if number > MOST_SECONDS {
        number
    } else {
        number * 1_000.0
    };
    // Truncation is exact in this range: integers up to 2^53 are.
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
    (0.0..=LAST as f64)
        .contains(&millis)
        .then_some(millis as UnixMillis)
}

fn from_rfc_3339(text: &str) -> Option<UnixMillis> {
    if let Ok(timestamp) = PARSER.parse_timestamp(text) {
        return Some(timestamp.as_millisecond());
    }
    let civil = PARSER.parse_datetime(text).ok()?;
    Some(Offset::UTC.to_timestamp(civil).ok()?.as_millisecond())
}

/// The time of an event by the server's clock: `received - (sent - original)`, as Segment documents it.
///
/// A re-send has a later `sent` and a later `received`, so the event keeps its time. The result is never after
/// `received`, and `original` stands when the correction would lead before 1970.
#[must_use]
pub fn correct_skew(original: UnixMillis, sent: UnixMillis, received: UnixMillis) -> UnixMillis {
    let skew = received.saturating_sub(sent);
    if (-CLOCK_TOLERANCE..=CLOCK_TOLERANCE).contains(&skew) {
        return original;
    }
    in_range(original.saturating_add(skew).min(received)).unwrap_or(original)
}

/// Writes whole seconds in UTC as RFC 3339, in quotes: `"2022-12-28T21:16:50Z"`.
pub fn render(seconds: i64, out: &mut Vec<u8>) {
    let timestamp = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    // Writing to a Vec does not fail.
    let _ = write!(out, "\"{timestamp}\"");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_time_is_the_last_that_can_be_written() {
        assert_eq!(LAST, Timestamp::MAX.as_millisecond());
        let mut out = Vec::new();
        render(LAST / 1_000, &mut out);
        assert_eq!(out, b"\"9999-12-30T22:00:00Z\"");
    }

    #[test]
    fn no_clock_makes_the_correction_overflow() {
        for clock in [i64::MIN, 0, i64::MAX] {
            assert_eq!(correct_skew(7, clock, clock), 7);
            let corrected = correct_skew(7, clock, 1_000_000);
            assert!((0..=1_000_000).contains(&corrected), "{clock}: {corrected}");
        }
    }
}
