//! `deploy/compose` and `deploy/bare`: that their pieces fit each other and what they mount.

use crate::render::{path, resource};
use freshpaint_harness::envoy::{module, ENVOY_VERSION};
use freshpaint_harness::process::{spawn, Owned};
use freshpaint_harness::shipped::{documents, repository, Shipped};
use freshpaint_harness::wait::poll;
use freshpaint_harness::{Port, Request};
use serde_json::{json, Value};
use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

fn compose() -> Value {
    documents(&path("compose/docker-compose.yaml"))
        .unwrap()
        .remove(0)
}

#[test]
fn the_image_of_the_trial_has_the_module_where_envoy_yaml_looks_for_it() {
    let compose = compose();
    let envoy = &compose["services"]["envoy"];
    let file = envoy["build"]["dockerfile_inline"].as_str().unwrap();
    assert!(
        file.contains(&format!("FROM envoyproxy/envoy:v{ENVOY_VERSION}\n")),
        "{file}"
    );
    let mut shipped = Shipped::load().unwrap();
    let named = &shipped.plugin().unwrap()["vm_config"]["code"]["local"]["filename"];
    let folder = envoy["working_dir"].as_str().unwrap();
    let module = format!("{folder}/{}", named.as_str().unwrap());
    assert!(
        file.contains(&format!("COPY --from=module /plugin.wasm {module}\n")),
        "{file}"
    );

    let mount = &envoy["volumes"][0];
    let source = path("compose").join(mount["source"].as_str().unwrap());
    assert_eq!(
        source.canonicalize().unwrap(),
        repository()
            .join("envoy/envoy.yaml")
            .canonicalize()
            .unwrap()
    );
    assert_eq!(envoy["command"][1], mount["target"]);
    for webhook in ["crm", "warehouse"] {
        let cluster = shipped.cluster(webhook).unwrap();
        let at = "/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address";
        let socket = json!({"address": webhook, "port_value": 8080});
        assert_eq!(cluster.pointer(at), Some(&socket));
        let command = compose["services"][webhook]["command"].as_array().unwrap();
        assert_eq!(command[2..], ["/receiver.py", webhook, "8080"]);
    }
}

#[test]
fn the_dockerfile_has_the_pinned_envoy_and_copies_what_is_there() {
    let file = fs::read_to_string(path("bare/Dockerfile")).unwrap();
    assert!(file.contains(&format!("FROM envoyproxy/envoy:v{ENVOY_VERSION}\n")));
    assert!(file.contains("COPY kubernetes/base/drain "));
    assert!(path("kubernetes/base/drain").is_file());
}

/// As in the pod of Kubernetes, whose test has the arithmetic.
#[test]
fn the_service_of_systemd_has_the_workers_and_the_memory_of_a_pod() {
    let unit = fs::read_to_string(path("bare/freshpaint-envoy.service")).unwrap();
    let pod = resource(
        "kubernetes/overlays/image",
        "Deployment",
        "freshpaint-webhooks",
    );
    let envoy = &pod["spec"]["template"]["spec"]["containers"][0];
    let arguments = envoy["args"].as_array().unwrap();
    let at = arguments
        .iter()
        .position(|it| it == "--concurrency")
        .unwrap();
    let workers = arguments[at + 1].as_str().unwrap();
    assert!(unit.contains(&format!("--concurrency {workers} ")));
    let limit = envoy["resources"]["limits"]["memory"].as_str().unwrap();
    assert!(unit.contains(&format!("\nMemoryMax={}\n", limit.trim_end_matches('i'))));
}

#[test]
fn the_webhook_of_the_trial_prints_what_it_gets() {
    let folder = tempfile::tempdir().unwrap();
    let printed = folder.path().join("printed");
    let port = Port::reserve().unwrap();
    let mut command = Command::new("python3");
    command
        .arg("-u")
        .arg(path("compose/receiver.py"))
        .args(["crm", &port.address().port().to_string()])
        .stdin(Stdio::null())
        .stdout(File::create(&printed).unwrap());
    let _receiver = Owned(spawn(command).unwrap());
    let event = json!({"type": "track", "event": "Signed Up", "properties": {"plan": "pro"}});
    let request = Request::post("/freshpaint", event.to_string());
    let answer = poll(PATIENCE, || request.send(port.address()).ok()).expect("an answer");
    assert_eq!(answer.status, 200);
    let text = fs::read_to_string(printed).unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    assert_eq!(first, "crm track Signed Up");
    assert_eq!(serde_json::from_str::<Value>(rest).unwrap(), event);
}

/// The image that Istio and Kubernetes take: the same bytes each time, and the module in them.
#[test]
fn the_image_is_the_same_each_time_and_holds_the_module() {
    let folder = tempfile::tempdir().unwrap();
    let make = |name: &str| {
        let output = Command::new(repository().join("scripts/oci-image"))
            .arg(module().unwrap())
            .arg("1.2.3")
            .arg(folder.path().join(name))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let digests = String::from_utf8(output.stdout).unwrap();
        (digests, fs::read(folder.path().join(name)).unwrap())
    };
    let (digests, image) = make("a.tar");
    assert!((&digests, &image) == (&make("b.tar").0, &make("b.tar").1));

    let unpacked = Command::new("tar")
        .args(["-xf", "a.tar"])
        .current_dir(folder.path())
        .status();
    assert!(unpacked.unwrap().success());
    let blob = |digest: &str| {
        let name = digest.replace(':', "/");
        fs::read(folder.path().join("blobs").join(name)).unwrap()
    };
    let tree = |digest: &str| -> Value { serde_json::from_slice(&blob(digest)).unwrap() };
    let (_, index) = digests.lines().next().unwrap().split_once(' ').unwrap();
    let (_, manifest) = digests.lines().nth(1).unwrap().split_once(' ').unwrap();
    // Either architecture of nodes has an image with the one layer, and Istio's is one of them.
    let index = tree(index);
    let manifests = index["manifests"].as_array().unwrap();
    let nodes: Vec<_> = manifests
        .iter()
        .map(|it| &it["platform"]["architecture"])
        .collect();
    assert_eq!(nodes, ["amd64", "arm64"]);
    assert_eq!(manifests[0]["digest"], manifest);
    let layer = &tree(manifest)["layers"][0];
    assert_eq!(
        layer["mediaType"],
        "application/vnd.oci.image.layer.v1.tar+gzip"
    );
    assert_eq!(
        layer,
        &tree(manifests[1]["digest"].as_str().unwrap())["layers"][0]
    );
    let mut content = Vec::new();
    let packed = blob(layer["digest"].as_str().unwrap());
    std::io::Read::read_to_end(
        &mut flate2::read::GzDecoder::new(packed.as_slice()),
        &mut content,
    )
    .unwrap();
    assert!(content.starts_with(b"plugin.wasm\0"));
    let module = fs::read(module().unwrap()).unwrap();
    assert_eq!(content[512..512 + module.len()], module);
}
