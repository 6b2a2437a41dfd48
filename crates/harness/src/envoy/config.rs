//! The Envoy configuration of tests, in one place.

use super::cluster::{upstream_cluster, Cluster};
use super::parts::{address, ext, filter};
use serde_json::{json, Value};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Every listener answers this path with 200 by itself, so that a test can tell that workers serve.
pub const READY_PATH: &str = "/-/ready";

/// The parts of a test's Envoy.
#[derive(Clone, Debug)]
pub struct Config {
    /// Worker threads.
    pub concurrency: u32,
    /// The module's configuration.
    pub plugin: Plugin,
    /// The configuration of a filter that shows the module's deliveries, on a listener of its own.
    pub monitor: Option<Value>,
    /// The clusters that webhooks name.
    pub clusters: Vec<Cluster>,
    /// The upstream of the listener's route; without one the route answers 404.
    pub upstream: Option<SocketAddr>,
    /// `vm_config.environment_variables.key_values`.
    pub environment: BTreeMap<String, String>,
    /// `vm_config.environment_variables.host_env_keys`, with what Envoy's own environment has under
    /// them.
    pub host_environment: BTreeMap<String, String>,
    /// The log level of everything that has to do with Wasm, the module's own lines included.
    pub wasm_log_level: &'static str,
    /// `use_remote_address` of the connection manager: a client's `X-Forwarded-For` is not
    /// believed.
    pub use_remote_address: bool,
    /// `per_connection_buffer_limit_bytes` of the listener; Envoy's own default is 1 MiB.
    pub per_connection_buffer_limit: Option<u32>,
    /// `initial_stream_window_size` of HTTP/2; Envoy's own default is 16 MiB.
    pub stream_window: Option<u32>,
    /// The listener comes from a watched file (LDS), so that [`super::Envoy::update`] can change
    /// it.
    pub file_lds: bool,
    /// HTTP filters before the module, e.g. a decompressor.
    pub filters_before: Vec<Value>,
    /// Another build of the module than the one to be shipped.
    pub module: Option<PathBuf>,
    /// Takes the place of the module, to try the harness without it.
    pub stand_in: Option<Value>,
    /// Seconds that a replaced listener may drain; Envoy's own default is 600.
    pub drain_seconds: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            concurrency: 1,
            plugin: Plugin::None,
            monitor: None,
            clusters: Vec::new(),
            upstream: None,
            environment: BTreeMap::new(),
            host_environment: BTreeMap::new(),
            wasm_log_level: "info",
            use_remote_address: false,
            per_connection_buffer_limit: None,
            stream_window: None,
            file_lds: false,
            filters_before: Vec::new(),
            module: None,
            stand_in: None,
            drain_seconds: 1,
        }
    }
}

/// The module's configuration as `PluginConfig.configuration` carries it.
#[derive(Clone, Debug)]
pub enum Plugin {
    /// No configuration at all.
    None,
    /// As `google.protobuf.Struct`, the form that people write in YAML.
    Struct(Value),
    /// As `google.protobuf.StringValue`.
    Text(String),
    /// Any other message, with its `@type`.
    Any(Value),
}

impl Plugin {
    fn any(&self) -> Option<Value> {
        let url = |name: &str| format!("type.googleapis.com/google.protobuf.{name}");
        match self {
            Self::None => None,
            Self::Struct(value) => Some(json!({"@type": url("Struct"), "value": value})),
            Self::Text(text) => Some(json!({"@type": url("StringValue"), "value": text})),
            Self::Any(value) => Some(value.clone()),
        }
    }
}

/// Where the files and ports of one Envoy are.
pub(super) struct Site<'s> {
    pub(super) listener: SocketAddr,
    pub(super) admin: SocketAddr,
    pub(super) monitor: SocketAddr,
    pub(super) folder: &'s Path,
    pub(super) module: Option<&'s Path>,
}

impl Config {
    pub(super) fn bootstrap(&self, site: &Site<'_>) -> Value {
        let mut clusters: Vec<Value> = self.clusters.iter().map(Cluster::json).collect();
        if let Some(upstream) = self.upstream {
            clusters.push(upstream_cluster(upstream));
        }
        // The first group is cut off the name, the second is the tag's value.
        let tags = [
            "webhook",
            "type",
            "outcome",
            "signal",
            "status_class",
            "reason",
            "version",
        ]
        .into_iter()
        .map(|tag| {
            let value = if tag == "version" { ".+" } else { r"\w+" };
            let regex = format!(r"^wasmcustom\.freshpaint_webhooks\..*?(\.{tag}\.({value}))");
            json!({"tag_name": tag, "regex": regex})
        });
        let mut bootstrap = json!({
            "node": {"id": "test", "cluster": "test"},
            "admin": {"address": address(site.admin)},
            "static_resources": {"clusters": clusters},
            "stats_config": {"stats_tags": tags.collect::<Vec<_>>()},
        });
        let mut listeners = Vec::new();
        if let (Some(monitor), Some(file)) = (&self.monitor, site.module) {
            listeners.push(self.monitor_listener(monitor, site.monitor, file));
        }
        if self.file_lds {
            bootstrap["dynamic_resources"] = json!({"lds_config": {
                "resource_api_version": "V3",
                "path_config_source": {
                    "path": site.folder.join("lds.json"),
                    "watched_directory": {"path": site.folder},
                },
            }});
        } else {
            listeners.push(self.listener(site));
        }
        bootstrap["static_resources"]["listeners"] = json!(listeners);
        bootstrap
    }

