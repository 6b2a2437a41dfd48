//! The metrics as Prometheus scrapes them.

use crate::support::{assert_accepted, assert_retry, Setup};
use freshpaint_harness::prometheus::has_sample;
use freshpaint_harness::receiver::status;
use freshpaint_harness::wait::poll;
use freshpaint_harness::Request;
use serde_json::json;
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn each_attempt_is_a_line_of_json_in_the_log() {
    let bed = Setup::new(&["crm"])
        .with("observe", json!({"log": "deliveries", "max_log_lines": 1}))
        .with("retry", json!({"window": "0s"}))
        .start();
    bed.hook("crm").set(status(500));
    let body = r#"{"batch":[
        {"type":"track","event":"secret","anonymousId":"d","messageId":"m-1"},
        {"type":"track","event":"secret","anonymousId":"d","messageId":"m-2"}
    ]}"#;
    let request = Request::post("/v1/batch", body);
    bed.send(&request);
    let line = poll(PATIENCE, || {
        let log = bed.envoy.log();
        let line = log.lines().find(|line| line.contains("{\"time\":"))?;
        Some(line.split_once('{')?.1.to_owned())
    });
    let line = format!(
        "{{{}",
        line.unwrap_or_else(|| panic!("{}", bed.envoy.log()))
    );
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    let now = UNIX_EPOCH.elapsed().unwrap().as_millis() as u64;
    assert!(now.abs_diff(line["time"].as_u64().unwrap()) < 60_000);
    assert!(line["ms"].as_u64().unwrap() < 5_000);
    // printf %s m-1 | sha256sum | cut -c1-16, and m-2: either call may end first.
    let id = line["id"].as_str().unwrap();
    assert!(
        ["a461b472cb41a9ec", "8ae2a41095969ce3"].contains(&id),
        "{id}"
    );
    let expected = json!({
        "time": line["time"], "webhook": "crm", "type": "track", "id": id,
        "attempt": 1, "outcome": "rejected", "status": 500, "ms": line["ms"],
    });
    assert_eq!(line, expected);
    // Two attempts have a line each where a second ends between them, so that more are sent until
    // one has none. Every attempt has its line, or is counted.
    let mut attempts = 2;
    let mut found = (0, 0);
    let all = poll(PATIENCE, || {
        let text = bed.envoy.ask_admin("/stats/prometheus").ok()?;
        let lines = bed.envoy.log().matches("{\"time\":").count() as u64;
        found = (
            lines,
            number_in(&text, "freshpaint_webhooks_log_left_out{}")?,
        );
        if found == (attempts, 0) {
            bed.send(&request);
            attempts += 2;
        }
        (found.1 > 0 && lines + found.1 == attempts).then_some(())
    });
    assert!(
        all.is_some(),
        "{found:?} of {attempts}\n{}",
        bed.envoy.log()
    );
    assert!(!bed.envoy.log().contains("secret"));
}

