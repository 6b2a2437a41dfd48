//! The configuration of each contender's Envoy.

use crate::body::event_bytes;
use crate::bootstrap::{cluster, lua, no_breakers, protocol, wasm, Bootstrap};
use crate::kind::{Kind, Site};
use anyhow::{Context, Result};
use freshpaint_harness::shipped::Shipped;
use serde_json::{json, Value};
use std::net::SocketAddr;
use std::path::Path;

const LUA: &str = include_str!("../../contenders/lua/webhooks.lua");

/// The Envoy configuration of a contender, for `envoy --mode validate` too.
pub(crate) fn bootstrap(kind: Kind, site: &Site<'_>, ports: [SocketAddr; 3]) -> Result<Bootstrap> {
    let [listener, admin, service] = ports;
    let names: Vec<_> = (0..site.webhooks.len()).map(|i| format!("w{i}")).collect();
    let mut clusters: Vec<_> = names
        .iter()
        .zip(site.webhooks)
        .map(|(name, to)| cluster(name, *to, site.shape.http2))
        .collect();
    let mut route = json!({"cluster": "w0", "timeout": "30s"});
    let filter = match kind {
        Kind::Floor1 => {
            let copies = site.shape.events * names.len();
            let mirrors = names.iter().cycle().take(copies).skip(1);
            route["request_mirror_policies"] =
                mirrors.map(|name| json!({"cluster": name})).collect();
            None
        }
        Kind::Floor2 => {
            let configuration = json!(format!("{} {}", event_bytes(site.shape), names.join(" ")));
            Some(wasm(&site.settings.floor_2, "StringValue", &configuration))
        }
        Kind::Module
        | Kind::ModuleBatch
        | Kind::ModuleEgress
        | Kind::ModuleTwice
        | Kind::ModuleWatched => {
            let configuration = configuration(kind, site, &names);
            Some(wasm(&site.settings.module, "Struct", &configuration))
        }
        Kind::OtherModule => {
            let file = site.settings.other_module.as_ref();
            let file = file.unwrap_or(&site.settings.module);
            let mut configuration = configuration(kind, site, &names);
            lay_over(&mut configuration, &site.settings.other_configuration);
            Some(wasm(file, "Struct", &configuration))
        }
        Kind::Lua => Some(lua(&format!(
            "WEBHOOKS = {{\"{}\"}}\n{LUA}",
            names.join("\", \"")
        ))),
        Kind::Service | Kind::ServiceBatch | Kind::ServiceAlone => {
            clusters.push(cluster("service", service, false));
            route["cluster"] = json!("service");
            None
        }
    };
    let egress = (kind == Kind::ModuleEgress).then(|| egress(site.shape.http2));
    Ok(Bootstrap {
        listener,
        admin,
        filter,
        route,
        clusters,
        egress: egress.transpose()?,
        monitor: (kind == Kind::ModuleWatched).then(|| (service, monitor(&site.settings.module))),
    })
}

/// The filter that shows the contender's deliveries, in the same VMs.
fn monitor(module: &Path) -> Value {
    let configuration = json!({"monitor": {"of": "contender", "hosts": ["collect.test"]}});
    let mut filter = wasm(module, "Struct", &configuration);
    filter["typed_config"]["config"]["name"] = json!("monitor");
    filter
}

/// The egress of the shipped file, for plaintext and loopback: its listener and its clusters.
fn egress(http2: bool) -> Result<(Value, Vec<Value>)> {
    let mut shipped = Shipped::load()?;
    shipped.allow_private()?;
    let plain =
        json!({"match": {"prefix": "/"}, "route": {"cluster": "egress_plain", "timeout": "0s"}});
    *shipped.routes("egress")? = vec![plain];
    let options =
        "/typed_extension_protocol_options/envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    let plain = shipped.cluster("egress_plain")?;
    let plain = plain
        .pointer_mut(options)
        .context("egress_plain: no protocol")?;
    plain["explicit_http_config"] = protocol(http2);
    let clusters = ["webhooks_egress", "egress_plain"].map(|name| {
        let mut cluster = shipped.cluster(name)?.clone();
        cluster["circuit_breakers"] = no_breakers();
        anyhow::Ok(cluster)
    });
    let clusters = clusters.into_iter().collect::<Result<_>>()?;
    let listeners = shipped.bootstrap()["static_resources"]["listeners"].as_array();
    let mut listeners = listeners.into_iter().flatten();
    let listener = listeners.find(|listener| listener["name"] == "egress");
    Ok((listener.context("no listener egress")?.clone(), clusters))
}

/// The module's: every guarantee is on by default.
fn configuration(kind: Kind, site: &Site<'_>, names: &[String]) -> Value {
    let webhooks = names.iter().zip(site.webhooks).map(|(name, to)| {
        let mut webhook = match kind {
            Kind::ModuleEgress => json!({"name": name, "url": format!("http://{to}/in")}),
            _ => json!({"name": name, "url": "http://webhook.example.com/in", "cluster": name}),
        };
        if kind.batches() {
            webhook["batch"] = json!({"format": "json_array"});
        }
        webhook
    });
    let mut configuration = json!({"webhooks": webhooks.collect::<Vec<_>>()});
    lay_over(&mut configuration, &site.extra);
    configuration
}

/// The members of `extra` take the place of those that there are.
fn lay_over(configuration: &mut Value, extra: &Value) {
    for (key, value) in extra.as_object().into_iter().flatten() {
        configuration[key] = value.clone();
    }
}
