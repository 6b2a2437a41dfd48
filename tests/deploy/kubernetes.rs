//! `deploy/kubernetes`: what its copy of `envoy.yaml` adds, and that its pieces fit each other.

use crate::render::{path, resource, resources};
use freshpaint_harness::envoy::ENVOY_VERSION;
use freshpaint_harness::shipped::{documents, repository, yaml};
use serde_json::{json, Value};
use std::fs;

fn configuration() -> Value {
    documents(&path("kubernetes/base/envoy.yaml"))
        .unwrap()
        .remove(0)
}

#[test]
fn the_envoy_of_a_pod_is_the_shipped_one_with_probes() {
    let mut here = configuration();
    let shipped = documents(&repository().join("envoy/envoy.yaml"))
        .unwrap()
        .remove(0);
    let resources = here["static_resources"].as_object_mut().unwrap();
    for (list, name) in [("listeners", "probes"), ("clusters", "admin")] {
        let items = resources[list].as_array_mut().unwrap();
        let before = items.len();
        items.retain(|it| it["name"] != name);
        assert_eq!(items.len(), before - 1);
    }
    let text = here.to_string().replace(
        "/var/lib/freshpaint/plugin.wasm",
        "target/freshpaint_webhooks.wasm",
    );
    let text: Value = serde_json::from_str(&text).unwrap();
    assert!(
        text == shipped,
        "scripts/kubernetes-envoy brings the copy up to date"
    );
}

#[test]
fn the_pod_mounts_what_envoy_reads_and_the_probes_ask_what_it_serves() {
    for overlay in ["image", "configmap"] {
        let folder = format!("kubernetes/overlays/{overlay}");
        let deployment = resource(&folder, "Deployment", "freshpaint-webhooks");
        let pod = &deployment["spec"]["template"]["spec"];
        let envoy = &pod["containers"][0];
        assert_eq!(envoy["image"], format!("envoyproxy/envoy:v{ENVOY_VERSION}"));

        let volumes: Vec<_> = pod["volumes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| &it["name"])
            .collect();
        let mounts = envoy["volumeMounts"].as_array().unwrap();
        let mounted: Vec<_> = mounts.iter().map(|it| &it["name"]).collect();
        assert_eq!(volumes, mounted);
        let code = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters/0/typed_config/config/vm_config";
        let configuration = configuration();
        let vm = configuration.pointer(code).unwrap();
        let file = vm["code"]["local"]["filename"].as_str().unwrap();
        assert_eq!(
            file,
            format!("{}/plugin.wasm", mounts[1]["mountPath"].as_str().unwrap())
        );
        let names: Vec<_> = envoy["env"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| &it["name"])
            .collect();
        assert_eq!(json!(names), vm["environment_variables"]["host_env_keys"]);

        let ports: Vec<_> = envoy["ports"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| &it["containerPort"])
            .collect();
        assert_eq!(ports, [10000, 9902]);
        for probe in ["startupProbe", "readinessProbe"] {
            assert_eq!(
                envoy[probe]["httpGet"],
                json!({"path": "/ready", "port": "probes"})
            );
        }
        let drain: Vec<_> = envoy["lifecycle"]["preStop"]["exec"]["command"]
            .as_array()
            .unwrap()
            .clone();
        assert_eq!(drain[1], "/etc/freshpaint/drain");
        let patience: u64 = drain[4].as_str().unwrap().parse().unwrap();
        assert!(pod["terminationGracePeriodSeconds"].as_u64().unwrap() > patience);
    }
}

/// Envoy ends its largest requests before Kubernetes ends Envoy: the comment at `overload_manager`
/// in `envoy.yaml` says how much has to be between the two.
#[test]
fn the_pod_may_take_more_memory_than_envoy_allows_itself() {
    let configuration = configuration();
    let heap = "/overload_manager/resource_monitors/0/typed_config/max_heap_size_bytes";
    let heap = configuration.pointer(heap).unwrap().as_u64().unwrap() >> 20;
    let deployment = resource(
        "kubernetes/overlays/image",
        "Deployment",
        "freshpaint-webhooks",
    );
    let envoy = &deployment["spec"]["template"]["spec"]["containers"][0];
    let arguments = envoy["args"].as_array().unwrap();
    let at = arguments.iter().position(|it| it == "--concurrency");
    let workers: u64 = arguments[at.unwrap() + 1]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let limit = envoy["resources"]["limits"]["memory"].as_str().unwrap();
    let limit: u64 = limit.strip_suffix("Mi").unwrap().parse().unwrap();
    assert!(limit >= heap + 100 + 144 * workers, "{limit} MiB");
}

/// The listener of `envoy/monitor.yaml`, in the same VM as the collector of the pod's own file, on
/// a port of the pod's loopback that nothing else has.
#[test]
fn the_overlay_with_the_live_page_adds_its_listener_on_loopback() {
    let overlay = "kubernetes/overlays/monitor";
    let deployment = resource(overlay, "Deployment", "freshpaint-webhooks");
    let args = &deployment["spec"]["template"]["spec"]["containers"][0]["args"];
    let args = args.as_array().unwrap();
    let at = args.iter().position(|it| it == "--config-yaml").unwrap();
    let merged = yaml(args[at + 1].as_str().unwrap()).unwrap();

    let mut listener = documents(&repository().join("envoy/monitor.yaml")).unwrap()[0][0].take();
    listener["address"]["socket_address"]["port_value"] = json!(9903);
    let module = "/filter_chains/0/filters/0/typed_config/http_filters/0/typed_config/config";
    let mut here = configuration();
    let vm = here.pointer(&format!("/static_resources/listeners/0{module}/vm_config"));
    listener.pointer_mut(module).unwrap()["vm_config"] = vm.unwrap().clone();
    assert_eq!(
        merged,
        json!({"static_resources": {"listeners": [listener]}})
    );

    let listeners = here["static_resources"]["listeners"]
        .as_array_mut()
        .unwrap();
    let port = |it: &Value| it["address"]["socket_address"]["port_value"].clone();
    assert!(listeners.iter().all(|it| port(it) != 9903));
    assert_ne!(
        here["admin"]["address"]["socket_address"]["port_value"],
        9903
    );
}

#[test]
fn every_selector_finds_the_pods() {
    let found = resources(&path("kubernetes/overlays/image"));
    let labels = json!({"app.kubernetes.io/name": "freshpaint-webhooks"});
    for (kind, at) in [
        ("Deployment", "/spec/selector/matchLabels"),
        ("Deployment", "/spec/template/metadata/labels"),
        ("Service", "/spec/selector"),
        ("PodDisruptionBudget", "/spec/selector/matchLabels"),
    ] {
        let it = found.iter().find(|it| it["kind"] == kind).unwrap();
        assert_eq!(it.pointer(at), Some(&labels), "{kind}");
    }
}

#[test]
fn generated_files_are_there() {
    let kustomization = documents(&path("kubernetes/base/kustomization.yaml")).unwrap();
    for file in kustomization[0]["configMapGenerator"][0]["files"]
        .as_array()
        .unwrap()
    {
        let file = path("kubernetes/base").join(file.as_str().unwrap());
        assert!(fs::metadata(&file).unwrap().is_file());
    }
}