    /// The body of the LDS file.
    pub(super) fn listeners(&self, site: &Site<'_>) -> Value {
        let mut listener = self.listener(site);
        listener["@type"] = json!("type.googleapis.com/envoy.config.listener.v3.Listener");
        json!({"resources": [listener]})
    }

    fn listener(&self, site: &Site<'_>) -> Value {
        let mut filters = self.filters_before.clone();
        filters.extend(
            self.stand_in
                .clone()
                .or_else(|| site.module.map(|file| self.module(file))),
        );
        filters.push(filter("router", "router.v3.Router", json!({})));
        let rest = match self.upstream {
            Some(_) => {
                json!({"match": {"prefix": "/"}, "route": {"cluster": "upstream", "timeout": "30s"}})
            }
            None => json!({"match": {"prefix": "/"}, "direct_response": {"status": 404}}),
        };
        let ready = json!({"match": {"path": READY_PATH}, "direct_response": {"status": 200}});
        let mut listener = json!({
            "name": "collect",
            "address": address(site.listener),
            "filter_chains": [{"filters": [{
                "name": "envoy.filters.network.http_connection_manager",
                "typed_config": {
                    "@type": ext("filters.network.http_connection_manager.v3.HttpConnectionManager"),
                    "stat_prefix": "collect",
                    "codec_type": "AUTO",
                    "use_remote_address": self.use_remote_address,
                    "http_filters": filters,
                    "http_protocol_options": {"enable_trailers": true},
                    "route_config": {"name": "collect", "virtual_hosts": [{
                        "name": "collect", "domains": ["*"], "routes": [ready, rest],
                    }]},
                },
            }]}],
        });
        if let Some(limit) = self.per_connection_buffer_limit {
            listener["per_connection_buffer_limit_bytes"] = json!(limit);
        }
        if let Some(window) = self.stream_window {
            let manager = &mut listener["filter_chains"][0]["filters"][0]["typed_config"];
            manager["http2_protocol_options"] = json!({"initial_stream_window_size": window});
        }
        listener
    }

    fn monitor_listener(&self, monitor: &Value, to: SocketAddr, file: &Path) -> Value {
        let plugin = Plugin::Struct(json!({"monitor": monitor}));
        let filters = json!([
            self.wasm("freshpaint_monitor", &plugin, file),
            filter("router", "router.v3.Router", json!({})),
        ]);
        json!({
            "name": "monitor",
            "address": address(to),
            "filter_chains": [{"filters": [{
                "name": "envoy.filters.network.http_connection_manager",
                "typed_config": {
                    "@type": ext("filters.network.http_connection_manager.v3.HttpConnectionManager"),
                    "stat_prefix": "monitor",
                    "common_http_protocol_options": {"max_requests_per_connection": 1},
                    "http_filters": filters,
                    "route_config": {"name": "monitor", "virtual_hosts": [{
                        "name": "monitor",
                        "domains": ["*"],
                        "routes": [{"match": {"prefix": "/"}, "direct_response": {"status": 404}}],
                    }]},
                },
            }]}],
        })
    }

    fn module(&self, file: &Path) -> Value {
        self.wasm("freshpaint_webhooks", &self.plugin, file)
    }

    /// A filter of the module with this name. All of them share a VM for each worker.
    fn wasm(&self, name: &str, configuration: &Plugin, file: &Path) -> Value {
        let mut plugin = json!({
            "name": name,
            "failure_policy": "FAIL_RELOAD",
            // Else a paused request is forwarded before its body is seen (Envoy 1.35 and later have
            // the switch).
            "allow_on_headers_stop_iteration": true,
            "vm_config": {
                "vm_id": "freshpaint_webhooks",
                "runtime": "envoy.wasm.runtime.v8",
                "code": {"local": {"filename": file}},
            },
        });
        if !self.environment.is_empty() || !self.host_environment.is_empty() {
            let names: Vec<_> = self.host_environment.keys().collect();
            plugin["vm_config"]["environment_variables"] =
                json!({"host_env_keys": names, "key_values": self.environment});
        }
        if let Some(configuration) = configuration.any() {
            plugin["configuration"] = configuration;
        }
        filter("wasm", "wasm.v3.Wasm", json!({"config": plugin}))
    }
}
