//! Istio: what it generates for an ingress gateway, with `deploy/istio` put into it.
//!
//! After `pilot/pkg/networking/core/{gateway,listener,connection_settings}.go`,
//! `tools/packaging/common/envoy_bootstrap.json` and `pkg/bootstrap/config.go` of istio/istio.
//! Filters of Istio's own are left out, which the official Envoy does not have; the listener stands
//! in the bootstrap, and extensions come from a file.

use crate::bed::{batch, filter_names, routes, Bed};
use crate::render::resource;
use freshpaint_harness::envoy::{address, ext, filter, Place, Whole};
use freshpaint_harness::wait::poll;
use serde_json::{json, Value};
use std::cell::RefCell;
use std::fs;
use std::time::Duration;

/// The connection settings of a gateway (`applyEdgeProfileDefaults`).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Profile {
    /// The limits of a gateway unless told otherwise: Envoy's own.
    Default,
    /// `connectionSettings: {profile: EDGE}`.
    Edge,
}

/// Where the module comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Module {
    /// The image, which Istio's agent has fetched and put into a file.
    Fetched,
    /// A volume.
    Volume,
}

/// The configuration of Envoy at a place.
pub(crate) fn whole(place: &Place<'_>, profile: Profile, module: Module) -> Whole {
    let folder = match module {
        Module::Volume => "istio/volume",
        _ => "istio/base",
    };
    let mut listener = listener(place, profile);
    let mut clusters = Vec::new();
    let policy = resource(folder, "EnvoyFilter", "freshpaint-webhooks");
    for patch in policy["spec"]["configPatches"].as_array().unwrap() {
        let value = patch["patch"]["value"].clone();
        assert_eq!(patch["match"]["context"], "GATEWAY");
        match patch["applyTo"].as_str().unwrap() {
            "HTTP_FILTER" => insert(&mut listener, patch, value, place),
            "EXTENSION_CONFIG" => discover(value, module, place),
            "CLUSTER" => clusters.push(value),
            other => panic!("{other}"),
        }
    }
    let mut bootstrap = bootstrap(place);
    bootstrap["static_resources"] = json!({"listeners": [listener], "clusters": clusters});
    let labels = resource(folder, "ConfigMap", "freshpaint-webhooks-bootstrap");
    let merged = labels["data"]["custom_bootstrap.json"].as_str().unwrap();
    Whole {
        bootstrap,
        // Istio's agent gives the file of the annotation to `--config-yaml` (pkg/envoy/proxy.go).
        merged: Some(serde_json::from_str(merged).unwrap()),
        ..Whole::default()
    }
}

fn bootstrap(place: &Place<'_>) -> Value {
    let tag = |name: &str, regex: &str| json!({"tag_name": name, "regex": regex});
    let prefixes = [
        "reporter=",
        "cluster_manager",
        "listener_manager",
        "server",
        "cluster.xds-grpc",
        "wasm",
        "component",
        "istio",
    ];
    let patterns: Vec<_> = prefixes.iter().map(|it| json!({"prefix": it})).collect();
    json!({
        "node": {"id": "gateway", "cluster": "gateway"},
        "admin": {"address": address(place.admin)},
        "stats_config": {
            "use_all_default_tags": false,
            "stats_tags": [
                tag("cluster_name", r"^cluster(\.(.+);)"),
                tag("response_code", r"_rq(_(\d{3}))$"),
                tag("component", r"(component\.(.+?)\.)"),
                tag("tag", r"(tag\.(.+?);\.)"),
                tag("wasm_filter", r"(wasm_filter\.(.+?)\.)"),
            ],
            "stats_matcher": {"inclusion_list": {"patterns": patterns}},
        },
        "bootstrap_extensions": [{
            "name": "envoy.bootstrap.internal_listener",
            "typed_config": {
                "@type": ext("bootstrap.internal_listener.v3.InternalListener"),
                "buffer_size_kb": 64,
            },
        }],
    })
}

