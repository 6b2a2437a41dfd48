//! The dashboard against Grafana's own schema, of the version that the compose file runs.

use crate::schemas::{installed, run};
use freshpaint_harness::shipped::{manifests, repository};
use serde_json::{json, Value};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The schema's types, with the values of its enumerations as JSON has them.
const TYPES: &str = r#"import type { Dashboard } from "@grafana/schema";
type Plain<T> =
  T extends string ? `${T}`
  : T extends number ? (number extends T ? T : `${T}` extends `${infer N extends number}` ? N : T)
  : T extends (infer I)[] ? Plain<I>[]
  : T extends object ? { [K in keyof T]: Plain<T[K]> }
  : T;
"#;

/// Fails where a member is unknown to Grafana, lacks, or is of another type.
fn judge(folder: &Path, dashboard: &Value) -> Result<(), String> {
    let program = format!("{TYPES}({dashboard:#}) satisfies Plain<Dashboard>;\n");
    fs::write(folder.join("dashboard.ts"), program).unwrap();
    let options = ["--ignoreConfig", "--noEmit", "--strict", "--skipLibCheck"];
    let dialect = ["--module", "nodenext", "--target", "es2022"];
    let mut compiler = Command::new("node_modules/.bin/tsc");
    compiler.args(options).args(dialect).arg("dashboard.ts");
    run(compiler.current_dir(folder)).map(drop)
}

#[test]
fn the_dashboard_is_what_grafana_expects_and_a_wrong_one_is_found_out() {
    let Some(folder) = installed() else { return };
    let file = repository().join("envoy/observe/dashboard.json");
    let dashboard: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    judge(folder, &dashboard).unwrap_or_else(|error| panic!("{error}"));
    for (at, wrong) in [
        ("/panels/0/gridPos/w", json!("6")),
        (
            "/panels/0/fieldConfig/defaults/thresholds/mode",
            json!("absolut"),
        ),
        ("/panels/4/fieldConfig/defaults", json!({"units": "s"})),
        ("/templating/list/0/type", json!("data source")),
    ] {
        let mut changed = dashboard.clone();
        *changed.pointer_mut(at).unwrap() = wrong;
        assert!(judge(folder, &changed).is_err(), "{at}");
    }

    let compose = manifests("docker-compose.yaml").unwrap().remove(0);
    let package = include_str!("package.json");
    let package: Value = serde_json::from_str(package).unwrap();
    let version = package["dependencies"]["@grafana/schema"].as_str().unwrap();
    let image = &compose["services"]["grafana"]["image"];
    assert_eq!(*image, json!(format!("grafana/grafana:{version}")));
}
