//! Envoy Gateway 1.9: what it generates for a Gateway, with `deploy/gateway` put into it.
//!
//! After `internal/xds/translator/listener.go` and `internal/xds/bootstrap/bootstrap.yaml.tpl` of
//! envoyproxy/gateway. Listeners and clusters come from files here, and routes stand in them.

use crate::bed::{filter_names, routes};
use crate::render::{apply, resource};
use freshpaint_harness::envoy::{address, ext, filter, Place, Whole};
use freshpaint_harness::tls::Certificate;
use serde_json::{json, Value};

/// How a run of Envoy Gateway names its listeners (`xdsListenerName`).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Names {
    V1,
    V2,
}

impl Names {
    fn folder(self) -> &'static str {
        match self {
            Self::V1 => "gateway/base",
            Self::V2 => "gateway/names-v2",
        }
    }

    /// The names of the listeners for HTTP and HTTPS.
    fn listeners(self) -> [&'static str; 2] {
        match self {
            Self::V1 => ["default/eg/http", "default/eg/https"],
            Self::V2 => ["tcp-80", "tcp-443"],
        }
    }
}

/// The configuration of Envoy at a place.
pub(crate) fn whole(place: &Place<'_>, names: Names) -> Whole {
    let folder = names.folder();
    let mut listeners = listeners(place, names);
    let mut clusters = Vec::new();
    let patches = resource(folder, "EnvoyPatchPolicy", "freshpaint-webhooks");
    for patch in patches["spec"]["jsonPatches"].as_array().unwrap() {
        match patch["type"].as_str().unwrap().rsplit('.').next() {
            Some("Cluster") => clusters.push(patch["operation"]["value"].clone()),
            _ => {
                let listener = listeners.iter_mut().find(|it| it["name"] == patch["name"]);
                let listener = listener.unwrap_or_else(|| panic!("no {}", patch["name"]));
                insert(listener, &patch["operation"]);
            }
        }
    }
    for listener in &mut listeners {
        load(listener, place);
    }
    let mut bootstrap = bootstrap(place);
    let proxy = resource(folder, "EnvoyProxy", "freshpaint-webhooks");
    assert_eq!(proxy["spec"]["bootstrap"]["type"], "JSONPatch");
    for operation in proxy["spec"]["bootstrap"]["jsonPatches"]
        .as_array()
        .unwrap()
    {
        apply(&mut bootstrap, operation);
    }
    bootstrap["static_resources"] = json!({"listeners": listeners, "clusters": clusters});
    Whole {
        bootstrap,
        ..Whole::default()
    }
}

fn bootstrap(place: &Place<'_>) -> Value {
    let tag = |name: &str, regex: &str| json!({"tag_name": name, "regex": regex});
    json!({
        "node": {"id": "gateway", "cluster": "gateway"},
        "admin": {"address": address(place.admin)},
        "stats_config": {
            "use_all_default_tags": true,
            "stats_tags": [
                tag("from_zone", r"\.zone(\.(([^\.]+)\.))"),
                tag("to_zone", r"\.zone\.[^\.]+\.(([^\.]+)\.)"),
                tag("socket_match_name", r"^cluster(\..+\.(.+))\.total_match_count$"),
                tag("priority", r"circuit_breakers\.((.+?)\.).+"),
            ],
        },
        "layered_runtime": {"layers": [{"name": "global_config", "static_layer": {
            "re2.max_program_size.error_level": 4_294_967_295_u32,
            "re2.max_program_size.warn_level": 1000,
        }}]},
    })
}

