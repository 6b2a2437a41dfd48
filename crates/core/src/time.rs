//! Times as SDKs write them, and as the contract writes them.

use datealgo::{datetime_to_secs, days_in_month, secs_to_datetime};

use crate::clock::UnixMillis;
use crate::config::Timestamps;
use crate::json::{self, Value};

/// 9999-12-31T23:59:59.999Z: RFC 3339 has four digits for the year.
const LAST: UnixMillis = UnixMillis(253_402_300_799_999);

/// A number over this is milliseconds, one up to this is seconds: 5138-11-16 as seconds, 1973-03-03
/// as milliseconds.
const MAX_SECONDS: f64 = 1e11;

/// Milliseconds that a client's clock may be off and still be taken to be right. The way through
/// the network takes as long, and moving timestamps by that would only blur them.
const CLOCK_TOLERANCE: i64 = 5_000;

/// Milliseconds that an event waits in an SDK, at most, while there is network. An event that is
/// this old may have waited only.
const MAX_WAIT: i64 = 60_000;

/// Reads a time: seconds or milliseconds as a number or in a string, or RFC 3339 with up to nine
/// digits of a second. A date and time without an offset is UTC.
///
/// `None` for anything else, and for a time before 1970 or after the year 9999: such an event
/// counts as one without a time.
#[must_use]
pub fn parse(value: Value<'_>) -> Option<UnixMillis> {
    let millis = match value.text() {
        None => from_number(value.number()?)?,
        Some(text) => {
            let text = text.decoded();
            match Rfc3339(text.as_bytes()).read() {
                Some(millis) => millis,
                None => from_number(json::number(&text)?)?,
            }
        }
    };
    in_range(millis)
}

fn in_range(millis: UnixMillis) -> Option<UnixMillis> {
    (UnixMillis(0)..=LAST).contains(&millis).then_some(millis)
}

fn from_number(number: f64) -> Option<UnixMillis> {
    let millis = if number > MAX_SECONDS {
        number
    } else {
        // A decimal fraction may lie just below what was written; nobody writes less than a
        // microsecond.
        (number * 1e6).round() / 1_000.0
    };
    // Truncation is exact in this range: integers up to 2^53 are.
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
    (0.0..=LAST.0 as f64)
        .contains(&millis)
        .then_some(UnixMillis(millis as i64))
}

/// Reads RFC 3339. A time without an offset is UTC.
#[must_use]
pub fn parse_rfc_3339(text: &str) -> Option<UnixMillis> {
    in_range(Rfc3339(text.as_bytes()).read()?)
}

/// The rest of a text in RFC 3339, or in the parts of ISO 8601 that SDKs use: offset, time or
/// seconds may be missing.
struct Rfc3339<'t>(&'t [u8]);

impl Rfc3339<'_> {
    fn read(mut self) -> Option<UnixMillis> {
        let year = i32::from(self.number(2)?) * 100 + i32::from(self.number(2)?);
        self.one_of(b"-")?;
        let month = self.number(2).filter(|month| (1..=12).contains(month))?;
        self.one_of(b"-")?;
        let day = self
            .number(2)
            .filter(|day| (1..=days_in_month(year, month)).contains(day))?;
        let (mut time, mut millis, mut offset) = ((0, 0, 0), 0, 0);
        if self.one_of(b"Tt ").is_some() {
            let hour = self.number(2).filter(|hour| *hour < 24)?;
            self.one_of(b":")?;
            let minute = self.number(2).filter(|minute| *minute < 60)?;
            let mut second = 0;
            if self.one_of(b":").is_some() {
                second = self.number(2).filter(|second| *second <= 60)?;
                millis = self.fraction()?;
            }
            // Unix time has no leap seconds.
            time = (hour, minute, second.min(59));
            offset = self.offset()?;
        }
        let seconds = datetime_to_secs((year, month, day, time.0, time.1, time.2)) - offset;
        self.0
            .is_empty()
            .then_some(UnixMillis(seconds * 1_000 + millis))
    }

    /// Milliseconds; further digits are cut off.
    fn fraction(&mut self) -> Option<i64> {
        if self.one_of(b".,").is_none() {
            return Some(0);
        }
        let mut millis = i64::from(self.number(1)?) * 100;
        for unit in [10, 1] {
            millis += i64::from(self.number(1).unwrap_or(0)) * unit;
        }
        while self.number(1).is_some() {}
        Some(millis)
    }

    /// Seconds east of UTC; 0 when there is no offset.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.one_of(b"Zz+-") {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Some(0),
        };
        let hours = self.number(2).filter(|hours| *hours < 24)?;
        let _ = self.one_of(b":");
        let minutes = if self.0.is_empty() {
            0
        } else {
            self.number(2).filter(|minutes| *minutes < 60)?
        };
        Some(sign * (i64::from(hours) * 3_600 + i64::from(minutes) * 60))
    }

    fn one_of(&mut self, wanted: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        wanted.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    /// A number of one or two digits.
    fn number(&mut self, digits: usize) -> Option<u8> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        let number = number.iter().try_fold(0_u8, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + (digit - b'0'))
        })?;
        self.0 = rest;
        Some(number)
    }
}