fn listener(place: &Place<'_>, profile: Profile) -> Value {
    let mut manager = json!({
        "@type": ext("filters.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": "outbound_0.0.0.0_8080",
        "server_name": "istio-envoy",
        "use_remote_address": true,
        "normalize_path": true,
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
        "stream_idle_timeout": "0s",
        "forward_client_cert_details": "SANITIZE_SET",
        "set_current_client_cert_details": {"subject": true, "cert": true, "dns": true, "uri": true},
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "http_filters": [
            filter("grpc_stats", "grpc_stats.v3.FilterConfig", json!({"emit_filter_state": true})),
            filter("fault", "fault.v3.HTTPFault", json!({})),
            filter("cors", "cors.v3.Cors", json!({})),
            filter("router", "router.v3.Router", json!({})),
        ],
        "route_config": {"virtual_hosts": [
            {"name": "all", "domains": ["*"], "routes": routes()},
        ]},
    });
    if let Profile::Edge = profile {
        manager["stream_idle_timeout"] = json!("300s");
        manager["request_timeout"] = json!("300s");
        manager["request_headers_timeout"] = json!("60s");
        manager["http2_protocol_options"] = json!({
            "max_concurrent_streams": 100,
            "initial_stream_window_size": 65_536,
            "initial_connection_window_size": 1_048_576,
        });
    }
    let mut listener = json!({
        "name": "0.0.0.0_8080",
        "address": address(place.listener),
        "max_connections_to_accept_per_socket_event": 1,
        "filter_chains": [{"filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": manager,
        }]}],
    });
    if let Profile::Edge = profile {
        listener["per_connection_buffer_limit_bytes"] = json!(32_768);
    }
    listener
}

/// INSERT_BEFORE the filter that the patch names. A part that comes over ADS there comes from a
/// file here.
fn insert(listener: &mut Value, patch: &Value, mut value: Value, place: &Place<'_>) {
    assert_eq!(patch["patch"]["operation"], "INSERT_BEFORE");
    let before = &patch["match"]["listener"]["filterChain"]["filter"]["subFilter"]["name"];
    let source = &mut value["config_discovery"]["config_source"];
    assert_eq!(source["ads"], json!({}));
    *source = json!({
        "path_config_source": {"path": place.folder.join("extensions.json")},
        "resource_api_version": "V3",
    });
    let manager = &mut listener["filter_chains"][0]["filters"][0]["typed_config"];
    let filters = manager["http_filters"].as_array_mut().unwrap();
    let at = filters.iter().position(|it| it["name"] == *before).unwrap();
    filters.insert(at, value);
    assert_eq!(
        filter_names(manager)[at - 1..],
        [
            "envoy.filters.http.cors",
            "freshpaint_webhooks",
            "envoy.filters.http.router",
        ]
    );
}

/// The filter that Istio's agent puts in place of the module when it has none
/// (`createHTTPDefaultFilter`).
fn denial() -> Value {
    json!({"@type": ext("filters.http.rbac.v3.RBAC"), "rules": {}})
}

/// Istio's agent makes a file of an image (`rewriteVMConfig`).
fn discover(mut extension: Value, module: Module, place: &Place<'_>) {
    let code = &mut extension["typed_config"]["config"]["vm_config"]["code"];
    if module == Module::Volume {
        assert_eq!(code["local"]["filename"], "/var/lib/freshpaint/plugin.wasm");
    } else {
        let image = code["remote"]["http_uri"]["uri"].as_str().unwrap();
        let (_, digest) = image.split_once("@sha256:").unwrap();
        assert!(image.starts_with("oci://") && digest.len() == 64, "{image}");
    }
    *code = json!({"local": {"filename": place.module}});
    extension["@type"] = json!("type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig");
    let response = json!({"version_info": "1", "resources": [extension]});
    fs::write(place.folder.join("extensions.json"), response.to_string()).unwrap();
}

#[test]
fn events_are_delivered_with_the_module_from_an_image_and_from_a_volume() {
    for module in [Module::Fetched, Module::Volume] {
        let bed = Bed::start(&|place| whole(place, Profile::Default, module));
        let answer = batch(1, 1).send(bed.envoy.address()).unwrap();
        assert_eq!(answer.status, 200, "{module:?}: {}", bed.envoy.log());
        assert_eq!(bed.crm.count(), 1);
        assert_eq!(
            bed.crm.requests()[0].header("x-api-key"),
            Some("crm-key-of-the-test")
        );
    }
}

#[test]
fn a_module_that_could_not_be_fetched_denies_everything_on_the_gateway() {
    let folder = RefCell::default();
    let bed = Bed::start(&|place| {
        folder.replace(place.folder.to_owned());
        whole(place, Profile::Default, Module::Fetched)
    });
    let extensions = folder.into_inner().join("extensions.json");
    let mut response: Value = serde_json::from_slice(&fs::read(&extensions).unwrap()).unwrap();
    response["version_info"] = json!("2");
    response["resources"][0]["typed_config"] = denial();
    let written = extensions.with_extension("new");
    fs::write(&written, response.to_string()).unwrap();
    fs::rename(written, extensions).unwrap();
    let request = batch(1, 1);
    let denied = poll(Duration::from_secs(20), || {
        let answer = request.send(bed.envoy.address()).ok()?;
        (answer.status == 403).then(|| answer.text())
    });
    assert_eq!(
        denied.as_deref(),
        Some("RBAC: access denied"),
        "{}",
        bed.envoy.log()
    );
}
