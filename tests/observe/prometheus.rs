//! A Prometheus with the shortened rules.

use crate::rules;
use freshpaint_harness::process::{self, Owned};
use freshpaint_harness::shipped::repository;
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Port, Request};
use serde_json::Value;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

/// How long it may take to be ready: many of them start at the same time.
const START: Duration = Duration::from_secs(120);

/// The folder of `prometheus` and `promtool`; `None` where there are none. They are fetched once,
/// whichever test asks first.
pub(crate) fn tools() -> Option<&'static Path> {
    static TOOLS: OnceLock<Option<PathBuf>> = OnceLock::new();
    TOOLS.get_or_init(fetch).as_deref()
}

fn fetch() -> Option<PathBuf> {
    let output = Command::new(repository().join("scripts/prometheus"))
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "scripts/prometheus: {output:?}");
    let folder = String::from_utf8(output.stdout).unwrap();
    if folder.trim().is_empty() {
        println!("skipped: there is no Prometheus");
        return None;
    }
    Some(folder.trim().into())
}

/// One alert's rule, as Prometheus has read it.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) expression: String,
    pub(crate) error: String,
}

pub(crate) struct Prometheus {
    port: Port,
    _process: Owned,
    _folder: tempfile::TempDir,
}

impl Prometheus {
    /// Scrapes the admin interface of an Envoy each second.
    pub(crate) fn start(tools: &Path, envoy: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (rules, _) = rules::shorten(&rules::shipped());
        let config = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\n\
             rule_files: [rules.yaml]\n\
             scrape_configs:\n\
             - job_name: envoy\n  \
               metrics_path: /stats/prometheus\n  \
               static_configs: [{{targets: [\"{envoy}\"]}}]\n"
        );
        fs::write(folder.path().join("rules.yaml"), rules).unwrap();
        fs::write(folder.path().join("prometheus.yaml"), config).unwrap();
        let port = Port::reserve().unwrap();
        let mut command = Command::new(tools.join("prometheus"));
        command
            .current_dir(folder.path())
            .args(["--config.file=prometheus.yaml", "--storage.tsdb.path=data"])
            .arg(format!("--web.listen-address={}", port.address()))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = Owned(process::spawn(command).unwrap());
        let prometheus = Self {
            port,
            _process: process,
            _folder: folder,
        };
        poll(START, || prometheus.get("/-/ready")).expect("Prometheus is ready");
        prometheus
    }

    /// The series that an expression gives now.
    pub(crate) fn query(&self, expression: &str) -> Vec<Value> {
        let data = self.data(&format!("query?query={}", encoded(expression)));
        data["result"].as_array().unwrap().clone()
    }

    pub(crate) fn rules(&self) -> Vec<Rule> {
        let data = self.data("rules");
        let groups = data["groups"].as_array().unwrap().iter();
        let rules = groups.flat_map(|group| group["rules"].as_array().unwrap());
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        rules
            .map(|rule| Rule {
                name: text(&rule["name"]),
                expression: text(&rule["query"]),
                error: text(&rule["lastError"]),
            })
            .collect()
    }

    /// The alerts that fire now, each with the label that says for what.
    pub(crate) fn firing(&self) -> Vec<String> {
        let data = self.data("alerts");
        let alerts = data["alerts"].as_array().unwrap().iter();
        names(
            alerts
                .filter(|alert| alert["state"] == "firing")
                .map(|alert| &alert["labels"]),
        )
    }

    /// The alerts that have fired since the start, for however short a time.
    pub(crate) fn fired(&self) -> Vec<String> {
        let series = self.query("count_over_time(ALERTS{alertstate=\"firing\"}[1h])");
        names(series.iter().map(|series| &series["metric"]))
    }

    /// How often Envoy has been scraped.
    pub(crate) fn scrapes(&self) -> u64 {
        let series = self.query("sum(count_over_time(up[1h]))");
        let count = series.first().and_then(|it| it["value"][1].as_str());
        count.map_or(0, |count| count.parse().unwrap())
    }

    fn data(&self, what: &str) -> Value {
        let body = self.get(&format!("/api/v1/{what}")).expect("an answer");
        let mut answer: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(answer["status"], "success", "{what}: {answer}");
        answer["data"].take()
    }

    fn get(&self, path: &str) -> Option<String> {
        let answer = Request::get(path).send(self.port.address()).ok()?;
        (answer.status == 200).then(|| answer.text())
    }
}

/// Alerts by their labels, each once.
fn names<'v>(labels: impl Iterator<Item = &'v Value>) -> Vec<String> {
    let named = labels.map(|labels| {
        let label = |name: &str| labels[name].as_str();
        let name = label("alertname").unwrap();
        let what = ["webhook", "outcome", "reason", "envoy_cluster_name"];
        match what.into_iter().find_map(label) {
            Some(what) => format!("{name} {what}"),
            None => name.to_owned(),
        }
    });
    let mut named: Vec<_> = named.collect();
    named.sort();
    named.dedup();
    named
}

/// The selectors of an expression: names of metrics with their labels, without ranges.
pub(crate) fn selectors(expression: &str) -> Vec<String> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let starts = expression.match_indices("freshpaint_webhooks_");
    let starts = starts.chain(expression.match_indices("envoy_"));
    starts
        .filter(|(at, _)| !expression[..*at].ends_with(is_name))
        .map(|(at, _)| {
            let rest = &expression[at..];
            let name = rest.split(|letter| !is_name(letter)).next().unwrap();
            let labels = rest[name.len()..].strip_prefix('{');
            let labels = labels.and_then(|labels| labels.split_once('}'));
            labels.map_or(name.to_owned(), |(labels, _)| format!("{name}{{{labels}}}"))
        })
        // A label by which results are grouped.
        .filter(|selector| selector != "envoy_cluster_name")
        .collect()
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
