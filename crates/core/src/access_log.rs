//! The text about a collection request that Envoy's access log can show as `%FILTER_STATE(...)%`.

use crate::delivery::Verdict;
use crate::intake::Report;

/// The verdict, and how many events came to what.
///
/// `accepted` counts events that a webhook has, also from an earlier request; `failed` counts those
/// to be sent again.
pub(crate) fn of_verdict(verdict: &Verdict, report: &Report) -> String {
    let wanted = report
        .events
        .saturating_sub(report.invalid)
        .saturating_sub(report.filtered);
    let count = |refused: &Vec<u32>| u32::try_from(refused.len()).unwrap_or(u32::MAX);
    let (name, failed, refused) = match verdict {
        Verdict::Accepted { refused } => ("accepted", 0, count(refused)),
        Verdict::Retry { failed, .. } => ("retry", *failed, 0),
        Verdict::Overloaded { .. } => ("retry", wanted, 0),
    };
    let accepted = wanted.saturating_sub(failed).saturating_sub(refused);
    let (events, filtered, invalid) = (report.events, report.filtered, report.invalid);
    format!(
        "verdict={name} events={events} accepted={accepted} failed={failed} filtered={filtered} \
         invalid={invalid} refused={refused}"
    )
}

/// The verdict on a request of which nothing was taken, by the status of its reply.
pub(crate) fn of_status(status: u16) -> &'static str {
    match status {
        200..=299 => "verdict=preflight",
        500..=599 => "verdict=retry",
        _ => "verdict=refused",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_event_is_counted_once() {
        let mut report = Report::default();
        (report.events, report.invalid, report.filtered) = (10, 1, 2);
        let of = |verdict| of_verdict(&verdict, &report);
        let after = Duration::from_secs(1);
        let refused = vec![3, 4];
        assert_eq!(
            of(Verdict::Accepted { refused }),
            "verdict=accepted events=10 accepted=5 failed=0 filtered=2 invalid=1 refused=2"
        );
        let (held, failed) = (true, 4);
        assert_eq!(
            of(Verdict::Retry {
                after,
                held,
                failed
            }),
            "verdict=retry events=10 accepted=3 failed=4 filtered=2 invalid=1 refused=0"
        );
        assert_eq!(
            of(Verdict::Overloaded { after }),
            "verdict=retry events=10 accepted=0 failed=7 filtered=2 invalid=1 refused=0"
        );
    }

    #[test]
    fn a_request_of_which_nothing_was_taken_has_a_verdict_alone() {
        let verdicts = [200, 413, 503].map(of_status);
        assert_eq!(
            verdicts,
            ["verdict=preflight", "verdict=refused", "verdict=retry"]
        );
    }
}
