//! How deliveries and the answer stand to each other (seed, "Considerations").

use crate::support::{assert_accepted, assert_retry, track, Setup, SOON};
use freshpaint_harness::receiver::status;
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Connection, Gate, H2Connection, Recorded, Reply, Request};
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

/// Neither webhook answers before both are called.
#[test]
fn webhooks_are_called_at_once() {
    for acknowledge in ["settled", "first_acceptance"] {
        let bed = Setup::new(&["crm", "warehouse"])
            .with("acknowledge", json!(acknowledge))
            .start();
        let gate = Gate::closed();
        for name in ["crm", "warehouse"] {
            bed.hook(name).set(status(200).behind(&gate));
        }
        let (id, request) = track();
        let mut client = Connection::open(bed.envoy.address()).unwrap();
        client.send(&request.to_bytes()).unwrap();
        for name in ["crm", "warehouse"] {
            assert_eq!(bed.only(name).message_id(), id, "{acknowledge}");
        }
        gate.open();
        assert_accepted(&client.response().unwrap());
    }
}

#[test]
fn the_answer_comes_at_first_acceptance_unless_it_waits_for_all() {
    for (acknowledge, waits) in [("first_acceptance", false), ("settled", true)] {
        let bed = Setup::new(&["crm", "warehouse"])
            .with("acknowledge", json!(acknowledge))
            .start();
        let gate = Gate::closed();
        bed.hook("crm").set(status(200).behind(&gate));
        let mut client = Connection::open(bed.envoy.address()).unwrap();
        client.send(&track().1.to_bytes()).unwrap();
        bed.only("crm");
        if waits {
            let early = client.response_within(SECOND);
            assert!(early.is_err(), "before the last webhook: {early:?}");
            gate.open();
        }
        assert_accepted(&client.response().unwrap());
        gate.open();
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
    }
}

#[test]
fn a_webhook_has_5_seconds() {
    let bed = Setup::new(&["crm"]).start();
    bed.hook("crm").set(Reply::silence());
    let begun = Instant::now();
    assert_retry(&bed.track().1);
    let took = begun.elapsed();
    assert!(
        (Duration::from_millis(4_950)..SECOND * 10).contains(&took),
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
    assert!((SECOND * 20..SECOND * 24).contains(&took), "{took:?}");
    let names = [
        "deliveries.webhook.crm.outcome.delivered",
        "events.type.track.outcome.accepted",
        "events.type.track.outcome.failed",
    ];
    let mut counts = [None; 3];
    poll(SOON, || {
        let metrics = bed.metrics();
        counts = names.map(|name| metrics.get(name).copied());
        (counts == [Some(5); 3]).then_some(())
    });
    assert_eq!(counts, [Some(5); 3], "{names:?}");
}

#[test]
fn a_client_that_hangs_up_changes_no_delivery() {
    for leave in ["reset", "close", "half-close"] {
        let bed = Setup::new(&["crm", "warehouse"]).start();
        let gate = Gate::closed();
        bed.hook("crm").set(status(200).behind(&gate));
        bed.hook("warehouse").set(status(500).behind(&gate));
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
        // Envoy has heard of it before any webhook answers.
        let active = "http.collect.downstream_rq_active";
        bed.envoy.wait_for_stat(active, 0, SOON).unwrap();
        gate.open();
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
