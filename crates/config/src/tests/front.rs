//! The configuration of a front: what it reads, what it refuses, and its table in the manual.

use serde_json::{json, Value};

use super::published::{row, Place};
use super::{environment, lines, schema, structpb};
use freshpaint_core::config::{Front, PluginConfig};

const MANUAL: &str = include_str!("../../../../docs/operations.md");

fn read(tree: &Value) -> Result<Front, Vec<String>> {
    let as_text = crate::parse_plugin(tree.to_string().as_bytes(), &environment);
    let as_struct = crate::parse_plugin(&structpb::encode(tree), &environment);
    assert_eq!(as_text, as_struct);
    match as_text {
        Ok(PluginConfig::Front(front)) => Ok(front),
        Ok(other) => panic!("{other:?}"),
        Err(problems) => Err(lines(&problems)),
    }
}

#[test]
fn a_front_needs_nothing_written() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let mut tree = json!({"front": {}});
    assert!(validator.is_valid(&tree));
    assert_eq!(read(&tree), Ok(Front::default()));

    tree["front"] = json!({
        "path_prefix": "/ingest",
        "dialects": ["segment"],
        "max_body_bytes": 32_000,
        "max_decoded_bytes": 64_000,
        "max_waiting_bytes": 100_000,
    });
    assert!(validator.is_valid(&tree));
    let front = read(&tree).unwrap();
    assert_eq!(front.path_prefix, "/ingest");
    assert_eq!(front.dialects.len(), 1);
    let sizes = [
        front.max_body_bytes,
        front.max_decoded_bytes,
        front.max_waiting_bytes,
    ];
    assert_eq!(sizes, [32_000, 64_000, 100_000]);
}

#[test]
fn every_problem_of_a_front_is_said_with_its_path() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for (tree, wanted) in [
        (
            json!({"front": true}),
            "front: is a boolean; write an object with keys such as \"path_prefix\", \"dialects\", \
             \"max_body_bytes\"",
        ),
        (
            json!({"front": {"path_prefix": "ingest"}}),
            "front.path_prefix: is \"ingest\", which does not begin with \"/\"; write a path such as \
             \"/ingest\", or \"\" for none",
        ),
        (
            json!({"front": {"max_body_bytes": 0}}),
            "front.max_body_bytes: is 0; write a whole number from 1 to 67108864 (default 1048576)",
        ),
        (
            json!({"front": {}, "webhooks": [{"url": "https://example.com"}]}),
            "webhooks: stands beside front, and a filter in front of collectors delivers nothing; \
             write \"webhooks\" into the filter of the collectors",
        ),
    ] {
        assert_eq!(read(&tree), Err(vec![wanted.to_owned()]));
        assert!(!validator.is_valid(&tree), "the schema takes {tree}");
    }
}

#[test]
fn the_manual_has_a_row_for_each_field() {
    for field in Front::FIELDS {
        let path = format!("front.{}", field.key);
        let row = row(&Place { path, field });
        assert!(MANUAL.contains(&row), "docs/operations.md lacks\n{row}");
    }
}
