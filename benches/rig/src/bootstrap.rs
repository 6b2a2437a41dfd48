//! The Envoy configuration of a contender. All contenders get the same but for the filter and the
//! route.

use freshpaint_harness::envoy::{address, ext, filter};
use serde_json::{json, Value};
use std::net::SocketAddr;

/// The parts in which contenders differ.
#[derive(Clone, Debug)]
pub(crate) struct Bootstrap {
    pub(crate) listener: SocketAddr,
    pub(crate) admin: SocketAddr,
    /// Before the router.
    pub(crate) filter: Option<Value>,
    /// The whole `route` action of the only route.
    pub(crate) route: Value,
    pub(crate) clusters: Vec<Value>,
    /// An internal listener, and the clusters before and behind it.
    pub(crate) egress: Option<(Value, Vec<Value>)>,
    /// Where the live page is served, and its filter.
    pub(crate) monitor: Option<(SocketAddr, Value)>,
}

impl Bootstrap {
    /// The file that Envoy is started with. Nothing is logged per request, and no breaker opens.
    pub(crate) fn json(&self) -> Value {
        let monitor = self.monitor.as_ref();
        let listeners: Vec<_> = [self.listener("collect", self.listener, self.filter.as_ref())]
            .into_iter()
            .chain(monitor.map(|(to, filter)| self.listener("monitor", *to, Some(filter))))
            .collect();
        let mut bootstrap = json!({
            "admin": {"address": address(self.admin)},
            "static_resources": {
                "listeners": listeners,
                "clusters": self.clusters,
            },
        });
        if let Some((listener, clusters)) = &self.egress {
            let resources = &mut bootstrap["static_resources"];
            let lists = [
                ("listeners", std::slice::from_ref(listener)),
                ("clusters", clusters),
            ];
            for (name, more) in lists {
                let list = resources[name].as_array_mut();
                list.into_iter()
                    .for_each(|list| list.extend_from_slice(more));
            }
            bootstrap["bootstrap_extensions"] = json!([{
                "name": "envoy.bootstrap.internal_listener",
                "typed_config": {
                    "@type": ext("bootstrap.internal_listener.v3.InternalListener"),
                },
            }]);
        }
        bootstrap
    }

    fn listener(&self, name: &str, to: SocketAddr, before_router: Option<&Value>) -> Value {
        let mut filters: Vec<_> = before_router.cloned().into_iter().collect();
        filters.push(filter("router", "router.v3.Router", json!({})));
        json!({
            "name": name,
            "address": address(to),
            "per_connection_buffer_limit_bytes": 8 << 20,
            "filter_chains": [{"filters": [{
                "name": "envoy.filters.network.http_connection_manager",
                "typed_config": {
                    "@type": ext("filters.network.http_connection_manager.v3.HttpConnectionManager"),
                    "stat_prefix": name,
                    "http_filters": filters,
                    "route_config": {"virtual_hosts": [{
                        "name": "all",
                        "domains": ["*"],
                        "routes": [{"match": {"prefix": "/"}, "route": self.route}],
                    }]},
                },
            }]}],
        })
    }
}

/// A cluster of one endpoint.
pub(crate) fn cluster(name: &str, to: SocketAddr, http2: bool) -> Value {
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "5s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address(to)}}]}],
        },
        "circuit_breakers": no_breakers(),
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": ext("upstreams.http.v3.HttpProtocolOptions"),
                "explicit_http_config": protocol(http2),
            },
        },
    })
}

/// The protocol of a cluster.
pub(crate) fn protocol(http2: bool) -> Value {
    if http2 {
        json!({"http2_protocol_options": {}})
    } else {
        json!({"http_protocol_options": {}})
    }
}

/// Breakers that never open.
pub(crate) fn no_breakers() -> Value {
    let most = 1 << 20;
    json!({"thresholds": [
        {"max_connections": most, "max_pending_requests": most, "max_requests": most},
    ]})
}

/// A wasm filter with its configuration, of type `google.protobuf.<kind>`.
pub(crate) fn wasm(file: &std::path::Path, kind: &str, configuration: &Value) -> Value {
    let kind = format!("type.googleapis.com/google.protobuf.{kind}");
    let config = json!({
        "name": "contender",
        "allow_on_headers_stop_iteration": true,
        "failure_policy": "FAIL_RELOAD",
        "vm_config": {
            "vm_id": "contender",
            "runtime": "envoy.wasm.runtime.v8",
            "code": {"local": {"filename": file}},
        },
        "configuration": {"@type": kind, "value": configuration},
    });
    filter("wasm", "wasm.v3.Wasm", json!({"config": config}))
}

/// A Lua filter.
pub(crate) fn lua(source: &str) -> Value {
    let source = json!({"default_source_code": {"inline_string": source}});
    filter("lua", "lua.v3.Lua", source)
}
