//! Each way in which a delivery fails, and what looks like a failure and is none: the client's
//! answer beside a webhook that accepts and beside one that does not, and the outcome that is
//! counted.

use crate::support::{assert_accepted, assert_retry, webhook, Bed, Setup, SOON};
use freshpaint_harness::receiver::{status, Protocol};
use freshpaint_harness::tls::Certificate;
use freshpaint_harness::{Cluster, Port, Receiver, Reply};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// The timeout of a webhook that does not answer, so that the suite need not wait for 5 s each
/// time. One that answers has those 5 s: on a busy machine it may need more than half a second.
const TIMEOUT: &str = "0.5s";

/// `crm` does as it is told, `warehouse` accepts.
fn setup() -> Setup {
    Setup::new(&["crm", "warehouse"])
}

/// The counts when `warehouse` accepts one event and fails another one, which nobody has then.
const WAREHOUSE_ACCEPTS_AND_FAILS: [(&str, u64); 8] = [
    ("requests.outcome.accepted", 1),
    ("requests.outcome.retry", 1),
    ("events.type.track.outcome.accepted", 1),
    ("events.type.track.outcome.failed", 1),
    ("deliveries.webhook.warehouse.outcome.delivered", 1),
    (
        "attempts.webhook.warehouse.outcome.delivered.status_class.2xx",
        1,
    ),
    (
        "attempts.webhook.warehouse.outcome.rejected.status_class.5xx",
        1,
    ),
    ("deliveries.webhook.warehouse.outcome.rejected", 1),
];

/// Sends one event while `warehouse` accepts and one while it does not. `outcome` is that of an
/// attempt, with its class of status.
fn assert_failure(bed: &mut Bed, case: &str, reply: Reply, outcome: &str) {
    println!("{case}");
    bed.forget_metrics();
    bed.hook("crm").set(reply);
    assert_accepted(&bed.track().1);
    bed.hook("warehouse").set(status(500));
    assert_retry(&bed.track().1);
    bed.hook("warehouse").set(status(200));
    let mut expected = WAREHOUSE_ACCEPTS_AND_FAILS.to_vec();
    let (delivery, _) = outcome.split_once('.').unwrap();
    let ended = format!("deliveries.webhook.crm.outcome.{delivery}");
    let failed = format!("attempts.webhook.crm.outcome.{outcome}");
    expected.extend([(ended.as_str(), 2), (&failed, 2)]);
    bed.assert_metrics(&expected);
}

#[test]
fn an_answer_other_than_2xx_is_rejected() {
    let mut bed = setup().start();
    for code in [
        300, 304, 400, 401, 404, 408, 410, 429, 500, 501, 502, 503, 504, 599,
    ] {
        let outcome = format!("rejected.status_class.{}xx", code / 100);
        assert_failure(&mut bed, &code.to_string(), status(code).into(), &outcome);
    }
    let odd = status(500)
        .header("x-odd", b"\xff\xfe\x80".to_vec())
        .header("retry-after", b"\xff".to_vec());
    assert_failure(
        &mut bed,
        "odd headers",
        odd.into(),
        "rejected.status_class.5xx",
    );
}

#[test]
fn a_redirect_is_rejected_and_not_followed() {
    let mut bed = setup().start();
    let elsewhere = Receiver::start().unwrap();
    for code in [301, 302, 303, 307, 308] {
        let location = format!("http://{}/there", elsewhere.address());
        let reply = status(code).header("location", location);
        let outcome = "rejected.status_class.3xx";
        assert_failure(&mut bed, &code.to_string(), reply.into(), outcome);
    }
    assert_eq!(elsewhere.count(), 0);
    assert_eq!(bed.hook("crm").count(), 10);
}

#[test]
fn a_broken_connection_is_unreachable() {
    let mut bed = setup().start();
    for (case, reply) in [
        ("reset before the headers", Reply::reset_before_headers()),
        ("reset in the headers", Reply::reset_in_headers()),
        ("reset after the headers", Reply::reset_after_headers()),
        ("half an answer", Reply::partial()),
        ("not HTTP", Reply::garbage()),
    ] {
        assert_failure(&mut bed, case, reply, "unreachable.status_class.none");
    }
}

#[test]
fn no_whole_answer_in_time_is_a_timeout() {
    let setup = setup().with_webhook(0, "timeout", json!(TIMEOUT));
    let mut bed = setup.start();
    let late = status(200).after(Duration::from_secs(2));
    for (case, reply) in [
        ("silence", Reply::silence()),
        ("too late", late.into()),
        ("headers in time, body without end", Reply::drip()),
    ] {
        assert_failure(&mut bed, case, reply, "timeout.status_class.none");
    }
}

