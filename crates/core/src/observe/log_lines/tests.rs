use super::*;
use crate::delivery::obstacle::Obstacle;
use crate::testing;

const PAYLOAD: &[u8] = br#"{"event":"a","type":"track","messageId":"m-1"}"#;

fn texts(log_lines: &mut LogLines) -> Vec<String> {
    let notices = log_lines.take().into_iter();
    notices.map(|notice| notice.text).collect()
}

#[test]
fn an_outage_writes_one_line_in_ten_seconds_and_counts_the_rest() {
    let webhook = testing::webhook("crm");
    let mut log_lines = LogLines::default();
    for now in 0..10_000 {
        log_lines.failure(0, &webhook, Outcome::Timeout, 1, PAYLOAD, now);
    }
    log_lines.failure(0, &webhook, Outcome::Timeout, 3, PAYLOAD, 10_000);
    let lines = texts(&mut log_lines);
    assert_eq!(
        lines,
        [
            "webhook crm: could not send: no answer in time (timeout), attempt 1, \
                 event a461b472cb41a9ec",
            "webhook crm: could not send: no answer in time (timeout), attempt 3, \
                 event a461b472cb41a9ec (9999 more like it since the last such line)",
        ]
    );
}

#[test]
fn where_nothing_can_be_sent_the_cluster_and_the_remedy_are_named() {
    let webhook = testing::webhook("crm");
    let mut log_lines = LogLines::default();
    let unknown = Outcome::NotSent(NotSent::UnknownCluster);
    let denied = Outcome::Unreachable(Obstacle::AddressRefused);
    for outcome in [unknown, denied] {
        log_lines.failure(0, &webhook, outcome, 1, PAYLOAD, 0);
    }
    let lines: Vec<_> = log_lines.take().into_iter().map(|line| line.text).collect();
    assert_eq!(
            lines,
            [
                "webhook crm: could not send: Envoy has no cluster \"crm\", or its egress no \
                 route; add it to the Envoy file, or write another `cluster` (not_sent), attempt 1, \
                 event a461b472cb41a9ec",
                "webhook crm: could not send through the cluster \"crm\": its \
                 resolved_address_filter refuses the webhook's private address (address_denied); \
                 give the webhook a cluster of its own (unreachable), attempt 1, event a461b472cb41a9ec",
            ]
        );
}

#[test]
fn a_webhook_that_comes_and_goes_does_not_flood_the_log() {
    let webhook = testing::webhook("crm");
    let mut log_lines = LogLines::default();
    for now in 0..=10_000 {
        log_lines.given_up(0, &webhook, now);
        log_lines.back(0, &webhook, now);
    }
    let lines: Vec<_> = log_lines
        .take()
        .into_iter()
        .map(|notice| (notice.level, notice.text))
        .collect();
    let given_up =
        "webhook crm: keeps failing, kept events are tried one at a time until it answers";
    let back = "webhook crm: answers again";
    let more = " (9999 more like it since the last such line)";
    assert_eq!(
        lines,
        [
            (log::Level::Warn, given_up.to_owned()),
            (log::Level::Info, back.to_owned()),
            (log::Level::Warn, format!("{given_up}{more}")),
            (log::Level::Info, format!("{back}{more}")),
        ]
    );
}

#[test]
fn tells_a_refusal_from_a_way_that_is_blocked() {
    let webhook = testing::webhook("crm");
    let mut log_lines = LogLines::default();
    for (now, status) in [(0, 302), (10_000, 403), (20_000, 500)] {
        let refused = Outcome::Rejected {
            status,
            retry_after: None,
        };
        log_lines.failure(0, &webhook, refused, 1, PAYLOAD, now);
    }
    log_lines.failure(
        0,
        &webhook,
        Outcome::NotSent(NotSent::NoCapacity),
        1,
        PAYLOAD,
        0,
    );
    let lines = texts(&mut log_lines);
    assert_eq!(
        lines,
        [
            "webhook crm: refused with status 302, and redirects are not followed: write the url \
                 that it leads to, attempt 1, event a461b472cb41a9ec",
            "webhook crm: refused with status 403: look at its headers and secrets, attempt 1, \
                 event a461b472cb41a9ec",
            "webhook crm: refused with status 500, attempt 1, event a461b472cb41a9ec",
            "webhook crm: could not send through the cluster \"crm\": no healthy host, DNS not \
                 resolved, no secret (SDS) or circuit breaker full (not_sent), attempt 1, event \
                 a461b472cb41a9ec",
        ]
    );
}

#[test]
fn an_event_that_is_given_up_is_named_by_its_hashed_id() {
    let mut log_lines = LogLines::default();
    log_lines.dropped(HeldOutcome::Expired, PAYLOAD, 0);
    let lines: Vec<_> = log_lines.take().into_iter().map(|line| line.text).collect();
    // printf %s m-1 | sha256sum | cut -c1-16
    assert_eq!(
        lines,
        ["event a461b472cb41a9ec is given up: retry.window has ended"]
    );
}