/// HTTP has a default filter chain, HTTPS a chain of its own.
fn listeners(place: &Place<'_>, names: Names) -> [Value; 2] {
    let [http, https] = names.listeners();
    let chain = |prefix: &str| {
        json!({"filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": manager(prefix),
        }]})
    };
    let certificate = Certificate::for_names(&["collect.test"]).unwrap();
    let mut secured = chain("https-10443");
    secured["transport_socket"] = json!({
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": ext("transport_sockets.tls.v3.DownstreamTlsContext"),
            "common_tls_context": {
                "alpn_protocols": ["h2", "http/1.1"],
                "tls_certificates": [{
                    "certificate_chain": {"inline_string": certificate.pem()},
                    "private_key": {"inline_string": certificate.key_pem()},
                }],
            },
        },
    });
    let listener = |name: &str, at: Value| {
        json!({
            "name": name,
            "address": at,
            "per_connection_buffer_limit_bytes": 32_768,
            "max_connections_to_accept_per_socket_event": 1,
        })
    };
    let mut plain = listener(http, address(place.listener));
    plain["default_filter_chain"] = chain("http-10080");
    let any = json!({"socket_address": {"address": "127.0.0.1", "port_value": 0}});
    let mut tls = listener(https, any);
    tls["filter_chains"] = json!([secured]);
    [plain, tls]
}

fn manager(stat_prefix: &str) -> Value {
    json!({
        "@type": ext("filters.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": stat_prefix,
        "common_http_protocol_options": {"headers_with_underscores_action": "REJECT_REQUEST"},
        "http2_protocol_options": {
            "max_concurrent_streams": 100,
            "initial_stream_window_size": 65_536,
            "initial_connection_window_size": 1_048_576,
        },
        "use_remote_address": true,
        "normalize_path": true,
        "merge_slashes": true,
        "path_with_escaped_slashes_action": "UNESCAPE_AND_REDIRECT",
        "server_header_transformation": "PASS_THROUGH",
        "http_filters": [
            filter("cors", "cors.v3.Cors", json!({})),
            filter("router", "router.v3.Router", json!({"suppress_envoy_headers": true})),
        ],
        "route_config": {"virtual_hosts": [
            {"name": "all", "domains": ["*"], "routes": routes()},
        ]},
    })
}

/// Inserts before whatever the JSONPath finds; ours says one thing, in every filter chain.
fn insert(listener: &mut Value, operation: &Value) {
    assert_eq!(operation["op"], "add");
    assert_eq!(operation["path"], Value::Null);
    assert_eq!(
        operation["jsonPath"],
        "$..http_filters[?(@.name=='envoy.filters.http.router')]"
    );
    for manager in managers(listener) {
        let filters = manager["http_filters"].as_array_mut().unwrap();
        let router = filters
            .iter()
            .position(|it| it["name"] == "envoy.filters.http.router");
        filters.insert(router.unwrap(), operation["value"].clone());
    }
}

/// Takes the module from here.
fn load(listener: &mut Value, place: &Place<'_>) {
    for manager in managers(listener) {
        let filters = manager["http_filters"].as_array_mut().unwrap();
        let ours = filters
            .iter_mut()
            .find(|it| it["name"] == "freshpaint_webhooks")
            .unwrap();
        let code = &mut ours["typed_config"]["config"]["vm_config"]["code"]["local"]["filename"];
        assert_eq!(code, "/var/lib/freshpaint/plugin.wasm");
        *code = json!(place.module);
    }
}

fn managers(listener: &mut Value) -> Vec<&mut Value> {
    let listener = listener.as_object_mut().unwrap();
    let mut found = Vec::new();
    for (key, chains) in listener {
        let chains = match (key.as_str(), chains) {
            ("default_filter_chain", chain) => vec![chain],
            ("filter_chains", Value::Array(chains)) => chains.iter_mut().collect(),
            _ => continue,
        };
        found.extend(
            chains
                .into_iter()
                .map(|chain| &mut chain["filters"][0]["typed_config"]),
        );
    }
    found
}

#[test]
fn the_filter_is_the_last_before_the_router_of_both_listeners() {
    for names in [Names::V1, Names::V2] {
        let bed = crate::bed::Bed::start(&|place| {
            let mut whole = whole(place, names);
            let listeners = whole.bootstrap["static_resources"]["listeners"].as_array_mut();
            for listener in listeners.unwrap() {
                for manager in managers(listener) {
                    assert_eq!(
                        filter_names(manager),
                        [
                            "envoy.filters.http.cors",
                            "freshpaint_webhooks",
                            "envoy.filters.http.router"
                        ]
                    );
                }
            }
            whole
        });
        let answer = crate::bed::batch(1, 1).send(bed.envoy.address()).unwrap();
        assert_eq!(answer.status, 200, "{names:?}: {}", bed.envoy.log());
    }
}
