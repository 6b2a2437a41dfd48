//! `envoy --mode validate`, which also lets the module judge its configuration, on every file.

use crate::environment;
use freshpaint_harness::envoy::{module, Verdict};
use freshpaint_harness::shipped::{manifests, repository, trust_store, Shipped};
use freshpaint_harness::Envoy;
use serde_json::{json, Value};
use std::fs;
use std::path::Path;

#[test]
fn every_file_is_known_here() {
    let mut files: Vec<_> = fs::read_dir(repository().join("envoy"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".yaml"))
        .collect();
    files.sort();
    // A new file gets a test here first.
    assert_eq!(
        files,
        [
            "docker-compose.yaml",
            "envoy.yaml",
            "gateway.yaml",
            "istio.yaml"
        ]
    );
}

/// As a user does it, from the root of the repository; only the system's list of authorities may be elsewhere.
#[test]
fn envoy_yaml_is_valid_as_it_stands() {
    let text = fs::read_to_string(repository().join("envoy/envoy.yaml")).unwrap();
    let system = "/etc/ssl/certs/ca-certificates.crt";
    let here = trust_store().unwrap().display().to_string();
    let module = module().unwrap().display().to_string();
    let text = text
        .replace(system, &here)
        .replace("target/freshpaint_webhooks.wasm", &module);
    let file = tempfile("envoy.yaml", &text);

    let verdict = Envoy::validate_file(file.path(), repository(), &environment()).unwrap();
    assert!(verdict.accepted, "{}", verdict.output);
}

#[test]
fn a_secret_that_the_environment_lacks_stops_envoy() {
    let mut shipped = Shipped::load().unwrap();
    shipped.load_module(&module().unwrap()).unwrap();
    shipped.trust(&trust_store().unwrap()).unwrap();
    let file = tempfile("envoy.json", &shipped.bootstrap().to_string());

    let verdict = Envoy::validate_file(file.path(), repository(), &[].into()).unwrap();
    assert!(!verdict.accepted);
    assert!(
        verdict.output.contains("webhooks[0].headers"),
        "{}",
        verdict.output
    );
    assert!(verdict.output.contains("CRM_KEY"), "{}", verdict.output);
}

#[test]
fn what_istio_is_told_to_patch_in_is_valid() {
    let [filter] = manifests("istio.yaml").unwrap().try_into().unwrap();
    let patches = filter["spec"]["configPatches"].as_array().unwrap();
    let value = |applied_to: &str| {
        let patch = patches
            .iter()
            .find(|patch| patch["applyTo"] == applied_to)
            .unwrap();
        patch["patch"]["value"].clone()
    };
    assert_eq!(patches.len(), 2);
    let verdict = graft(value("HTTP_FILTER"), value("CLUSTER"));
    assert!(verdict.accepted, "{}", verdict.output);
}

#[test]
fn what_envoy_gateway_is_told_to_patch_in_is_valid() {
    let [_proxy, policy] = manifests("gateway.yaml").unwrap().try_into().unwrap();
    let patches = policy["spec"]["jsonPatches"].as_array().unwrap();
    let value = |kind: &str| {
        let patch = patches
            .iter()
            .find(|patch| patch["type"].as_str().unwrap().ends_with(kind))
            .unwrap();
        patch["operation"]["value"].clone()
    };
    assert_eq!(patches.len(), 2);
    let verdict = graft(value(".Listener"), value(".Cluster"));
    assert!(verdict.accepted, "{}", verdict.output);
}

/// Puts a manifest's filter in the place of ours, and its cluster beside ours.
fn graft(mut filter: Value, mut cluster: Value) -> Verdict {
    let config = &mut filter["typed_config"]["config"];
    assert_eq!(
        config["vm_config"]["code"]["local"]["filename"],
        "/var/lib/freshpaint/freshpaint_webhooks.wasm"
    );
    config["vm_config"]["code"]["local"]["filename"] = json!(module().unwrap());
    let named = &config["configuration"]["value"]["webhooks"][0]["cluster"];
    assert_eq!(named, &cluster["name"]);
    let context = "/transport_socket/typed_config/common_tls_context/validation_context";
    cluster.pointer_mut(context).unwrap()["trusted_ca"]["filename"] = json!(trust_store().unwrap());

    let mut shipped = Shipped::load().unwrap();
    shipped.trust(&trust_store().unwrap()).unwrap();
    shipped.filters("collect").unwrap()[0] = filter;
    shipped.clusters().unwrap().push(cluster);
    let file = tempfile("envoy.json", &shipped.bootstrap().to_string());
    Envoy::validate_file(file.path(), repository(), &environment()).unwrap()
}

struct TempFile {
    file: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

impl TempFile {
    fn path(&self) -> &Path {
        &self.file
    }
}

fn tempfile(name: &str, text: &str) -> TempFile {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    fs::write(&file, text).unwrap();
    TempFile {
        file,
        _folder: folder,
    }
}