/// The time of an event by the server's clock: `received - (sent - original)`, as Segment documents
/// it.
///
/// A re-send has a later `sent` and a later `received`, so the event keeps its time. An SDK that
/// sends the same bytes again leaves `sent` as it was: nothing in such a request tells a slow
/// re-send from a clock that is slow, so the event moves by the delay once that is over the
/// tolerance. This matters only when the first try was not taken, because a re-send of an event
/// that was taken is recognised. The result is never after `received`, and `original` stands when
/// the correction would lead before 1970.
#[must_use]
pub fn correct_skew(original: UnixMillis, sent: UnixMillis, received: UnixMillis) -> UnixMillis {
    let skew = received.0.saturating_sub(sent.0);
    if (-CLOCK_TOLERANCE..=CLOCK_TOLERANCE).contains(&skew) {
        return original;
    }
    in_range(UnixMillis(original.0.saturating_add(skew)).min(received)).unwrap_or(original)
}

/// The time of an event that says how many milliseconds ago it was, and when it was `captured`.
///
/// Both say the same, and what was captured is more exact, unless the customer gave the event a
/// time of its own: then it was as long ago as it says. Up to a minute nothing tells the two cases
/// apart.
#[must_use]
pub fn ago(offset: f64, captured: Option<UnixMillis>, received: UnixMillis) -> UnixMillis {
    // The cast saturates, and NaN is not JSON.
    #[allow(clippy::cast_possible_truncation)]
    let offset = (offset as i64).max(0);
    let happened = received.0.saturating_sub(offset);
    let same = |captured: &UnixMillis| {
        offset <= MAX_WAIT || captured.0.abs_diff(happened) <= CLOCK_TOLERANCE.unsigned_abs()
    };
    let happened = in_range(UnixMillis(happened));
    captured
        .filter(|captured| happened.is_none() || same(captured))
        .or(happened)
        .unwrap_or(received)
}

/// Writes a time in UTC as RFC 3339, in quotes: `"2022-12-28T21:16:50Z"`, or with milliseconds
/// `"2022-12-28T21:16:50.123Z"`.
pub fn render(time: UnixMillis, timestamps: Timestamps, out: &mut Vec<u8>) {
    let time = time.clamp(UnixMillis(0), LAST);
    let (year, month, day, hour, minute, second) = secs_to_datetime(time.seconds().0);
    let century = u8::try_from(year / 100).unwrap_or(0);
    let of_century = u8::try_from(year % 100).unwrap_or(0);
    out.push(b'"');
    for (number, end) in [
        (century, None),
        (of_century, Some(b'-')),
        (month, Some(b'-')),
        (day, Some(b'T')),
        (hour, Some(b':')),
        (minute, Some(b':')),
        (second, None),
    ] {
        // `write!` takes ten times as long, which for an event is as much as writing the rest of
        // it.
        out.extend([b'0' + number / 10 % 10, b'0' + number % 10]);
        out.extend(end);
    }
    if timestamps == Timestamps::Milliseconds {
        let digit = |unit| b'0' + u8::try_from(time.0 / unit % 10).unwrap_or(0);
        out.extend([b'.', digit(100), digit(10), digit(1)]);
    }
    out.extend(b"Z\"");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_time_is_the_last_that_can_be_written() {
        for (millis, wanted) in [
            (LAST.0, "9999-12-31T23:59:59Z"),
            (i64::MAX, "9999-12-31T23:59:59Z"),
            (0, "1970-01-01T00:00:00Z"),
            (i64::MIN, "1970-01-01T00:00:00Z"),
        ] {
            let mut out = Vec::new();
            render(UnixMillis(millis), Timestamps::Seconds, &mut out);
            assert_eq!(out, format!("\"{wanted}\"").as_bytes());
        }
    }

    #[test]
    fn no_clock_makes_the_correction_overflow() {
        for clock in [i64::MIN, 0, i64::MAX] {
            let (seven, clock) = (UnixMillis(7), UnixMillis(clock));
            assert_eq!(correct_skew(seven, clock, clock), seven);
            let UnixMillis(corrected) = correct_skew(seven, clock, UnixMillis(1_000_000));
            assert!(
                (0..=1_000_000).contains(&corrected),
                "{clock:?}: {corrected}"
            );
        }
    }
}
