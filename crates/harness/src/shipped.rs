//! The Envoy configurations that the project ships, `envoy/envoy.yaml` first of all, made to run on
//! this machine.
//!
//! Nothing of it is written twice: it is read as it stands, and only what differs here is changed.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{json, Value};
use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The shipped configuration, or what has been made of it.
#[derive(Clone, Debug)]
pub struct Shipped(Value);

impl Shipped {
    /// A bootstrap that was made from one of the files before.
    pub fn of(bootstrap: Value) -> Self {
        Self(bootstrap)
    }

    /// Reads `envoy/envoy.yaml`.
    pub fn load() -> Result<Self> {
        Self::read("envoy.yaml")
    }

    /// Reads `envoy/fleet.yaml`, whose module stands in front of collectors.
    pub fn fleet() -> Result<Self> {
        Self::read("fleet.yaml")
    }

    fn read(name: &str) -> Result<Self> {
        let documents = manifests(name)?;
        let [bootstrap] = <[Value; 1]>::try_from(documents)
            .ok()
            .with_context(|| format!("{name} is not one document"))?;
        Ok(Self(bootstrap))
    }

    /// The whole bootstrap; Envoy reads JSON as well as YAML.
    pub fn bootstrap(&self) -> &Value {
        &self.0
    }

    /// Moves the listener of the SDKs.
    pub fn listen_on(&mut self, address: SocketAddr) -> Result<()> {
        named(&mut self.0, "/static_resources/listeners", "collect")?["address"] = socket(address);
        Ok(())
    }

    /// Moves the admin interface.
    pub fn admin_on(&mut self, address: SocketAddr) {
        self.0["admin"]["address"] = socket(address);
    }

    /// Leads a cluster to one address, whatever its discovery was.
    pub fn lead(&mut self, cluster: &str, to: SocketAddr) -> Result<()> {
        let cluster = self.cluster(cluster)?;
        cluster["type"] = json!("STATIC");
        cluster["load_assignment"]["endpoints"] = endpoints(to);
        Ok(())
    }

    /// Adds a cluster of one address, over HTTP/1.1.
    pub fn add_cluster(&mut self, name: &str, to: SocketAddr) -> Result<()> {
        self.clusters()?.push(json!({
            "name": name,
            "load_assignment": {"cluster_name": name, "endpoints": endpoints(to)},
        }));
        Ok(())
    }

    /// Sends what is not a collection request to an application, as the file's comments say.
    pub fn add_application(&mut self, to: SocketAddr) -> Result<()> {
        self.add_cluster("app", to)?;
        let routes = self.routes("collect")?;
        *routes = vec![json!({"match": {"prefix": "/"}, "route": {"cluster": "app"}})];
        Ok(())
    }

    /// Adds the listener of `envoy/monitor.yaml`, which shows the deliveries. The module is to be
    /// loaded before.
    pub fn add_monitor(&mut self, address: SocketAddr) -> Result<()> {
        let vm = self.plugin()?["vm_config"].clone();
        let document = manifests("monitor.yaml")?.pop();
        let mut listeners = document.context("monitor.yaml is empty")?;
        let monitor = listeners.get_mut(0).context("monitor.yaml: no listener")?;
        monitor["address"] = socket(address);
        let filters = "/filter_chains/0/filters/0/typed_config/http_filters";
        let filter = named(monitor, filters, "envoy.filters.http.wasm")?;
        filter["typed_config"]["config"]["vm_config"] = vm;
        let all = self.0.pointer_mut("/static_resources/listeners");
        let all = all.and_then(Value::as_array_mut);
        all.context("envoy.yaml: no listeners")?
            .push(monitor.take());
        Ok(())
    }

    /// Takes the module from this file.
    pub fn load_module(&mut self, file: &Path) -> Result<()> {
        self.plugin()?["vm_config"]["code"]["local"]["filename"] = json!(file);
        Ok(())
    }

    /// The module's own configuration: the tree of `docs/configuration.md`.
    pub fn configuration(&mut self) -> Result<&mut Value> {
        Ok(&mut self.plugin()?["configuration"]["value"])
    }

    /// Verifies certificates on the egress against the authorities in this file of PEMs.
    pub fn trust(&mut self, authorities: &Path) -> Result<()> {
        let tls = &mut self.cluster("egress_tls")?["transport_socket"]["typed_config"];
        tls["common_tls_context"]["validation_context"]["trusted_ca"] =
            json!({"filename": authorities});
        Ok(())
    }

    /// Lets the egress reach private addresses: the switch for local trials that the file
    /// describes.
    pub fn allow_private(&mut self) -> Result<()> {
        for cluster in ["egress_plain", "egress_tls"] {
            remove_filter(&mut self.cluster(cluster)?["cluster_type"]["typed_config"]);
        }
        remove_filter(&mut self.filters("egress")?[0]["typed_config"]);
        Ok(())
    }

    /// The routes of a listener, first match first.
    pub fn routes(&mut self, listener: &str) -> Result<&mut Vec<Value>> {
        let manager = self.manager(listener)?;
        let routes = manager.pointer_mut("/route_config/virtual_hosts/0/routes");
        routes
            .and_then(Value::as_array_mut)
            .context("envoy.yaml: no routes")
    }

    /// The HTTP filters of a listener.
    pub fn filters(&mut self, listener: &str) -> Result<&mut Vec<Value>> {
        let filters = &mut self.manager(listener)?["http_filters"];
        filters.as_array_mut().context("envoy.yaml: no filters")
    }

