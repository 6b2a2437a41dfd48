//! The queries of the Grafana dashboard, asked of Prometheus.

use freshpaint_harness::shipped::repository;
use serde_json::Value;
use std::fs;

/// Every expression of every panel, with Grafana's variable for the range filled in.
pub(crate) fn expressions() -> Vec<String> {
    let file = repository().join("envoy/observe/dashboard.json");
    let dashboard: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels
        .iter()
        .filter_map(|panel| panel["targets"].as_array())
        .flatten();
    targets
        .map(|target| target["expr"].as_str().unwrap())
        .map(|expression| expression.replace("$__rate_interval", "10s"))
        .collect()
}
