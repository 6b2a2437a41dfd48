//! `docker-compose.yaml` fits the files that it mounts and starts; `tests/compose` runs it.

use freshpaint_harness::envoy::ENVOY_VERSION;
use freshpaint_harness::shipped::{manifests, repository, Shipped};
use serde_json::{json, Value};

#[test]
fn the_services_are_what_envoy_yaml_calls() {
    let [compose] = manifests("docker-compose.yaml")
        .unwrap()
        .try_into()
        .unwrap();
    let mut shipped = Shipped::load().unwrap();
    for webhook in ["crm", "warehouse"] {
        let service = &compose["services"][webhook];
        let cluster = shipped.cluster(webhook).unwrap();
        let address = "/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address";
        let address = cluster.pointer(address).unwrap();
        assert_eq!(address, &json!({"address": webhook, "port_value": 8080}));
        let command: Vec<_> = service["command"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        assert_eq!(command, ["--listen", "0.0.0.0:8080", "--name", webhook]);
    }
}

#[test]
fn envoy_is_the_official_image_of_the_pinned_version_with_the_files_of_the_repository() {
    let [compose] = manifests("docker-compose.yaml")
        .unwrap()
        .try_into()
        .unwrap();
    let envoy = &compose["services"]["envoy"];
    assert_eq!(
        envoy["image"],
        json!(format!("envoyproxy/envoy:v{ENVOY_VERSION}"))
    );

    let target = |source: &str| {
        let mounts = envoy["volumes"].as_array().unwrap();
        let mount = mounts
            .iter()
            .find(|mount| mount["source"] == source)
            .unwrap();
        mount["target"].as_str().unwrap().to_owned()
    };
    assert_eq!(target("./envoy.yaml"), "/etc/envoy/envoy.yaml");
    let mut shipped = Shipped::load().unwrap();
    let named = &shipped.plugin().unwrap()["vm_config"]["code"]["local"]["filename"];
    let folder = envoy["working_dir"].as_str().unwrap();
    assert_eq!(
        format!("{folder}/{}", named.as_str().unwrap()),
        target("../target/freshpaint_webhooks.wasm")
    );
    assert!(repository().join("envoy/receiver.Dockerfile").is_file());
}

/// Prometheus and Grafana, which no test here runs.
#[test]
fn what_is_mounted_is_there_and_prometheus_reaches_envoy() {
    let [compose] = manifests("docker-compose.yaml")
        .unwrap()
        .try_into()
        .unwrap();
    let folder = repository().join("envoy");
    for service in ["prometheus", "grafana"] {
        let service = &compose["services"][service];
        assert_eq!(service["profiles"], json!(["observe"]));
        for volume in service["volumes"].as_array().unwrap() {
            let source = folder.join(volume["source"].as_str().unwrap());
            assert!(source.is_file(), "{}", source.display());
        }
    }
    // Envoy's admin interface listens on loopback.
    let network = &compose["services"]["prometheus"]["network_mode"];
    assert_eq!(network, &json!("service:envoy"));
}
