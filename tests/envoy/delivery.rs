//! How deliveries and the answer stand to each other (seed, "Considerations").

use crate::support::{assert_accepted, assert_retry, track, Setup, SOON};
use freshpaint_harness::receiver::status;
use freshpaint_harness::{Connection, H2Connection, Recorded, Reply, Request};
use serde_json::json;
use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn one_acceptance_is_enough_and_is_not_repeated() {
    let bed = Setup::new(&["crm", "warehouse"])
        .with("retry", json!({"window": "60s", "initial_backoff": "0.1s"}))
        .start();
    bed.hook("crm").set(status(503));
    let (id, answer) = bed.track();
    assert_accepted(&answer);
    assert_eq!(bed.only("warehouse").message_id(), id);
    bed.only("crm");
    // Were the failure retried, the next event would come after it.
    bed.hook("crm").set(status(200));
    std::thread::sleep(SECOND);
    let (next, _) = bed.track();
    let seen = bed.hook("crm").wait_for(2, SOON).unwrap();
    assert_eq!(seen[1].message_id(), next);
}

#[test]
fn webhooks_are_called_at_once() {
    for acknowledge in ["settled", "first_acceptance"] {
        let bed = Setup::new(&["crm", "warehouse"])
            .with("acknowledge", json!(acknowledge))
            .start();
        for name in ["crm", "warehouse"] {
            bed.hook(name).set(status(200).after(SECOND));
        }
        let begun = Instant::now();
        assert_accepted(&bed.track().1);
        let took = begun.elapsed();
        assert!(
            (SECOND..SECOND * 19 / 10).contains(&took),
            "{acknowledge}: {took:?}"
        );
        let apart = bed.only("crm").at.max(bed.only("warehouse").at)
            - bed.only("crm").at.min(bed.only("warehouse").at);
        assert!(apart < SECOND / 2, "{acknowledge}: {apart:?}");
    }
}

#[test]
fn the_answer_comes_at_first_acceptance_unless_it_waits_for_all() {
    let slow = || status(200).after(SECOND * 2);
    let took = |acknowledge: &str| {
        let bed = Setup::new(&["crm", "warehouse"])
            .with("acknowledge", json!(acknowledge))
            .start();
        bed.hook("crm").set(slow());
        let begun = Instant::now();
        assert_accepted(&bed.track().1);
        let took = begun.elapsed();
        bed.assert_metrics(&[
            ("requests.outcome.accepted", 1),
            ("events.type.track.outcome.accepted", 1),
            ("deliveries.webhook.crm.outcome.delivered", 1),
            ("attempts.webhook.crm.outcome.delivered.status_class.2xx", 1),
            ("deliveries.webhook.warehouse.outcome.delivered", 1),
            (
                "attempts.webhook.warehouse.outcome.delivered.status_class.2xx",
                1,
            ),
        ]);
        took
    };
    let first = took("first_acceptance");
    assert!(first < SECOND, "{first:?}");
    let all = took("settled");
    assert!(all >= SECOND * 2, "{all:?}");
}

#[test]
fn a_webhook_has_5_seconds() {
    let bed = Setup::new(&["crm"]).start();
    bed.hook("crm").set(Reply::silence());
    let begun = Instant::now();
    assert_retry(&bed.track().1);
    let took = begun.elapsed();
    assert!(
        (Duration::from_millis(4_950)..SECOND * 7).contains(&took),
        "{took:?}"
    );
    bed.assert_metrics(&[
        ("requests.outcome.retry", 1),
        ("events.type.track.outcome.failed", 1),
        ("attempts.webhook.crm.outcome.timeout.status_class.none", 1),
        ("deliveries.webhook.crm.outcome.timeout", 1),
    ]);
}

