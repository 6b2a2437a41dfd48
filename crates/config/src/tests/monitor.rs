//! The configuration of a monitor: what it reads, what it refuses, and its table in the manual.

use serde_json::{json, Value};

use super::{environment, lines, schema, structpb};
use crate::monitor::FIELDS;
use freshpaint_core::config::field::Kind;
use freshpaint_core::config::{Monitor, PluginConfig};

const MANUAL: &str = include_str!("../../../../docs/monitor.md");

fn read(tree: &Value) -> Result<PluginConfig, Vec<String>> {
    let as_text = crate::parse_plugin(tree.to_string().as_bytes(), &environment);
    let as_struct = crate::parse_plugin(&structpb::encode(tree), &environment);
    assert_eq!(as_text, as_struct);
    as_text.map_err(|problems| lines(&problems))
}

#[test]
fn a_monitor_names_its_filter_and_perhaps_hosts() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for (hosts, read_as) in [
        (None, vec![]),
        (
            Some(json!(["Monitor.Example.com"])),
            vec!["monitor.example.com".to_owned()],
        ),
    ] {
        let mut tree = json!({"monitor": {"of": "freshpaint_webhooks"}});
        if let Some(hosts) = hosts {
            tree["monitor"]["hosts"] = hosts;
        }
        assert!(validator.is_valid(&tree), "{tree}");
        let of = "freshpaint_webhooks".to_owned();
        let hosts = read_as;
        assert_eq!(
            read(&tree),
            Ok(PluginConfig::Monitor(Monitor { of, hosts }))
        );
    }
    let collector = json!({"webhooks": [{"url": "https://example.com"}]});
    assert!(matches!(read(&collector), Ok(PluginConfig::Collector(_))));
}

#[test]
fn every_problem_of_a_monitor_is_said_with_its_path() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for (tree, wanted) in [
        (
            json!({"monitor": "on"}),
            "monitor: is a string; write an object with keys such as \"of\", \"hosts\"",
        ),
        (
            json!({"monitor": {}}),
            "monitor.of: is missing; write the name of the filter that collects",
        ),
        (
            json!({"monitor": {"of": ""}}),
            "monitor.of: is 0 bytes long; write the name of the filter that collects, 1 to 256 \
             bytes",
        ),
        (
            json!({"monitor": {"of": "a", "host": []}}),
            "monitor.host: is not a known key; write \"hosts\"",
        ),
        (
            json!({"monitor": {"of": "a", "hosts": ["http://a"]}}),
            "monitor.hosts[0]: is \"http://a\", which is no host name; write one such as \
             \"monitor.example.com\", without scheme and port",
        ),
        (
            json!({"monitor": {"of": "a"}, "webhooks": [{"url": "https://example.com"}]}),
            "webhooks: stands beside monitor, and a filter either collects or monitors; write \
             \"webhooks\" into the filter that monitor.of names",
        ),
    ] {
        assert_eq!(read(&tree), Err(vec![wanted.to_owned()]));
        assert!(!validator.is_valid(&tree), "the schema takes {tree}");
    }
}

#[test]
fn the_manual_has_a_row_for_each_field() {
    for field in FIELDS {
        let Kind::Other(other) = field.kind else {
            panic!("{}", field.key)
        };
        let row = format!(
            "| `monitor.{}` | {} | {} | {} | {} |",
            field.key, other.type_name, other.default, other.bounds, field.about
        );
        assert!(MANUAL.contains(&row), "docs/monitor.md lacks\n{row}");
    }
}