/// The counters of the manual's table that a webhook without rules has.
fn documented_counters() -> Vec<&'static str> {
    let manual = include_str!("../../docs/operations.md");
    let (before, _) = manual.split_once("These are gauges").unwrap();
    let cells = before.lines().filter_map(|line| line.strip_prefix("| `"));
    let names = cells.filter_map(|cell| Some(cell.split_once('`')?.0));
    let mut names: Vec<_> = names
        .filter(|name| name.starts_with("freshpaint_") && !name.ends_with("_suppressed"))
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn counters_have_their_tags() {
    let bed = Setup::new(&["crm", "warehouse_2"])
        .with("acknowledge", json!("settled"))
        .workers(2)
        .start();
    for _ in 0..3 {
        assert_accepted(&bed.track().1);
    }
    bed.hook("crm").set(status(500));
    bed.hook("warehouse_2").set(status(500));
    assert_retry(&bed.track().1);
    bed.send(&Request::post(
        "/track",
        r#"{"event":"$identify","properties":{"distinct_id":"d"}}"#,
    ));
    bed.send(&Request::post("/track", "{}"));
    bed.assert_metrics(&[
        ("requests.outcome.accepted", 4),
        ("requests.outcome.retry", 1),
        ("requests.outcome.refused", 1),
        ("events.type.track.outcome.accepted", 3),
        ("events.type.track.outcome.failed", 1),
        ("events.type.identify.outcome.filtered", 1),
        ("events.type.other.outcome.invalid", 1),
        ("deliveries.webhook.crm.outcome.delivered", 3),
        ("attempts.webhook.crm.outcome.delivered.status_class.2xx", 3),
        ("attempts.webhook.crm.outcome.rejected.status_class.5xx", 1),
        ("deliveries.webhook.crm.outcome.rejected", 1),
        ("deliveries.webhook.warehouse_2.outcome.delivered", 3),
        (
            "attempts.webhook.warehouse_2.outcome.delivered.status_class.2xx",
            3,
        ),
        (
            "attempts.webhook.warehouse_2.outcome.rejected.status_class.5xx",
            1,
        ),
        ("deliveries.webhook.warehouse_2.outcome.rejected", 1),
    ]);

    let text = bed.envoy.ask_admin("/stats/prometheus").unwrap();
    let values = family_names(&text, "gauge").chain(family_names(&text, "histogram"));
    let values: Vec<_> = values.collect();
    let is_value = |line: &str| values.iter().any(|name| line.contains(name));
    let mut lines: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("freshpaint_"))
        .filter(|line| !line.ends_with(" 0") && !is_value(line))
        .filter(|line| !line.contains("requests") || !line.contains("passed"))
        .collect();
    lines.sort_unstable();
    let expected = [
        r#"freshpaint_webhooks_attempts{webhook="crm",outcome="delivered",status_class="2xx"} 3"#,
        r#"freshpaint_webhooks_attempts{webhook="crm",outcome="rejected",status_class="5xx"} 1"#,
        r#"freshpaint_webhooks_attempts{webhook="warehouse_2",outcome="delivered",status_class="2xx"} 3"#,
        r#"freshpaint_webhooks_attempts{webhook="warehouse_2",outcome="rejected",status_class="5xx"} 1"#,
        r#"freshpaint_webhooks_deliveries{webhook="crm",outcome="delivered"} 3"#,
        r#"freshpaint_webhooks_deliveries{webhook="crm",outcome="rejected"} 1"#,
        r#"freshpaint_webhooks_deliveries{webhook="warehouse_2",outcome="delivered"} 3"#,
        r#"freshpaint_webhooks_deliveries{webhook="warehouse_2",outcome="rejected"} 1"#,
        r#"freshpaint_webhooks_events{type="identify",outcome="filtered"} 1"#,
        r#"freshpaint_webhooks_events{type="other",outcome="invalid"} 1"#,
        r#"freshpaint_webhooks_events{type="track",outcome="accepted"} 3"#,
        r#"freshpaint_webhooks_events{type="track",outcome="failed"} 1"#,
        r#"freshpaint_webhooks_requests{outcome="accepted"} 4"#,
        r#"freshpaint_webhooks_requests{outcome="refused"} 1"#,
        r#"freshpaint_webhooks_requests{outcome="retry"} 1"#,
    ];
    assert_eq!(lines, expected);
    let mut families: Vec<_> = family_names(&text, "counter").collect();
    families.sort_unstable();
    assert_eq!(families, documented_counters());
    assert!(
        !text.contains("wasmcustom_freshpaint"),
        "a counter without its tags"
    );
}

/// The names of our metrics of this type.
fn family_names<'t>(text: &'t str, kind: &'t str) -> impl Iterator<Item = &'t str> {
    text.lines().filter_map(move |line| {
        let (name, found) = line.strip_prefix("# TYPE ")?.split_once(' ')?;
        (found == kind && name.starts_with("freshpaint_")).then_some(name)
    })
}

