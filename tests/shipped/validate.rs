//! `envoy --mode validate`, which also lets the module judge its configuration, on every file.

use crate::environment;
use crate::manifest::{grafted, MANIFESTS};
use freshpaint_harness::envoy::module;
use freshpaint_harness::shipped::{manifests, repository, trust_store, Shipped};
use freshpaint_harness::Envoy;
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
            "fleet.yaml",
            "monitor.yaml"
        ]
    );
}

/// Validates as a user does, from the root of the repository; only the system's list of authorities
/// may be elsewhere.
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
fn monitor_yaml_is_valid_in_envoy_yaml_and_has_its_vm_config_to_the_letter() {
    let mut shipped = Shipped::load().unwrap();
    let listeners = manifests("monitor.yaml").unwrap().remove(0);
    let filter = &listeners[0]["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"][0];
    assert_eq!(
        filter["typed_config"]["config"]["vm_config"],
        shipped.plugin().unwrap()["vm_config"]
    );
    shipped.load_module(&module().unwrap()).unwrap();
    shipped.trust(&trust_store().unwrap()).unwrap();
    shipped.add_monitor(([127, 0, 0, 1], 0).into()).unwrap();
    let file = tempfile("monitored.json", &shipped.bootstrap().to_string());
    let verdict = Envoy::validate_file(file.path(), repository(), &environment()).unwrap();
    assert!(verdict.accepted, "{}", verdict.output);
}

#[test]
fn fleet_yaml_is_valid_as_it_stands() {
    let text = fs::read_to_string(repository().join("envoy/fleet.yaml")).unwrap();
    let module = module().unwrap().display().to_string();
    let text = text.replace("target/freshpaint_webhooks.wasm", &module);
    let file = tempfile("fleet.yaml", &text);
    let verdict = Envoy::validate_file(file.path(), repository(), &[].into()).unwrap();
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

/// As a Secret that was made from the output of `echo`, or before its value was known.
#[test]
fn a_secret_that_is_half_written_stops_envoy_and_is_not_shown() {
    let mut shipped = Shipped::load().unwrap();
    shipped.load_module(&module().unwrap()).unwrap();
    shipped.trust(&trust_store().unwrap()).unwrap();
    let file = tempfile("envoy.json", &shipped.bootstrap().to_string());
    for (key, said) in [
        (
            "secret-key\n",
            "webhooks[0].headers.X-Api-Key: holds the control byte 0x0a",
        ),
        ("", "needs the environment variable CRM_KEY"),
    ] {
        let environment = [("CRM_KEY", key)].into();
        let verdict = Envoy::validate_file(file.path(), repository(), &environment).unwrap();
        assert!(!verdict.accepted);
        assert!(verdict.output.contains(said), "{}", verdict.output);
        assert!(!verdict.output.contains("secret-key"), "{}", verdict.output);
    }
}

#[test]
fn the_patches_for_istio_and_envoy_gateway_are_valid() {
    for manifest in MANIFESTS {
        let mut shipped = grafted(manifest, &trust_store().unwrap());
        shipped.load_module(&module().unwrap()).unwrap();
        let file = tempfile("envoy.json", &shipped.bootstrap().to_string());
        let verdict = Envoy::validate_file(file.path(), repository(), &environment()).unwrap();
        assert!(verdict.accepted, "{manifest}: {}", verdict.output);
    }
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
