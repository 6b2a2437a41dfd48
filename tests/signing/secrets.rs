//! No secret of the configuration is seen in anything that Envoy or the module shows.

use freshpaint_harness::receiver::status;
use freshpaint_harness::{Cluster, Config, Envoy, Plugin, Receiver, Request};
use serde_json::json;

use super::SOON;

/// In every secret below, and in nothing else.
const CANARY: &str = "Y2FuYXJ5";

fn canary_config(webhooks: serde_json::Value, receiver: &Receiver) -> Config {
    let environment = [
        ("KEY", format!("{CANARY}-key")),
        ("TOKEN", format!("{CANARY}-token")),
        ("SIGNING_KEY", format!("whsec_{}", CANARY.repeat(4))),
        ("HASH_KEY", CANARY.repeat(4)),
        ("SHORT", format!("whsec_{CANARY}")),
        ("NOT_BASE64", format!("whsec_{CANARY}*")),
    ];
    Config {
        clusters: vec![Cluster::new("crm", receiver.address())],
        host_environment: environment
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
        plugin: Plugin::Struct(json!({"webhooks": webhooks, "retry": {"window": "0s"}})),
        wasm_log_level: "trace",
        ..Config::default()
    }
}

#[track_caller]
fn assert_hidden(what: &str, text: &str) {
    let line = text.lines().find(|line| line.contains(CANARY));
    assert_eq!(line, None, "{what}");
}

#[test]
fn a_secret_reaches_its_webhook_and_no_one_else() {
    let receiver = Receiver::start().unwrap();
    let webhooks = json!([{
        "name": "crm",
        "url": "http://crm.test/in?token=${TOKEN}",
        "cluster": "crm",
        "headers": {"X-Api-Key": "${KEY}"},
        "signing": {"secrets": ["${SIGNING_KEY}"]},
        "properties": {"hash": ["anonymousId"], "hash_key": "${HASH_KEY}"},
    }]);
    let envoy = Envoy::start(&canary_config(webhooks, &receiver)).unwrap();
    let mut answers = String::new();
    for code in [200, 500, 403] {
        receiver.set(status(code));
        for request in [
            Request::post(
                "/track",
                r#"{"event": "a", "properties": {"distinct_id": "d"}}"#,
            ),
            Request::post("/track", "no event"),
            Request::get("/elsewhere"),
        ] {
            let answer = request.send(envoy.address()).unwrap();
            answers += &format!("{:?}\n{}\n", answer.headers, answer.text());
        }
    }
    let seen = receiver.wait_for(3, SOON).unwrap();
    assert_eq!(seen[0].header("x-api-key"), Some("Y2FuYXJ5-key"));
    assert_eq!(seen[0].target, "/in?token=Y2FuYXJ5-token");
    assert!(seen[0].header("webhook-signature").is_some());
    assert_ne!(seen[0].json()["anonymousId"], "d");

    assert_hidden("answers", &answers);
    for page in [
        "/config_dump?include_eds",
        "/stats",
        "/stats/prometheus",
        "/clusters",
        "/listeners",
        "/server_info",
    ] {
        assert_hidden(page, &envoy.ask_admin(page).unwrap());
    }
    let log = envoy.log();
    assert!(log.contains("][trace][wasm]"), "{log}");
    assert_hidden("the log", &log);
}

#[test]
fn a_refused_configuration_does_not_show_them() {
    let receiver = Receiver::start().unwrap();
    let webhooks = json!([
        {"url": "ftp://crm.test/${TOKEN}"},
        {"url": "https://crm.test/in", "timeout": "9s", "headers": {"X-Api-Key": "${KEY}\n"}},
        {"url": "https://crm.test/in", "signing": {"secrets": ["${SHORT}", "${NOT_BASE64}", "${KEY}"]}},
    ]);
    let verdict = Envoy::validate(&canary_config(webhooks, &receiver)).unwrap();
    assert!(!verdict.accepted);
    assert!(
        verdict.output.contains("decodes to 6 bytes"),
        "{}",
        verdict.output
    );
    assert_hidden("Envoy's output", &verdict.output);
}

/// Why the manual asks for `host_env_keys`: what Envoy's own file says, Envoy shows.
#[test]
fn a_value_in_envoys_file_is_in_its_dump() {
    let receiver = Receiver::start().unwrap();
    let mut config = canary_config(
        json!([{"url": "http://crm.test/", "cluster": "crm"}]),
        &receiver,
    );
    config
        .environment
        .insert("LITERAL".into(), format!("{CANARY}-literal"));
    let envoy = Envoy::start(&config).unwrap();
    let dump = envoy.ask_admin("/config_dump").unwrap();
    assert!(dump.contains("Y2FuYXJ5-literal"));
}
