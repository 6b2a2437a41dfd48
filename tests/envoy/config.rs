//! A configuration at start, under `envoy --mode validate`, and on an Envoy that runs.

use crate::support::{assert_accepted, assert_retry, track, webhook, Setup, SOON};
use freshpaint_harness::envoy::Verdict;
use freshpaint_harness::receiver::status;
use freshpaint_harness::shipped::repository;
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Config, Envoy, Plugin, Recorded};
use serde_json::{json, Value};
use std::fs;
use std::time::Duration;

fn wrong() -> Value {
    json!({
        "webhooks": [
            {"url": "ftp://crm.test/in", "timeout": "6s"},
            {"url": "http://crm.test/in", "headers": {"Host": "a", "X-Key": "${GONE}"}},
        ],
        "acknowlege": "settled",
    })
}

const PROBLEMS: [&str; 5] = [
    "acknowlege: is not a known key; write \"acknowledge\"",
    "webhooks[0].timeout: ",
    "webhooks[0].url: ",
    "webhooks[1].headers.Host: ",
    "webhooks[1].headers.X-Key: needs the environment variable GONE, which is not set; list GONE \
     under vm_config.environment_variables.host_env_keys and export it where Envoy starts",
];

fn with_plugin(plugin: Plugin) -> Config {
    Config {
        plugin,
        ..Config::default()
    }
}

/// The problems that the module has logged, each once, in order of the alphabet.
fn problems(log: &str) -> Vec<&str> {
    let mut problems: Vec<_> = log
        .lines()
        .filter(|line| line.contains("][error][wasm]"))
        .filter_map(|line| Some(line.split_once(" configuration: ")?.1))
        .collect();
    problems.sort_unstable();
    problems.dedup();
    problems
}

#[track_caller]
fn assert_problems(log: &str, expected: &[&str]) {
    let found = problems(log);
    assert_eq!(found.len(), expected.len(), "{log}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            found.starts_with(expected),
            "{found}\nshould begin with\n{expected}"
        );
    }
}

#[test]
fn every_problem_is_told_and_nothing_starts() {
    for plugin in [Plugin::Struct(wrong()), Plugin::Text(wrong().to_string())] {
        let config = with_plugin(plugin);
        let Verdict { accepted, output } = Envoy::validate(&config).unwrap();
        assert!(!accepted, "{output}");
        assert_problems(&output, &PROBLEMS);
        let refused = Envoy::start(&config).unwrap_err().to_string();
        assert!(refused.starts_with("Envoy ended with Some(1)"), "{refused}");
        assert_problems(&refused, &PROBLEMS);
    }
}

#[test]
fn an_empty_or_broken_configuration_is_refused_with_the_reason() {
    let bytes =
        json!({"@type": "type.googleapis.com/google.protobuf.BytesValue", "value": "/////w=="});
    for (plugin, problem) in [
        (Plugin::None, "is empty; write at least"),
        (Plugin::Text(String::new()), "is empty; write at least"),
        (Plugin::Text("{".into()), "is not JSON: "),
        (Plugin::Text("[]".into()), "is "),
        (Plugin::Struct(json!({})), "is empty; write at least"),
        (
            Plugin::Struct(json!({"webhooks": []})),
            "webhooks: is empty; write ",
        ),
        (Plugin::Any(bytes), "is not JSON: "),
    ] {
        let name = format!("{plugin:?}");
        let verdict = Envoy::validate(&with_plugin(plugin)).unwrap();
        assert!(!verdict.accepted, "{name}");
        let found = problems(&verdict.output);
        assert_eq!(found.len(), 1, "{name}: {}", verdict.output);
        assert!(found[0].starts_with(problem), "{name}: {}", found[0]);
    }
}

#[test]
fn a_right_configuration_is_accepted_and_delivers_in_either_form() {
    for as_text in [false, true] {
        let mut setup =
            Setup::new(&["crm"]).with_webhook(0, "headers", json!({"x-key": "${CRM_KEY}"}));
        setup
            .config
            .environment
            .insert("CRM_KEY".into(), "from the environment".into());
        setup.config.plugin = if as_text {
            Plugin::Text(setup.plugin.to_string())
        } else {
            Plugin::Struct(setup.plugin.clone())
        };
        assert!(Envoy::validate(&setup.config).unwrap().accepted);
        let bed = setup.start();
        let (id, answer) = bed.track();
        assert_accepted(&answer);
        let seen = bed.only("crm");
        assert_eq!(seen.message_id(), id);
        assert_eq!(seen.header("x-key"), Some("from the environment"));
        assert!(!bed.envoy.log().contains("from the environment"));
    }
}

/// How many of what was replaced still drain.
const DRAINING: &str = "listener_manager.total_filter_chains_draining";

/// Both webhooks have a cluster; the configuration names the first.
fn watched() -> Setup {
    let mut setup = Setup::new(&["crm", "warehouse"]);
    setup.plugin["webhooks"] = json!([webhook("crm")]);
    setup.config.file_lds = true;
    setup.config.drain_seconds = 5;
    setup
}