#[test]
fn any_2xx_is_delivered_whatever_comes_with_it() {
    let mut bed = Setup::new(&["crm"]).start();
    let large = vec![b'x'; 1 << 20];
    let many = (0..90).fold(status(200), |answer, n| {
        answer.header(&format!("x-{n}"), "v")
    });
    for (case, reply) in [
        ("200", status(200)),
        ("201", status(201)),
        ("202", status(202)),
        ("204", status(204)),
        ("299", status(299)),
        ("1 MiB", status(200).body(large)),
        (
            "not UTF-8",
            status(200)
                .header("x-odd", b"\xff\xfe".to_vec())
                .body(&b"\xff"[..]),
        ),
        ("90 headers", many),
        (
            "gzip that is none",
            status(200).header("content-encoding", "gzip").body("x"),
        ),
    ] {
        println!("{case}");
        bed.forget_metrics();
        bed.hook("crm").set(reply);
        assert_accepted(&bed.track().1);
        bed.assert_metrics(&[
            ("requests.outcome.accepted", 1),
            ("events.type.track.outcome.accepted", 1),
            ("deliveries.webhook.crm.outcome.delivered", 1),
            ("attempts.webhook.crm.outcome.delivered.status_class.2xx", 1),
        ]);
    }
}

/// Envoy breaks an answer off at 32 MiB, and then does not say what its status was.
#[test]
fn an_answer_over_the_hosts_limit_is_unreachable() {
    let mut bed = setup().start();
    let huge = status(200).body(vec![b'x'; 33 << 20]);
    assert_failure(
        &mut bed,
        "33 MiB",
        huge.into(),
        "unreachable.status_class.none",
    );
    bed.hook("crm").set(status(200));
    assert_accepted(&bed.track().1);
}

#[test]
fn a_cluster_that_cannot_be_used_is_told_by_its_reason() {
    let certificate = Arc::new(Certificate::for_names(&["tls.test"]).unwrap());
    let stranger = Certificate::for_names(&["tls.test"]).unwrap();
    let tls = Receiver::with(Protocol::Tls {
        certificate: Arc::clone(&certificate),
        http2: true,
    })
    .unwrap();
    let plain = Receiver::start().unwrap();
    let closed = Port::reserve().unwrap();
    let trusting = |name: &str, address, ca: &Certificate| Cluster {
        trusted_ca: Some(ca.pem()),
        ..Cluster::new(name, address)
    };

    let mut setup = Setup::new(&["warehouse"]);
    setup.config.clusters.extend([
        Cluster::empty("empty"),
        Cluster {
            breaker: Some(0),
            ..Cluster::new("full", plain.address())
        },
        Cluster::new("refused", closed.address()),
        trusting("authority", tls.address(), &stranger),
        trusting("name", tls.address(), &certificate),
        trusting("no_tls", plain.address(), &certificate),
        trusting("verified", tls.address(), &certificate),
    ]);
    let cases = [
        ("unknown", "not_sent"),
        ("empty", "not_sent"),
        ("full", "not_sent"),
        ("refused", "unreachable"),
        ("authority", "unreachable"),
        ("name", "unreachable"),
        ("no_tls", "unreachable"),
    ];
    let webhooks = setup.plugin["webhooks"].as_array_mut().unwrap();
    for (name, _) in cases {
        webhooks.push(webhook(name));
    }
    webhooks[4]["url"] = json!("https://tls.test/in");
    webhooks[5]["url"] = json!("https://tls.test/in");
    webhooks[6]["url"] = json!("https://other.test/in");
    webhooks[7]["url"] = json!("https://tls.test/in");
    let webhooks = webhooks.clone();
    let bed = setup.start();

    assert_accepted(&bed.track().1);
    bed.hook("warehouse").set(status(500));
    assert_retry(&bed.track().1);
    let failures: Vec<_> = cases
        .iter()
        .flat_map(|(name, outcome)| {
            let attempts = format!("attempts.webhook.{name}.outcome.{outcome}.status_class.none");
            let ended = format!("deliveries.webhook.{name}.outcome.{outcome}");
            [(attempts, 2), (ended, 2)]
        })
        .collect();
    let mut expected = WAREHOUSE_ACCEPTS_AND_FAILS.to_vec();
    expected.extend(failures.iter().map(|(name, count)| (name.as_str(), *count)));
    bed.assert_metrics(&expected);
    assert_eq!((tls.count(), plain.count()), (0, 0), "{webhooks:?}");
}

#[test]
fn a_webhook_is_reached_over_tls_and_over_http2() {
    let certificate = Arc::new(Certificate::for_names(&["tls.test"]).unwrap());
    let over_tls = |http2| {
        Receiver::with(Protocol::Tls {
            certificate: Arc::clone(&certificate),
            http2,
        })
        .unwrap()
    };
    let hooks = [
        over_tls(false),
        over_tls(true),
        Receiver::with(Protocol::Http2).unwrap(),
    ];
    let mut setup = Setup::new(&["a", "b", "c"]).with("acknowledge", json!("settled"));
    for (index, hook) in hooks.iter().enumerate() {
        let cluster = &mut setup.config.clusters[index];
        cluster.address = Some(hook.address());
        cluster.http2 = index > 0;
        if index < 2 {
            cluster.trusted_ca = Some(certificate.pem());
            setup.plugin["webhooks"][index]["url"] = json!("https://tls.test/in");
        }
    }
    let bed = setup.start();
    assert_accepted(&bed.track().1);
    for (hook, http) in hooks.iter().zip([1, 2, 2]) {
        let seen = hook.wait_for(1, SOON).unwrap();
        assert_eq!((seen[0].http, seen[0].target.as_str()), (http, "/in"));
    }
}