    /// Every cluster.
    pub fn clusters(&mut self) -> Result<&mut Vec<Value>> {
        let clusters = self.0.pointer_mut("/static_resources/clusters");
        clusters
            .and_then(Value::as_array_mut)
            .context("envoy.yaml: no clusters")
    }

    /// The HTTP connection manager of a listener.
    pub fn manager(&mut self, listener: &str) -> Result<&mut Value> {
        let found = named(&mut self.0, "/static_resources/listeners", listener)?;
        let manager = found.pointer_mut("/filter_chains/0/filters/0/typed_config");
        manager.with_context(|| format!("envoy.yaml: no connection manager in {listener}"))
    }

    /// A cluster by its name.
    pub fn cluster(&mut self, name: &str) -> Result<&mut Value> {
        named(&mut self.0, "/static_resources/clusters", name)
    }

    /// The `PluginConfig` of the module.
    pub fn plugin(&mut self) -> Result<&mut Value> {
        let manager = self.manager("collect")?;
        let filter = named(manager, "/http_filters", "envoy.filters.http.wasm")?;
        Ok(&mut filter["typed_config"]["config"])
    }
}

/// The documents of a YAML file under `envoy/`.
pub fn manifests(name: &str) -> Result<Vec<Value>> {
    documents(&repository().join("envoy").join(name))
}

/// The documents of a YAML file.
pub fn documents(file: &Path) -> Result<Vec<Value>> {
    let read = || -> Result<Vec<Value>> {
        let text = fs::read_to_string(file)?;
        let documents = serde_norway::Deserializer::from_str(&text);
        Ok(documents
            .map(Value::deserialize)
            .collect::<Result<_, _>>()?)
    };
    read().with_context(|| file.display().to_string())
}

/// A piece of YAML.
pub fn yaml(text: &str) -> Result<Value> {
    Ok(serde_norway::from_str(text)?)
}

/// The root of the repository: the host programs run from its tree.
pub fn repository() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

/// The certificates that this system trusts: `SSL_CERT_FILE`, else where systems keep them.
pub fn trust_store() -> Result<PathBuf> {
    let usual = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/cert.pem",
    ];
    let named = env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    named
        .into_iter()
        .chain(usual.map(PathBuf::from))
        .find(|file| file.is_file())
        .context("this system has no list of trusted certificates where one is expected; install ca-certificates, or name a PEM file in SSL_CERT_FILE")
}

fn named<'v>(tree: &'v mut Value, list: &str, name: &str) -> Result<&'v mut Value> {
    let items = tree.pointer_mut(list).and_then(Value::as_array_mut);
    let mut items = items.into_iter().flatten();
    items
        .find(|item| item["name"] == name)
        .with_context(|| format!("envoy.yaml: no {name} in {list}"))
}

fn remove_filter(config: &mut Value) {
    if let Some(cache) = config["dns_cache_config"].as_object_mut() {
        cache.remove("resolved_address_filter");
    }
}

fn endpoints(to: SocketAddr) -> Value {
    json!([{"lb_endpoints": [{"endpoint": {"address": socket(to)}}]}])
}

fn socket(address: SocketAddr) -> Value {
    json!({"socket_address": {"address": address.ip(), "port_value": address.port()}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_what_it_is_told_to_and_nothing_else() {
        let mut shipped = Shipped::load().unwrap();
        let before = shipped.clone();
        let address = SocketAddr::from(([127, 0, 0, 1], 4711));

        shipped.listen_on(address).unwrap();
        shipped.admin_on(address);
        shipped.lead("crm", address).unwrap();
        shipped.load_module(Path::new("/m.wasm")).unwrap();
        shipped.trust(Path::new("/ca.pem")).unwrap();

        let mut changed = Vec::new();
        difference(&before.0, &shipped.0, String::new(), &mut changed);
        assert_eq!(
            changed,
            [
                "/admin/address/socket_address/port_value",
                "/static_resources/clusters/0/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address/address",
                "/static_resources/clusters/0/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address/port_value",
                "/static_resources/clusters/0/type",
                "/static_resources/clusters/4/transport_socket/typed_config/common_tls_context/validation_context/trusted_ca/filename",
                "/static_resources/listeners/0/address/socket_address/address",
                "/static_resources/listeners/0/address/socket_address/port_value",
                "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters/0/typed_config/config/vm_config/code/local/filename",
            ]
        );
    }

    #[test]
    fn allows_private_addresses_in_all_three_copies_of_the_dns_cache() {
        let mut shipped = Shipped::load().unwrap();
        let count = |shipped: &Shipped| {
            shipped
                .0
                .to_string()
                .matches("resolved_address_filter")
                .count()
        };
        assert_eq!(count(&shipped), 3);
        shipped.allow_private().unwrap();
        assert_eq!(count(&shipped), 0);
    }

    /// The JSON pointers at which two trees differ, in the order of their keys.
    fn difference(a: &Value, b: &Value, at: String, out: &mut Vec<String>) {
        match (a, b) {
            (Value::Object(x), Value::Object(y)) if x.keys().eq(y.keys()) => {
                for (key, value) in x {
                    difference(value, &y[key], format!("{at}/{key}"), out);
                }
            }
            (Value::Array(x), Value::Array(y)) if x.len() == y.len() => {
                for (i, (value, other)) in x.iter().zip(y).enumerate() {
                    difference(value, other, format!("{at}/{i}"), out);
                }
            }
            _ if a == b => {}
            _ => out.push(at),
        }
    }
}
