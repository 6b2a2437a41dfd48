//! Regular expressions for numbers between two bounds, as text.

use std::time::Duration;

/// Whole numbers from `min` to `max`, with leading zeros and `.0`; in exponent notation any number,
/// because its size is not in its letters.
pub(super) fn count(min: usize, max: usize) -> String {
    format!(
        r"^\+?(0*({})(\.0*)?|[0-9]+(\.[0-9]*)?[eE]\+?[0-9]+)$",
        whole(min as u64, max as u64)
    )
}

/// Durations from `min` to `max`, as the parser reads them.
pub(super) fn span(min: Duration, max: Duration) -> String {
    let (low, high) = (min.as_secs(), max.as_secs());
    let [least, most] = [min, max].map(|bound| {
        let digits = format!("{:09}", bound.subsec_nanos());
        digits.trim_end_matches('0').to_owned()
    });
    let mut ways = Vec::new();
    if low == high {
        ways.push(format!("0*{low}{}", at_least(&least)));
    } else {
        ways.push(format!("0*{low}{}", at_least(&least)));
        if high > low + 1 {
            ways.push(format!(r"0*({})(\.[0-9]+)?", whole(low + 1, high - 1)));
        }
        ways.push(format!("0*{high}{}", at_most(&most)));
    }
    let ways = ways.join("|");
    format!(r"^(?=[0-9]+(\.[0-9]{{1,9}})?s$)({ways})s$")
}

/// A point and digits that are at least these; nothing counts as zero.
fn at_least(digits: &str) -> String {
    if digits.is_empty() {
        return r"(\.[0-9]+)?".into();
    }
    let mut ways = vec![format!("{digits}[0-9]*")];
    for (at, digit) in digits.char_indices().filter(|(_, digit)| *digit < '9') {
        let above = char::from_digit(digit.to_digit(10).unwrap() + 1, 10).unwrap();
        ways.push(format!("{}[{above}-9][0-9]*", digits.get(..at).unwrap()));
    }
    format!(r"\.({})", ways.join("|"))
}

/// A point and digits that are at most these; nothing counts as zero.
fn at_most(digits: &str) -> String {
    let mut ways = vec![format!("{digits}0*")];
    for (at, digit) in digits.char_indices() {
        let before = digits.get(..at).unwrap();
        if at > 0 {
            ways.push(before.to_owned());
        }
        if digit > '0' {
            let below = char::from_digit(digit.to_digit(10).unwrap() - 1, 10).unwrap();
            ways.push(format!("{before}[0-{below}][0-9]*"));
        }
    }
    format!(r"(\.({}))?", ways.join("|"))
}

/// The digits of whole numbers from `min` to `max`, without leading zeros.
pub(super) fn whole(min: u64, max: u64) -> String {
    let mut ways = Vec::new();
    let mut low = min;
    while low <= max {
        // The longest run of the same shape: a prefix, a range of one digit, and free digits.
        let mut free = 0_u32;
        while low % 10_u64.pow(free + 1) == 0 && low != 0 && low + 10_u64.pow(free + 1) - 1 <= max {
            free += 1;
        }
        let unit = 10_u64.pow(free);
        let digit = low / unit % 10;
        let most = (digit..=9)
            .rev()
            .find(|most| low + (most - digit + 1) * unit - 1 <= max);
        let most = most.unwrap();
        let prefix = match low / unit / 10 {
            0 => String::new(),
            prefix => prefix.to_string(),
        };
        let range = if most == digit {
            digit.to_string()
        } else {
            format!("[{digit}-{most}]")
        };
        let rest = match free {
            0 => String::new(),
            1 => "[0-9]".into(),
            free => format!("[0-9]{{{free}}}"),
        };
        ways.push(format!("{prefix}{range}{rest}"));
        low += (most - digit + 1) * unit;
    }
    ways.join("|")
}

#[test]
fn a_range_is_exactly_what_it_says() {
    for (min, max) in [
        (0, 0),
        (0, 9),
        (1, 100),
        (7, 1_234),
        (400, 499),
        (999, 1_001),
        (1_024, 1_030),
    ] {
        let schema = serde_json::json!({"pattern": format!("^({})$", whole(min, max))});
        let schema = jsonschema::validator_for(&schema).unwrap();
        for number in 0..=max + 20 {
            let is_in = (min..=max).contains(&number);
            assert_eq!(
                schema.is_valid(&number.to_string().into()),
                is_in,
                "{number} in {min}..{max}"
            );
        }
    }
}
