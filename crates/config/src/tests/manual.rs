//! The manual tells the truth: its examples are taken, and its tables are those of the parser.

use serde_json::Value;

use super::published::{places, Place};
use super::structpb;
use crate::headers;
use freshpaint_core::config::{Collect, Config};
use freshpaint_core::intake::{dialect, recognise};

const MANUAL: &str = include_str!("../../../../docs/configuration.md");
const README: &str = include_str!("../../../../README.md");

/// The code blocks of one language.
fn blocks(language: &str) -> Vec<&'static str> {
    let opening = format!("```{language}\n");
    let blocks = MANUAL.split(&opening).skip(1);
    blocks
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

fn parse(bytes: &[u8]) -> Config {
    let environment = |name: &str| match name {
        "HASH_KEY" | "ID_KEY" => Some("k".repeat(32)),
        "CRM_KEY" | "REGION" | "TENANT_A_KEY" => Some("value".to_owned()),
        "CRM_SIGNING_KEY" | "OLD_CRM_SIGNING_KEY" => {
            Some(format!("whsec_{}", "c2VjcmV0".repeat(4)))
        }
        _ => None,
    };
    crate::parse(bytes, &environment).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// The plugin configuration of an Envoy file's excerpt, or of a bare example, as Envoy hands it
/// over.
fn configuration_of(excerpt: &Value) -> Vec<u8> {
    let Some(configuration) = excerpt.get("configuration") else {
        return structpb::encode(excerpt);
    };
    match configuration["@type"].as_str().unwrap() {
        "type.googleapis.com/google.protobuf.Struct" => structpb::encode(&configuration["value"]),
        "type.googleapis.com/google.protobuf.StringValue" => {
            configuration["value"].as_str().unwrap().into()
        }
        other => panic!("{other}"),
    }
}

fn examples() -> Vec<Value> {
    blocks("yaml")
        .into_iter()
        .map(|yaml| serde_saphyr::from_str(yaml).unwrap())
        .collect()
}

#[test]
fn every_example_is_taken_without_a_warning() {
    let examples = examples();
    assert_eq!(examples.len(), 5);
    let schema = jsonschema::validator_for(&super::schema()).unwrap();
    for example in examples {
        let written = configuration_of(&example);
        assert_eq!(parse(&written).warnings, [], "{example}");
        let tree = match example.pointer("/configuration/value") {
            Some(Value::String(json)) => serde_json::from_str(json).unwrap(),
            Some(value) => value.clone(),
            None => example.clone(),
        };
        assert!(schema.is_valid(&tree), "the schema refuses {tree}");
    }
}

#[test]
fn both_ways_of_writing_mean_the_same() {
    let [yaml, json, ..] = &examples()[..] else {
        panic!("the first two examples are gone");
    };
    assert_eq!(
        parse(&configuration_of(yaml)),
        parse(&configuration_of(json))
    );
}

#[test]
fn the_whole_tree_is_whole_and_shows_the_defaults() {
    let tree = examples()
        .into_iter()
        .find(|example| example.get("limits").is_some())
        .unwrap();
    let minimal = parse(br#"{"webhooks": [{"url": "https://crm.example.com/in"}]}"#);
    let whole = parse(tree.to_string().as_bytes());
    assert_eq!(whole.acknowledge, minimal.acknowledge);
    assert_eq!(
        (whole.limits, whole.retry, whole.dedupe),
        (minimal.limits, minimal.retry, minimal.dedupe)
    );
    assert_eq!(whole.webhooks[0].timeout, minimal.webhooks[0].timeout);
    assert_eq!(tree["cluster"], minimal.webhooks[0].cluster.as_str());
    assert_eq!(whole.collect.dialects, minimal.collect.dialects);
    assert_eq!(whole.collect.path_prefix, minimal.collect.path_prefix);
    assert_eq!(
        whole.collect.integration_name,
        minimal.collect.integration_name
    );

    for Place { path, .. } in places() {
        let mut at = &tree;
        for step in path.replace("[]", ".[]").split('.') {
            // A secret stands for an object that holds nothing else.
            at = match step {
                "[]" => &at[0],
                "secret" | "not_after" => break,
                key => &at[key],
            };
            assert!(!at.is_null(), "{path} is not in the whole tree");
        }
    }
}

#[test]
fn every_dialect_has_a_row() {
    for dialect in dialect::ALL {
        let paths: Vec<_> = dialect.paths().map(|path| format!("`{path}`")).collect();
        let row = format!("| `{}` | {} |", dialect.name, paths.join(", "));
        assert!(
            MANUAL.lines().any(|line| line.starts_with(&row)),
            "no row begins {row}"
        );
    }
}

/// Each row of the README's table of SDKs says where their requests arrive.
#[test]
fn the_readme_has_a_row_for_every_dialect_and_no_path_that_is_not_ours() {
    let rows = README
        .lines()
        .skip_while(|line| !line.starts_with("| SDK |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let arrivals = rows.map(|row| row.split(" | ").nth(2).unwrap());
    let paths = arrivals.flat_map(|cell| cell.split(", ").map(|path| path.trim_matches('`')));
    let collect = Collect::default();
    let mut missing: Vec<_> = dialect::ALL
        .into_iter()
        .map(|dialect| dialect.name)
        .collect();
    for path in paths {
        let sent = path.replace("<type>", "track");
        let route = recognise(sent.as_bytes(), &collect);
        let spoken = route
            .unwrap_or_else(|| panic!("README.md: {path} is no path of a dialect"))
            .dialect()
            .name;
        missing.retain(|name| *name != spoken);
    }
    assert!(
        missing.is_empty(),
        "README.md has no row for {missing:?} in its table of SDKs"
    );
}

#[test]
fn every_reserved_header_is_listed() {
    // An item of a list may go on in the next line.
    let manual = MANUAL.replace("\n  ", " ");
    for (_, names) in headers::RESERVED {
        let list: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        let line = format!("- {}:", list.join(", "));
        assert!(
            manual.lines().any(|found| found.starts_with(&line)),
            "no item begins {line}"
        );
    }
}

/// The messages in the manual are the parser's own.
#[test]
fn the_example_of_problems_is_real() {
    let written = br#"{
      "webhooks": [{"name": "crm", "url": "https://example.com"}, {"name": "crm", "url": "https://example.com", "timeout": "3000ms"}],
      "limit": {}
    }"#;
    let problems = super::lines(&crate::parse(written, &|_| None).unwrap_err());
    let shown: Vec<_> = blocks("text")[0].lines().collect();
    assert_eq!(problems, shown);
}
