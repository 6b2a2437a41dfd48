//! `docker-compose.yaml` fits the files that it mounts and starts; `tests/compose` runs it.

use freshpaint_harness::envoy::{Whole, ENVOY_VERSION, READY_PATH};
use freshpaint_harness::shipped::{documents, manifests, repository, trust_store, yaml, Shipped};
use freshpaint_harness::{Connection, Envoy, Port, Receiver, Request};
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

/// The listener of `monitor.yaml`, and a port of this machine's loopback alone. Envoy takes it
/// merged into `envoy.yaml`, and serves the page.
#[test]
fn the_live_page_comes_with_both_and_is_published_on_loopback_alone() {
    let listener = manifests("monitor.yaml").unwrap()[0][0].take();
    let ports = json!([
        "127.0.0.1:${ENVOY_PORT:-10000}:10000",
        "127.0.0.1:${MONITOR_PORT:-9902}:9902",
    ]);
    for file in [
        "envoy/docker-compose.yaml",
        "deploy/compose/docker-compose.yaml",
    ] {
        let compose = documents(&repository().join(file)).unwrap().remove(0);
        let envoy = &compose["services"]["envoy"];
        assert_eq!(envoy["ports"], ports, "{file}");
        let command = envoy["command"].as_array().unwrap();
        let at = command.iter().position(|it| it == "--config-yaml").unwrap();
        let mut merged = yaml(command[at + 1].as_str().unwrap()).unwrap();
        let socket = &mut merged["static_resources"]["listeners"][0]["address"]["socket_address"];
        assert_eq!(socket["address"].take(), "0.0.0.0", "{file}");
        socket["address"] = json!("127.0.0.1");
        let expected = json!({"static_resources": {"listeners": [listener]}});
        assert_eq!(merged, expected, "{file}");
    }

    let crm = Receiver::start().unwrap();
    let page = Port::reserve().unwrap();
    let envoy = Envoy::start_whole(|place| {
        let mut shipped = Shipped::load()?;
        shipped.trust(&trust_store()?)?;
        shipped.lead("crm", crm.address())?;
        shipped.listen_on(place.listener)?;
        shipped.admin_on(place.admin);
        let ready = json!({"match": {"path": READY_PATH}, "direct_response": {"status": 200}});
        shipped.routes("collect")?.insert(0, ready);
        shipped.load_module(place.module)?;
        let mut listener = listener.clone();
        listener["address"]["socket_address"]["port_value"] = json!(page.address().port());
        let filters =
            &mut listener["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"];
        let vm = &mut filters[0]["typed_config"]["config"]["vm_config"];
        *vm = shipped.plugin()?["vm_config"].clone();
        Ok(Whole {
            bootstrap: shipped.bootstrap().clone(),
            merged: Some(json!({"static_resources": {"listeners": [listener]}})),
            environment: [("CRM_KEY".to_owned(), "crm-key-of-the-test".to_owned())].into(),
            ..Whole::default()
        })
    });
    let envoy = envoy.unwrap_or_else(|error| panic!("{error:#}"));
    let request = Request::get("/api/v1/status").header("connection", "close");
    let bytes = request.to_bytes();
    let bytes = String::from_utf8(bytes)
        .unwrap()
        .replace("collect.test", "localhost");
    let mut connection = Connection::open(page.address()).unwrap();
    connection.send(bytes.as_bytes()).unwrap();
    let answer = connection.response().unwrap();
    assert_eq!(answer.status, 200, "{}\n{}", answer.text(), envoy.log());
    assert!(answer.text().contains(r#""plugin":"freshpaint_webhooks""#));
}

/// Prometheus and Grafana, which no test here runs.
#[test]
fn mounted_files_are_there_and_prometheus_reaches_envoy() {
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
