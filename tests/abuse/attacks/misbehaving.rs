//! A webhook that answers in every way but the right one, beside one that does its part.

use crate::bed::Bed;
use crate::good_client::{event, Experience};
use crate::http1::at_rate;
use crate::table::Case;
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Reply, Step};
use std::time::Duration;

/// Events a second beside the good client's: so few that each has a call, also where none ends. A
/// webhook begins with 64 calls at a time here.
const RATE: u64 = 8;
/// More than the 5 s of a call.
const PATIENCE: Duration = Duration::from_secs(12);

pub(crate) const IN_EVERY_WAY: Case = Case {
    name: "a webhook that answers wrongly in every way",
    in_short: false,
    run: |plan| {
        let bed = Bed::start(1);
        let time = plan.lasts(2);
        let mut seen = Experience::default();
        let (mut refused, mut other, mut unfinished) = (0, 0, 0);
        for (reply, outcome) in replies() {
            bed.crm.set(reply);
            let before = outcomes(&bed);
            let count = (RATE * time.as_secs()) as usize;
            let send = || {
                let events = at_rate(bed.address(), count, time, PATIENCE, |_| event().to_bytes());
                events.iter().filter(|one| one.status != Some(200)).count()
            };
            let (failed, experience) = bed.beside(send);
            refused += failed;
            seen.add(experience);
            let active = "cluster.crm.upstream_rq_active";
            let ended = bed.envoy.wait_for_stat(active, 0, PATIENCE);
            unfinished += usize::from(ended.is_err());
            // Counts of the module reach Envoy within a second.
            let is_counted = poll(PATIENCE, || {
                (total(&outcomes(&bed)) >= total(&before) + count as u64).then_some(())
            });
            unfinished += usize::from(is_counted.is_none());
            for ((name, now), (_, then)) in outcomes(&bed).iter().zip(&before) {
                if *name != outcome {
                    other += (now - then) as usize;
                }
            }
        }
        let mut measures = bed.judge(&seen);
        measures.none("events not taken", refused);
        measures.none("other outcomes than the manual's", other);
        measures.none("calls without an end", unfinished);
        measures
    },
};

/// The webhook's behaviour, and how docs/operations.md says that the delivery ends.
fn replies() -> Vec<(Reply, &'static str)> {
    let drip = |head: &str, piece: Vec<u8>| {
        let head = Step::Send(head.to_owned().into());
        Reply::Steps(vec![
            head,
            Step::Drip(piece.into(), Duration::from_millis(1)),
        ])
    };
    let header = format!("x-more: {}\r\n", "a".repeat(1_000)).into_bytes();
    let chunk = [b"4000\r\n".to_vec(), vec![b'a'; 0x4000], b"\r\n".to_vec()].concat();
    vec![
        (drip("HTTP/1.1 200 OK\r\n", header), "unreachable"),
        (
            drip("", b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
            "timeout",
        ),
        (
            drip(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
                chunk,
            ),
            "unreachable",
        ),
        (Reply::drip(), "timeout"),
        (Reply::reset_before_headers(), "unreachable"),
        (Reply::reset_in_headers(), "unreachable"),
        (Reply::reset_after_headers(), "unreachable"),
        (Reply::partial(), "unreachable"),
        (Reply::garbage(), "unreachable"),
    ]
}

const OUTCOMES: [&str; 5] = [
    "delivered",
    "rejected",
    "timeout",
    "unreachable",
    "not_sent",
];

fn outcomes(bed: &Bed) -> [(&'static str, u64); 5] {
    let metrics = bed.envoy.metrics().unwrap();
    OUTCOMES.map(|outcome| {
        let name = format!("deliveries.webhook.crm.outcome.{outcome}");
        (outcome, metrics.get(&name).copied().unwrap_or(0))
    })
}

fn total(outcomes: &[(&str, u64)]) -> u64 {
    outcomes.iter().map(|(_, count)| count).sum()
}
