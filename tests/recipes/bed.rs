//! The shipped Envoy with the pieces of a recipe in it.

use crate::piece;
use freshpaint_harness::envoy::{address, ext, Whole, READY_PATH};
use freshpaint_harness::shipped::{trust_store, Shipped};
use freshpaint_harness::{Envoy, Port, Receiver, Request, Response};
use serde_json::{json, Value};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;

/// The folder of a recipe's files, as the page calls it.
const FILES: &str = "/etc/freshpaint";

/// The module as the shipped files name it.
const MODULE: &str = "\"target/freshpaint_webhooks.wasm\"";

/// The base of every recipe: `envoy.yaml` with the webhook `crm` alone, and a folder of files.
pub(crate) struct Setup {
    pub(crate) shipped: Shipped,
    files: TempDir,
}

impl Setup {
    pub(crate) fn new(crm: &Receiver) -> Self {
        let mut shipped = Shipped::load().unwrap();
        shipped.trust(&trust_store().unwrap()).unwrap();
        shipped.lead("crm", crm.address()).unwrap();
        let webhooks = &mut shipped.configuration().unwrap()["webhooks"];
        webhooks.as_array_mut().unwrap().truncate(1);
        Self {
            shipped,
            files: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.files.path()
    }

    /// Puts a file into the folder, by a move.
    pub(crate) fn write(&self, name: &str, text: &str) {
        put(self.folder(), name, text);
    }

    /// An HTTP filter of the cluster `crm`, before the codec.
    pub(crate) fn filter_calls(&mut self, filter: Value) {
        let cluster = self.shipped.cluster("crm").unwrap();
        let options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
        let options = &mut cluster["typed_extension_protocol_options"][options];
        let filters = options["http_filters"].as_array_mut().unwrap();
        filters.insert(filters.len() - 1, filter);
    }

    /// An HTTP filter before the module's.
    pub(crate) fn filter_requests(&mut self, filter: Value) {
        self.shipped.filters("collect").unwrap().insert(0, filter);
    }

    /// The listener `collect`.
    pub(crate) fn listener(&mut self, change: impl FnOnce(&mut Value)) {
        let mut bootstrap = self.shipped.bootstrap().clone();
        let listeners = bootstrap["static_resources"]["listeners"]
            .as_array_mut()
            .unwrap();
        change(
            listeners
                .iter_mut()
                .find(|it| it["name"] == "collect")
                .unwrap(),
        );
        self.shipped = Shipped::of(bootstrap);
    }

    /// One more listener.
    pub(crate) fn add_listener(&mut self, listener: Value) {
        let mut bootstrap = self.shipped.bootstrap().clone();
        let listeners = bootstrap["static_resources"]["listeners"].as_array_mut();
        listeners.unwrap().push(listener);
        self.shipped = Shipped::of(bootstrap);
    }

    pub(crate) fn start(self) -> Bed {
        self.start_with("crm-key-of-the-test")
    }

    /// With this as `CRM_KEY`.
    pub(crate) fn start_with(self, key: &str) -> Bed {
        let collect = Port::reserve().unwrap();
        let Self { mut shipped, files } = self;
        let envoy = Envoy::start_whole(|place| {
            shipped.listen_on(collect.address())?;
            shipped.admin_on(place.admin);
            shipped.load_module(place.module)?;
            let text = shipped.bootstrap().to_string();
            let text = text.replace(FILES, files.path().to_str().unwrap());
            // The module of every other filter.
            let text = text.replace(MODULE, &json!(place.module).to_string());
            let mut bootstrap: Value = serde_json::from_str(&text)?;
            bootstrap["node"] = piece("Secrets by SDS", 0)["node"].clone();
            let listeners = &mut bootstrap["static_resources"]["listeners"];
            listeners
                .as_array_mut()
                .unwrap()
                .push(ready(place.listener));
            Ok(Whole {
                bootstrap,
                environment: [("CRM_KEY".to_owned(), key.to_owned())].into(),
                ..Whole::default()
            })
        });
        Bed {
            envoy: envoy.unwrap_or_else(|error| panic!("{error:#}")),
            collect,
            files,
        }
    }
}

/// Answers the harness, whatever the recipe makes of `collect`.
fn ready(at: SocketAddr) -> Value {
    json!({
        "name": "ready",
        "address": address(at),
        "filter_chains": [{"filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": {
                "@type": ext("filters.network.http_connection_manager.v3.HttpConnectionManager"),
                "stat_prefix": "ready",
                "http_filters": [freshpaint_harness::envoy::filter(
                    "router", "router.v3.Router", json!({}),
                )],
                "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
                    {"match": {"path": READY_PATH}, "direct_response": {"status": 200}},
                ]}]},
            },
        }]}],
    })
}

/// A running recipe.
pub(crate) struct Bed {
    pub(crate) envoy: Envoy,
    collect: Port,
    files: TempDir,
}

impl Bed {
    pub(crate) fn address(&self) -> SocketAddr {
        self.collect.address()
    }

    pub(crate) fn send(&self, request: &Request) -> Response {
        request
            .send(self.address())
            .unwrap_or_else(|error| panic!("{error:#}\n{}", self.envoy.log()))
    }

    /// The status of an event that nobody has sent before.
    pub(crate) fn track(&self) -> u16 {
        self.send(&track()).status
    }

    /// Replaces a file of the folder, by a move.
    pub(crate) fn write(&self, name: &str, text: &str) {
        put(self.files.path(), name, text);
    }
}

fn put(folder: &Path, name: &str, text: &str) {
    let text = text.replace(FILES, folder.to_str().unwrap());
    let written = folder.join(format!(".{name}"));
    fs::write(&written, text).unwrap();
    fs::rename(written, folder.join(name)).unwrap();
}

/// An event that nobody has sent before.
pub(crate) fn track() -> Request {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let id = format!("m-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let body = json!({"event": "Signed Up", "properties": {
        "distinct_id": "ada", "time": 1_672_262_210, "$insert_id": id, "filling": "x".repeat(500),
    }});
    Request::post("/track", body.to_string())
}