/// Ten events wait for one another on a webhook that takes 4 s for each. Five have their turn while
/// the webhook's whole timeout of 5 s is left of the 25 s; no later call is begun.
#[test]
fn all_deliveries_of_a_request_have_25_seconds() {
    let bed = Setup::new(&["crm"])
        .with("limits", json!({"max_in_flight_per_webhook": 1}))
        .start();
    bed.hook("crm").set(status(200).after(SECOND * 4));
    let batch: Vec<_> = (0..10)
        .map(|n| json!({"type": "track", "event": "a", "messageId": format!("m{n}"), "anonymousId": "x"}))
        .collect();
    let begun = Instant::now();
    let answer = bed.send(&Request::post(
        "/v1/batch",
        json!({"batch": batch}).to_string(),
    ));
    let took = begun.elapsed();
    assert_eq!(answer.status, 503);
    assert!((SECOND * 20..SECOND * 23).contains(&took), "{took:?}");
    let metrics = bed.metrics();
    assert_eq!(metrics["deliveries.webhook.crm.outcome.delivered"], 5);
    assert_eq!(metrics["events.type.track.outcome.accepted"], 5);
    assert_eq!(metrics["events.type.track.outcome.failed"], 5);
}

#[test]
fn a_client_that_hangs_up_changes_no_delivery() {
    for leave in ["reset", "close", "half-close"] {
        let bed = Setup::new(&["crm", "warehouse"]).start();
        bed.hook("crm").set(status(200).after(SECOND));
        bed.hook("warehouse").set(status(500).after(SECOND));
        let (id, request) = track();
        let mut client = Connection::open(bed.envoy.address()).unwrap();
        client.send(&request.to_bytes()).unwrap();
        for name in ["crm", "warehouse"] {
            assert_eq!(bed.only(name).message_id(), id, "{leave}");
        }
        let kept = match leave {
            "reset" => client.reset().map(|()| None).unwrap(),
            "half-close" => client.half_close().map(|()| Some(client)).unwrap(),
            _ => {
                drop(client);
                None
            }
        };
        bed.assert_metrics(&[
            ("requests.outcome.accepted", 1),
            ("answers.outcome.abandoned", 1),
            ("events.type.track.outcome.accepted", 1),
            ("deliveries.webhook.crm.outcome.delivered", 1),
            ("attempts.webhook.crm.outcome.delivered.status_class.2xx", 1),
            ("deliveries.webhook.warehouse.outcome.rejected", 1),
            (
                "attempts.webhook.warehouse.outcome.rejected.status_class.5xx",
                1,
            ),
        ]);
        drop(kept);
        bed.hook("crm").set(status(200));
        assert_accepted(&bed.track().1);
    }
}

#[test]
fn two_hundred_clients_at_once_on_one_worker_and_on_four() {
    for workers in [1, 4] {
        let bed = Setup::new(&["crm", "warehouse"]).workers(workers).start();
        for name in ["crm", "warehouse"] {
            bed.hook(name).set(status(200).after(SECOND / 5));
        }
        let (mut ids, requests): (Vec<_>, Vec<_>) = (0..200).map(|_| track()).unzip();
        std::thread::scope(|scope| {
            for request in &requests[..100] {
                scope.spawn(|| assert_accepted(&bed.send(request)));
            }
            let over_h2 = H2Connection::open(bed.envoy.address()).unwrap();
            over_h2
                .requests(&requests[100..])
                .unwrap()
                .iter()
                .for_each(assert_accepted);
        });
        ids.sort();
        for name in ["crm", "warehouse"] {
            let seen = bed.hook(name).wait_for(200, SOON).unwrap();
            let mut seen: Vec<_> = seen.iter().map(Recorded::message_id).collect();
            seen.sort();
            assert_eq!(seen, ids, "{workers} workers, {name}");
        }
        bed.assert_metrics(&[
            ("requests.outcome.accepted", 200),
            ("events.type.track.outcome.accepted", 200),
            ("deliveries.webhook.crm.outcome.delivered", 200),
            (
                "attempts.webhook.crm.outcome.delivered.status_class.2xx",
                200,
            ),
            ("deliveries.webhook.warehouse.outcome.delivered", 200),
            (
                "attempts.webhook.warehouse.outcome.delivered.status_class.2xx",
                200,
            ),
        ]);
        assert_eq!(bed.upstream.count(), 0);
    }
}
