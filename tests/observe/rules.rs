//! The shipped rules with every duration divided by one number, so that minutes are seconds.

use freshpaint_harness::shipped::{repository, yaml};
use serde_json::Value;
use std::fs;
use std::time::Duration;

/// The divisor of every duration.
pub(crate) const FACTOR: u64 = 30;

/// The file that is shipped.
pub(crate) fn shipped() -> String {
    fs::read_to_string(repository().join("envoy/observe/alerts.yaml")).unwrap()
}

/// How long an alert's condition may take to be seen, and then to last: the longest range and the
/// longest `for` of the shortened rules.
pub(crate) fn slowest_alert() -> Duration {
    let (shortened, _) = shorten(&shipped());
    let rules: Value = yaml(&shortened).unwrap();
    let rules = rules["groups"][0]["rules"].as_array().unwrap();
    let lasts = rules.iter().filter_map(|rule| rule["for"].as_str());
    let ranges = shortened.split('[').skip(1);
    let ranges = ranges.filter_map(|rest| Some(rest.split_once(']')?.0));
    seconds(lasts) + seconds(ranges)
}

/// The longest of these.
fn seconds<'d>(durations: impl Iterator<Item = &'d str>) -> Duration {
    let seconds = durations.map(|it| it.strip_suffix('s').unwrap().parse().unwrap());
    Duration::from_secs(seconds.max().unwrap())
}

/// The rules with each range and each `for` divided by [`FACTOR`], and the durations that were
/// found.
pub(crate) fn shorten(rules: &str) -> (String, Vec<String>) {
    let mut found = Vec::new();
    let mut divide = |duration: &str| {
        found.push(duration.to_owned());
        let minutes: u64 = duration.strip_suffix('m').unwrap().parse().unwrap();
        let seconds = minutes * 60;
        assert_eq!(
            seconds % FACTOR,
            0,
            "{duration} is no multiple of {FACTOR} s"
        );
        format!("{}s", seconds / FACTOR)
    };
    let lines = rules.lines().map(|line| {
        if let Some((before, duration)) = line.split_once("    for: ") {
            return format!("{before}    for: {}\n", divide(duration));
        }
        let mut parts = line.split('[');
        let mut short = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            match part.split_once(']') {
                Some((range, rest)) if range.starts_with(|it: char| it.is_ascii_digit()) => {
                    short += &format!("[{}]{rest}", divide(range));
                }
                _ => short += &format!("[{part}"),
            }
        }
        short + "\n"
    });
    (lines.collect(), found)
}

#[test]
fn the_shortened_rules_are_the_shipped_ones_but_for_durations() {
    let shipped = shipped();
    let (shortened, found) = shorten(&shipped);
    // Written the other way round: each duration that was found, where it was, in minutes again.
    let mut restored = String::new();
    let mut rest = shortened.as_str();
    for duration in &found {
        let minutes: u64 = duration.strip_suffix('m').unwrap().parse().unwrap();
        let short = format!("{}s", minutes * 60 / FACTOR);
        let places = [format!("[{short}]"), format!("for: {short}\n")];
        let at = places.iter().filter_map(|place| rest.find(place)).min();
        let at = at.unwrap_or_else(|| panic!("no {short} in {rest}"));
        let at = at + rest[at..].find(&short).unwrap();
        restored += &rest[..at];
        restored += duration;
        rest = &rest[at + short.len()..];
    }
    restored += rest;
    assert_eq!(restored, shipped);
    // None was left out: every duration that the parser reads was found.
    let rules: Value = yaml(&shipped).unwrap();
    let rules = rules["groups"][0]["rules"].as_array().unwrap();
    let lasts = rules.iter().filter(|rule| rule["for"].is_string()).count();
    let ranges = rules.iter().map(|rule| rule["expr"].as_str().unwrap());
    let ranges: usize = ranges
        .map(|expression| expression.matches('[').count())
        .sum();
    assert_eq!(found.len(), lasts + ranges);
}
