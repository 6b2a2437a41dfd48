//! Durations as Envoy writes them in JSON: `google.protobuf.Duration`, seconds with an `s`.

use std::time::Duration;

/// Reads `5s`, `1.5s`, `0.250s`: digits, at most nine more after a point, and an `s`.
pub(super) fn parse(text: &str) -> Option<Duration> {
    decimal(text.strip_suffix('s')?)
}

/// Writes a duration as [`parse`] reads it, without needless zeros.
pub(super) fn text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match duration.subsec_nanos() {
        0 => format!("{seconds}s"),
        nanos => {
            let digits = format!("{nanos:09}");
            format!("{seconds}.{}s", digits.trim_end_matches('0'))
        }
    }
}

/// The durations that somebody who wrote another notation may have meant (`5000ms`, `5m`, `5`,
/// `5000`), the likeliest first.
pub(super) fn guesses(text: &str) -> Vec<Duration> {
    let text = text.trim().to_ascii_lowercase();
    let unit_at = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let Some(number) = decimal(number) else {
        return Vec::new();
    };
    let guess = match unit.trim() {
        "" => return vec![number, number / 1_000],
        "s" | "sec" | "secs" | "second" | "seconds" => Some(number),
        "ms" | "msec" | "millis" | "milliseconds" => Some(number / 1_000),
        "m" | "min" | "mins" | "minute" | "minutes" => number.checked_mul(60),
        "h" | "hour" | "hours" => number.checked_mul(3_600),
        _ => None,
    };
    guess.into_iter().collect()
}

/// The duration that somebody who wrote a bare number may have meant: seconds, else milliseconds.
pub(super) fn guesses_of_number(number: f64) -> Vec<Duration> {
    let seconds = Duration::try_from_secs_f64(number).ok();
    seconds
        .into_iter()
        .flat_map(|seconds| [seconds, seconds / 1_000])
        .collect()
}

/// Seconds in decimal notation, exact to the nanosecond.
fn decimal(text: &str) -> Option<Duration> {
    let (whole, fraction) = text
        .split_once('.')
        .map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let fraction = fraction.unwrap_or("0");
    if !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let nanos = format!("{fraction:0<9}").parse().ok()?;
    Some(Duration::new(whole.parse().ok()?, nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_protobuf_writes() {
        let cases = [
            ("5s", Some(Duration::from_secs(5))),
            ("1.5s", Some(Duration::from_millis(1_500))),
            ("0.250s", Some(Duration::from_millis(250))),
            ("0s", Some(Duration::ZERO)),
            ("0.000000001s", Some(Duration::from_nanos(1))),
            ("0.0000000001s", None),
            ("99999999999999999999s", None),
            ("-1s", None),
            ("+1s", None),
            (".5s", None),
            ("5.s", None),
            ("5", None),
            ("5ms", None),
            ("1e3s", None),
            (" 5s", None),
            ("5 s", None),
            ("s", None),
            ("", None),
        ];
        for (text, duration) in cases {
            assert_eq!(parse(text), duration, "{text:?}");
        }
    }

    #[test]
    fn writes_what_it_reads() {
        for (millis, written) in [
            (0, "0s"),
            (1, "0.001s"),
            (250, "0.25s"),
            (5_000, "5s"),
            (900_000, "900s"),
        ] {
            let duration = Duration::from_millis(millis);
            assert_eq!(text(duration), written);
            assert_eq!(parse(written), Some(duration));
        }
    }
}