#[test]
fn a_wrong_update_is_rejected_and_the_old_one_keeps_serving() {
    let bed = watched().start();
    let mut config = bed.config.clone();
    config.plugin = Plugin::Struct(wrong());
    bed.envoy.update(&config).unwrap();
    bed.envoy
        .wait_for_stat("listener_manager.lds.update_rejected", 1, SOON)
        .unwrap();
    assert_problems(&bed.envoy.log(), &PROBLEMS);
    let (id, answer) = bed.track();
    assert_accepted(&answer);
    assert_eq!(bed.only("crm").message_id(), id);
}

/// The lines of the manual, in which `...` stands for what differs.
#[test]
fn a_wrong_update_is_logged_as_the_manual_says() {
    let manual = fs::read_to_string(repository().join("docs/operations.md")).unwrap();
    let (_, section) = manual.split_once("\n### The configuration\n").unwrap();
    let block = section.split("```").nth(1).unwrap();
    let lines: Vec<Vec<&str>> = block
        .lines()
        .skip(1)
        .map(|line| line.split(" ... ").collect())
        .collect();
    assert_eq!(lines.len(), 3);

    let bed = watched().start();
    let mut config = bed.config.clone();
    config.plugin = Plugin::Struct(wrong());
    bed.envoy.update(&config).unwrap();
    for parts in lines {
        let is_said = |line: &str| parts.iter().all(|part| line.contains(part));
        let said = poll(SOON, || bed.envoy.log().lines().any(is_said).then_some(()));
        assert!(said.is_some(), "{parts:?} not in\n{}", bed.envoy.log());
    }
}

#[test]
fn a_right_update_takes_over_and_what_was_in_flight_ends_well() {
    let bed = watched().workers(2).start();
    bed.hook("crm")
        .set(status(200).after(Duration::from_secs(2)));
    let mut config = bed.config.clone();
    config.plugin = Plugin::Struct(json!({"webhooks": [webhook("warehouse")]}));

    std::thread::scope(|scope| {
        let (id, request) = track();
        let before = scope.spawn({
            let bed = &bed;
            move || bed.send(&request)
        });
        assert_eq!(bed.only("crm").message_id(), id);
        bed.envoy.update(&config).unwrap();
        let taken_over = poll(SOON, || {
            bed.track();
            (bed.hook("warehouse").count() > 0).then_some(())
        });
        assert!(taken_over.is_some(), "{}", bed.envoy.log());
        assert_accepted(&before.join().unwrap());
    });
    // Each worker takes it over by itself. Once nothing of the old one drains, all have.
    bed.envoy.wait_for_stat(DRAINING, 0, SOON).unwrap();
    let (id, answer) = bed.track();
    assert_accepted(&answer);
    bed.hook("warehouse")
        .wait_until(SOON, |all| all.iter().any(|seen| seen.message_id() == id))
        .unwrap();
    assert!(!bed
        .hook("crm")
        .requests()
        .iter()
        .any(|seen| seen.message_id() == id));
}

/// Envoy ends the old configuration when it has drained, ten minutes later by default.
#[test]
fn kept_events_go_where_a_corrected_configuration_says_while_the_old_one_drains() {
    let mut setup = watched().with("retry", json!({"window": "60s", "max_backoff": "2s"}));
    setup.config.drain_seconds = 600;
    let bed = setup.start();
    bed.hook("crm").set(status(503));
    let (id, answer) = bed.track();
    assert_retry(&answer);
    let mut right = webhook("warehouse");
    right["name"] = "crm".into();
    let mut config = bed.config.clone();
    config.plugin = Plugin::Struct(json!({"webhooks": [right]}));
    bed.envoy.update(&config).unwrap();
    let warehouse = bed.hook("warehouse");
    let arrived = warehouse.wait_until(2 * SOON, |all| !all.is_empty());
    let arrived = arrived.unwrap_or_else(|error| panic!("{error:#}\n{}", bed.envoy.log()));
    assert_eq!(arrived[0].message_id(), id);
    bed.envoy.wait_for_stat(DRAINING, 1, SOON).unwrap();
}

/// Envoy has the root of a configuration serve again that has not ended.
#[test]
fn kept_events_stay_with_a_configuration_that_is_taken_back() {
    let mut setup = watched().with("retry", json!({"window": "60s", "max_backoff": "2s"}));
    setup.config.drain_seconds = 600;
    let bed = setup.start();
    let mut wrong = webhook("warehouse");
    wrong["name"] = "crm".into();
    let mut config = bed.config.clone();
    config.plugin = Plugin::Struct(json!({"webhooks": [wrong]}));
    for (config, serves) in [(&config, "warehouse"), (&bed.config, "crm")] {
        let before = bed.hook(serves).count();
        bed.envoy.update(config).unwrap();
        let taken_over = poll(SOON, || {
            bed.track();
            (bed.hook(serves).count() > before).then_some(())
        });
        assert!(taken_over.is_some(), "{}", bed.envoy.log());
    }
    bed.hook("crm").set(status(503));
    let (id, answer) = bed.track();
    assert_retry(&answer);
    // At the sixth attempt the other configuration is old enough to have been given the event.
    let attempts = |all: &[Recorded]| all.iter().filter(|seen| seen.message_id() == id).count();
    let tried = bed.hook("crm");
    let tried = tried.wait_until(3 * SOON, |all| attempts(all) >= 6);
    tried.unwrap_or_else(|error| panic!("{error:#}\n{}", bed.envoy.log()));
    assert_eq!(attempts(&bed.hook("warehouse").requests()), 0);
}
