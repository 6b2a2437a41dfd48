//! The YAML of README and docs, and each way of writing a number, as Envoy's own loader reads it.

use freshpaint_harness::envoy::module;
use freshpaint_harness::shipped::repository;
use freshpaint_harness::Envoy;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

/// An Envoy file whose filter has this under `config`.
fn envoy_file(plugin: &str) -> String {
    let plugin: String = plugin
        .lines()
        .map(|line| format!("                {line}\n"))
        .collect();
    format!(
        r#"static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: 0}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: blocks
          route_config: {{}}
          http_filters:
          - name: envoy.filters.http.wasm
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
              config:
                name: blocks
                allow_on_headers_stop_iteration: true
{plugin}          - name: envoy.filters.http.router
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
"#
    )
}

/// The members of `config` for a block of the manual: `configuration`, perhaps with the `vm_config`
/// that it needs, or the plugin's configuration alone.
fn plugin(block: &str) -> String {
    let indented = |text: &str, by: &str| -> String {
        text.lines().map(|line| format!("{by}{line}\n")).collect()
    };
    let plugin = match block.lines().any(|line| line == "configuration:") {
        true => block.to_owned(),
        false => format!(
            "configuration:\n  \"@type\": type.googleapis.com/google.protobuf.Struct\n  value:\n{}",
            indented(block, "    ")
        ),
    };
    let code = format!(
        "vm_config:\n  runtime: envoy.wasm.runtime.v8\n  code: {{local: {{filename: \"{}\"}}}}\n",
        module().unwrap().display()
    );
    if plugin.contains("vm_config:\n") {
        return plugin.replacen("vm_config:\n", &code, 1);
    }
    let names: Vec<_> = variables(block).into_iter().collect();
    let listed = format!(
        "  environment_variables: {{host_env_keys: [{}]}}\n",
        names.join(", ")
    );
    format!("{code}{listed}{plugin}")
}

/// The variables that a block takes from the environment.
fn variables(block: &str) -> BTreeSet<&str> {
    let references = block.split("${").skip(1);
    references
        .filter_map(|after| Some(after.split_once('}')?.0))
        .collect()
}

/// Whether Envoy and the module take a file, and what they say.
fn validate(file: &str) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("envoy.yaml");
    fs::write(&path, file).unwrap();
    let environment = BTreeMap::from([
        ("CRM_KEY", "key-of-the-test"),
        ("TENANT_A_KEY", "tenant-of-the-test"),
        ("CRM_SIGNING_KEY", "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"),
        (
            "OLD_CRM_SIGNING_KEY",
            "whsec_b2xkc2Vjb2xkc2Vjb2xkc2Vjb2xkc2Vj",
        ),
        ("HASH_KEY", "a hash key of the test, 32 bytes"),
        ("ID_KEY", "a key for ids of the test, 32 bytes"),
    ]);
    let verdict = Envoy::validate_file(&path, repository(), &environment).unwrap();
    (verdict.accepted, verdict.output)
}

/// README, and every page of the docs.
fn pages() -> Vec<PathBuf> {
    let docs = fs::read_dir(repository().join("docs")).unwrap();
    let mut pages: Vec<_> = docs.map(|entry| entry.unwrap().path()).collect();
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages.push(repository().join("README.md"));
    pages.sort();
    pages
}

#[test]
fn every_yaml_block_is_taken_by_envoy_and_the_module() {
    let mut blocks = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for after in text.split("```yaml\n").skip(1) {
            let block = after.split("```").next().unwrap();
            if !block.contains("webhooks:") {
                continue;
            }
            blocks += 1;
            let (accepted, output) = validate(&envoy_file(&plugin(block)));
            assert!(accepted, "{}:\n{block}\n{output}", page.display());
        }
    }
    assert!(blocks >= 5, "{blocks} blocks");
}

/// As a control plane hands it over.
#[test]
fn every_json_block_is_taken_by_the_module() {
    let mut blocks = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let fenced = text.split("```json\n").skip(1);
        let fenced = fenced.map(|after| after.split("```").next().unwrap());
        // The text below `value: |`, one object on one line.
        let inline = text.lines().map(str::trim);
        let inline = inline.filter(|line| line.starts_with("{\"webhooks\""));
        for block in fenced
            .filter(|it| it.contains("\"webhooks\""))
            .chain(inline)
        {
            blocks += 1;
            let value = serde_json::to_string(block).unwrap();
            let written = format!(
                "configuration:\n  \"@type\": type.googleapis.com/google.protobuf.StringValue\n  \
                 value: {value}\n"
            );
            let (accepted, output) = validate(&envoy_file(&plugin(&written)));
            assert!(accepted, "{}:\n{block}\n{output}", page.display());
        }
    }
    assert!(blocks >= 1, "{blocks} blocks");
}

/// One webhook for each way of writing the value of `key`.
fn webhooks(key: &str, ways: &[&str]) -> String {
    let webhooks = ways.iter().enumerate().map(|(at, way)| {
        format!("- {{name: w{at}, url: \"https://example.com/in\", {key}: {way}}}\n")
    });
    format!("webhooks:\n{}", webhooks.collect::<String>())
}

#[test]
fn numbers_and_flags_are_taken_however_yaml_writes_them() {
    let fractions = [
        "0.1",
        "\"0.1\"",
        ".5",
        "1.0",
        "1",
        "1e-1",
        "+0.25",
        "\"1\"",
        "!!float 1",
    ];
    let (accepted, output) = validate(&envoy_file(&plugin(&webhooks("sample", &fractions))));
    assert!(accepted, "{output}");

    let flags = [
        "true",
        "True",
        "yes",
        "on",
        "y",
        "false",
        "no",
        "off",
        "\"true\"",
        "\"false\"",
    ];
    let options: Vec<_> = flags
        .map(|flag| format!("{{enable_identify_events: {flag}}}"))
        .into();
    let options: Vec<_> = options.iter().map(String::as_str).collect();
    let block = format!(
        "{}limits: {{max_events: 2500.0, max_body_bytes: 0x1000, max_in_flight_bytes: 1e6}}\n\
         retry: {{refusals: [400, \"422\"], max_refusals: \"3\", max_held_events: 2e4}}\n\
         dedupe: {{slots: +4096}}\n",
        webhooks("options", &options)
    );
    let (accepted, output) = validate(&envoy_file(&plugin(&block)));
    assert!(accepted, "{output}");

    let (accepted, output) = validate(&envoy_file(&plugin(&webhooks("sample", &["1_0", ".nan"]))));
    assert!(!accepted);
    for at in 0..2 {
        let line = format!(
            "webhooks[{at}].sample: is a string; write a fraction over 0 and at most 1, such as 0.1"
        );
        assert!(output.contains(&line), "{output}");
    }
}
