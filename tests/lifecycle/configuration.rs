//! Configurations, good and bad.

use proxy_wasm::types::LogLevel;
use serde_json::{json, Value};

use crate::fixtures::{track, webhooks, with};
use crate::host::Host;

#[test]
fn every_problem_is_one_line_and_the_configuration_is_refused() {
    let mut host = Host::start();
    let configuration = json!({
        "webhooks": [{"url": "ftp://hook.test/"}, {"url": "https://hook.test/", "name": "A"}],
        "acknowlege": "settled",
    });
    assert!(!host.configure(configuration.to_string()));
    let logs = host.logs();
    let paths: Vec<_> = logs
        .iter()
        .map(|(level, line)| {
            assert_eq!(*level, LogLevel::Error);
            let problem = line.strip_prefix("configuration: ").unwrap();
            problem.split_once(": ").unwrap().0
        })
        .collect();
    assert_eq!(paths, ["acknowlege", "webhooks[1].name", "webhooks[0].url"]);
}

#[test]
fn doubtful_settings_are_warned_of_and_taken() {
    let mut host = Host::start();
    let limits = json!({"max_body_bytes": 2_000_000, "max_decoded_bytes": 1_000_000});
    assert!(host.configure(with(webhooks(1), "limits", limits).to_string()));
    assert_eq!(
        host.logs(),
        [
            (
                LogLevel::Warn,
                "configuration: limits.max_body_bytes: is 2000000, more than limits.max_decoded_bytes, which plain \
                 bodies are held against too; write at most 1000000"
                    .to_owned()
            ),
            (
                LogLevel::Info,
                "configured: 1 webhook (hook_0)".to_owned()
            ),
        ]
    );
}

/// Each worker, and Envoy's main thread, reads the same configuration.
#[test]
fn a_configuration_is_announced_once_and_again_after_another() {
    let mut host = Host::start();
    for count in [2, 2, 2, 1, 2] {
        assert!(host.configure(webhooks(count).to_string()));
    }
    let lines: Vec<_> = host.logs().into_iter().map(|(_, line)| line).collect();
    let two = "configured: 2 webhooks (hook_0, hook_1)";
    assert_eq!(lines, [two, "configured: 1 webhook (hook_0)", two]);
}

#[test]
fn a_struct_is_taken_as_its_wire_bytes() {
    let mut host = Host::start();
    let configuration = json!({"webhooks": [{
        "url": "https://hook.test/in",
        "options": {"enable_identify_events": true},
        "headers": {"x-a": "1"},
    }]});
    assert!(
        host.configure(structpb(&configuration)),
        "{:?}",
        host.logs()
    );
    let identify = json!({"event": "$identify", "properties": {"distinct_id": "d"}});
    host.collect(&crate::host::Request::post("/track", identify.to_string()));
    let call = host.call();
    assert_eq!((call.authority(), call.header("x-a")), ("hook.test", "1"));
}

/// The bytes of a `google.protobuf.Struct`.
fn structpb(value: &Value) -> Vec<u8> {
    value
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(key, value)| {
            let entry = [field(1, key.as_bytes()), field(2, &protobuf_value(value))];
            field(1, &entry.concat())
        })
        .collect()
}

fn protobuf_value(value: &Value) -> Vec<u8> {
    match value {
        Value::Null => vec![1 << 3, 0],
        Value::Bool(value) => vec![4 << 3, u8::from(*value)],
        Value::Number(number) => {
            let bytes = number.as_f64().unwrap().to_le_bytes();
            [&[2 << 3 | 1], &bytes[..]].concat()
        }
        Value::String(text) => field(3, text.as_bytes()),
        Value::Object(_) => field(5, &structpb(value)),
        Value::Array(items) => {
            let items: Vec<_> = items
                .iter()
                .flat_map(|item| field(1, &protobuf_value(item)))
                .collect();
            field(6, &items)
        }
    }
}

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    let mut size = bytes.len();
    while size >= 0x80 {
        field.push(size as u8 | 0x80);
        size >>= 7;
    }
    field.push(size as u8);
    [&field, bytes].concat()
}

#[test]
fn the_environment_of_the_vm_fills_references_in() {
    let mut host = Host::start();
    host.set_environment(&[("OTHER", "x"), ("CRM_KEY", "s3cret="), ("EMPTY", "")]);
    let configuration = json!({"webhooks": [{
        "url": "https://hook.test/in",
        "headers": {"authorization": "Bearer ${CRM_KEY}"},
    }]});
    assert!(
        host.configure(configuration.to_string()),
        "{:?}",
        host.logs()
    );
    host.collect(&track("a"));
    assert_eq!(host.call().header("authorization"), "Bearer s3cret=");
}

#[test]
fn a_variable_that_is_not_set_refuses_the_configuration() {
    let mut host = Host::start();
    let configuration = json!({"webhooks": [{
        "url": "https://hook.test/in",
        "headers": {"authorization": "Bearer ${CRM_KEY}"},
    }]});
    assert!(!host.configure(configuration.to_string()));
    assert_eq!(
        host.logs(),
        [(
            LogLevel::Error,
            "configuration: webhooks[0].headers.authorization: needs the environment variable CRM_KEY, which is not \
             set; list CRM_KEY under vm_config.environment_variables.host_env_keys and export it where \
             Envoy starts"
                .to_owned()
        )]
    );
}

/// Envoy runs `on_configure` in a VM that it throws away, on its main thread and on each worker.
/// The host raises a violation when it makes a call or counts.
#[test]
fn configuring_defines_every_counter_and_moves_none() {
    let mut host = Host::with(&webhooks(3));
    assert_eq!(host.counts(), [].into());
    assert_eq!(host.calls(), []);
    let host_calls = host.host_calls();
    let configuration = webhooks(3).to_string();
    let config = freshpaint_config::parse(configuration.as_bytes(), &|_| None).unwrap();
    let metrics = freshpaint_core::observe::metrics(&config.webhooks);
    assert!(metrics.len() > 80, "{metrics:?}");
    assert_eq!(host_calls["proxy_define_metric"], metrics.len());
    assert_eq!(host_calls["proxy_set_tick_period_milliseconds"], 1);
    assert_eq!(host.turn(), 0);
}
