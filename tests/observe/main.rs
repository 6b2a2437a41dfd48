//! Alerts and dashboard, held against a live Prometheus that scrapes a real Envoy.
//!
//! Prometheus is that of `scripts/prometheus`. Grafana is not run: what it asks of Prometheus is.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::string_slice
)]

mod dashboard;
mod prometheus;
mod traffic;

use freshpaint_harness::receiver::status;
use freshpaint_harness::shipped::repository;
use freshpaint_harness::wait::poll;
use prometheus::{tools, Prometheus};
use std::process::Command;
use std::time::Duration;
use traffic::Bed;

/// A few windows of the shortened rules.
const PATIENCE: Duration = Duration::from_secs(40);

#[test]
fn each_alert_is_raised_by_the_samples_that_it_is_for() {
    let Some(tools) = tools() else { return };
    for command in [
        ["test", "rules", "alerts.test.yaml"],
        ["check", "config", "prometheus.yaml"],
    ] {
        let output = Command::new(tools.join("promtool"))
            .args(command)
            .current_dir(repository().join("envoy/observe"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{command:?}: {output:?}");
    }
}

#[test]
fn every_expression_finds_series_and_each_fault_raises_its_alerts_alone() {
    let Some(tools) = tools() else { return };
    let bed = Bed::start();
    let prometheus = Prometheus::start(&tools, bed.envoy.admin());
    std::thread::scope(|scope| {
        let traffic = bed.keep_sending(scope);
        let expressions = dashboard::expressions();
        assert!(expressions.len() > 15, "{expressions:?}");
        let mut empty = Vec::new();
        let all_found = poll(PATIENCE, || {
            empty = expressions
                .iter()
                .filter(|expression| prometheus.query(expression).is_empty())
                .collect();
            empty.is_empty().then_some(())
        });
        assert!(all_found.is_some(), "nothing for {empty:#?}");
        for rule in prometheus.rules() {
            assert_eq!(rule.error, "", "{}", rule.name);
            for selector in prometheus::selectors(&rule.expression) {
                let found = prometheus.query(&selector);
                assert!(!found.is_empty(), "{}: nothing for {selector}", rule.name);
            }
        }
        assert_eq!(prometheus.alerts(), [""; 0], "all is well");

        bed.crm.set(status(500));
        prometheus.expect_alerts(&["FreshpaintWebhookFailing crm"]);

        bed.warehouse.set(status(500));
        prometheus.expect_alerts(&[
            "FreshpaintDeadLetters no_room",
            "FreshpaintEventsGivenUp no_room",
            "FreshpaintHeldAlmostFull",
            "FreshpaintNothingDelivered",
            "FreshpaintWebhookFailing crm",
            "FreshpaintWebhookFailing warehouse",
        ]);

        bed.crm.set(status(200));
        bed.warehouse.set(status(200));
        prometheus.expect_alerts(&[]);
        drop(traffic);
    });
}