/// The value of the sample that begins like this.
fn number_in(text: &str, prefix: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(prefix))?;
    value.trim().parse().ok()
}

#[test]
fn gauges_add_up_over_workers_and_latency_is_a_histogram() {
    const WEBHOOKS: [&str; 2] = ["crm", "warehouse_2"];
    let bed = Setup::new(&WEBHOOKS)
        .with("retry", json!({"initial_backoff": "60s"}))
        .workers(2)
        .start();
    let now = || UNIX_EPOCH.elapsed().unwrap().as_secs();
    let before = now();
    assert_accepted(&bed.track().1);
    let after = now();
    for webhook in WEBHOOKS {
        bed.hook(webhook).set(status(500));
    }
    // Each on a connection of its own, until both workers have had so many that their breakers are
    // open: which of them gets one is chance.
    let open = WEBHOOKS
        .map(|webhook| format!(r#"freshpaint_webhooks_breaker_open{{webhook="{webhook}"}} 2"#));
    let mut kept = 0;
    let are_open = poll(PATIENCE, || {
        assert_retry(&bed.track().1);
        kept += 1;
        // The pace of the client: some may come before Envoy knows that the breakers are open.
        thread::sleep(Duration::from_millis(20));
        let text = bed.envoy.ask_admin("/stats/prometheus").ok()?;
        let is_open = open.iter().all(|line| has_sample(&text, line));
        (kept >= 20 && is_open).then_some(())
    });
    assert!(are_open.is_some(), "{kept}: {:?}", bed.envoy.metrics());
    let version = env!("CARGO_PKG_VERSION");
    let mut wanted = vec![
        format!(r#"freshpaint_webhooks_build_info{{version="{version}"}} 1"#),
        format!("freshpaint_webhooks_held_events{{}} {kept}"),
        "freshpaint_webhooks_held_used_percent{} 0".into(),
        "freshpaint_webhooks_retry_window_seconds{} 900".into(),
    ];
    let calls = kept + 1;
    for webhook in WEBHOOKS {
        wanted.extend([
            format!(r#"freshpaint_webhooks_in_flight{{webhook="{webhook}"}} 0"#),
            format!(r#"freshpaint_webhooks_latency_ms_count{{webhook="{webhook}"}} {calls}"#),
            format!(
                r#"freshpaint_webhooks_latency_ms_bucket{{webhook="{webhook}",le="+Inf"}} {calls}"#
            ),
        ]);
    }
    wanted.extend(open);
    let mut missing = wanted.clone();
    let text = poll(PATIENCE, || {
        let text = bed.envoy.ask_admin("/stats/prometheus").ok()?;
        missing = wanted.clone();
        missing.retain(|line| !has_sample(&text, line));
        missing.is_empty().then_some(text)
    });
    let text = text.unwrap_or_else(|| panic!("{missing:?} in {:?}", bed.envoy.metrics()));
    let number = |prefix: &str| number_in(&text, prefix).expect(prefix);
    assert!(number("freshpaint_webhooks_held_bytes{}") > kept * 300);
    let success = number(r#"freshpaint_webhooks_last_success_seconds{webhook="crm"}"#);
    // It is told in whole seconds, and its age too.
    assert!(
        (before - 1..=after + 1).contains(&success),
        "{success} and not {before} to {after}"
    );
    let oldest = "freshpaint_webhooks_held_oldest_seconds{}";
    let grown = number(oldest) + 2;
    poll(PATIENCE, || {
        let text = bed.envoy.ask_admin("/stats/prometheus").ok()?;
        number_in(&text, oldest).filter(|seconds| *seconds >= grown)
    })
    .expect("the oldest grows old");
    assert!(
        !text.contains("wasmcustom_freshpaint"),
        "a metric without its tags"
    );
}
